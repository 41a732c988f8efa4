"""Every stage's objects, applied over those of the stage before, and every chart's: dry first, then for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from charts.values import MODELS
from infra.stages import STAGES
from tests.charts.helm import Helm, values_of
from tests.cluster.api import Api
from tests.cluster.objects import named_apart
from tests.kubernetes.cases import Object
from tests.kubernetes.rendered import RUNTIMES, placed, pods, rendered

COLORS = {name: {"image": "registry.example.com/app:1.0.0", "weight": 50} for name in ("blue", "green")}
Create = Callable[[Object], list[str]]


def _known(api: Api, things: list[Object], left_out: set[str]) -> list[Object]:
    """Those of kinds that the cluster has."""
    left_out |= {f"{one['kind']} ({one['apiVersion']})" for one in things if api.kind(one) is None}
    return [one for one in things if api.kind(one) is not None]


def _told(thing: Object, problems: list[str]) -> list[str]:
    return [f"{thing['kind']} {thing['metadata']['name']}: {problem}" for problem in problems]


def _tried(api: Api, create: Create, things: list[Object]) -> list[str]:
    """What the server objects to in `things`, first without a change and then for real."""
    problems: list[str] = []
    for one in things:
        # Nothing can be tried in a namespace that is not there.
        problems += _told(one, create(one) if one["kind"] == "Namespace" else api.apply(one, dry=True).problems)
    for one in things if not problems else []:
        problems += _told(one, create(one))
        for pod in pods(one):
            problems += _told(pod, api.would_create(pod).problems)
    return problems


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_stage_is_taken_over_the_one_before(
    api: Api, helm: Helm, create: Create, prefix: str, left_out: set[str], tmp_path: Path, runtime: str
) -> None:
    for stage in STAGES:
        objects = rendered(helm, tmp_path, stage=stage, runtime=runtime, rollout=COLORS)
        things = _known(api, named_apart(objects, prefix), left_out)
        assert any(one["kind"] == "Deployment" for one in things)
        print(f"{runtime}, stage {stage}: {len(things)} objects", flush=True)  # noqa: T201
        assert _tried(api, create, things) == []


@pytest.mark.parametrize("case", ["default", "prod"])
@pytest.mark.parametrize("chart", MODELS)
def test_every_chart_is_taken_in_a_restricted_namespace(
    api: Api, helm: Helm, create: Create, prefix: str, left_out: set[str], tmp_path: Path, chart: str, case: str
) -> None:
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "charts",
            "labels": {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")},
        },
    }
    objects = helm.render(chart, values_of(chart, case), tmp_path)
    apart = named_apart([space, *(placed(one, "charts") for one in objects)], prefix)
    assert _tried(api, create, _known(api, apart, left_out)) == []
