"""A rollout on a real API server: a second color comes, the cleaning takes the first one's pods, and what leads to
either stays the very same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster.definitions import BINDING
from tests.charts.helm import Helm
from tests.cluster.api import Api, until
from tests.cluster.objects import named_apart
from tests.kubernetes.cases import Object
from tests.kubernetes.rendered import rendered
from tests.unit.runtime import built, of_type

OLD, NEW = (f"registry.example.com/app:{tag}" for tag in ("1.0.0", "2.0.0"))
PROGRESS = {"strategy": "blue-green", "to": "green", "before": OLD, "bake": 0}
STEPS: tuple[dict[str, Any], ...] = (
    {"blue": {"image": OLD, "weight": 100}},
    {
        "blue": {"image": OLD, "weight": 100},
        "green": {"image": NEW, "weight": 0},
        "progress": {**PROGRESS, "phase": "forward"},
    },
    {
        "blue": {"image": OLD, "weight": 50},
        "green": {"image": NEW, "weight": 50},
        "progress": {**PROGRESS, "phase": "forward"},
    },
    {
        "blue": {"weight": 0},
        "green": {"image": NEW, "weight": 100},
        "progress": {**PROGRESS, "phase": "cleaning"},
    },
)
MINIMUM, SOON = 3, 60.0  # pods, and the seconds until an autoscaler has seen a Deployment
PODS = ("Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget")
BOUND = {"apiVersion": "eks.amazonaws.com/v1", "kind": "TargetGroupBinding"}
WAYS = ("Service", BOUND["kind"])
COLORS = ("blue", "green")
KNOWN = 30.0  # seconds until the server takes objects of a new definition


@pytest.fixture
def bindings(api: Api) -> Iterator[None]:
    """TargetGroupBindings, where the server has none and is nobody's: a definition has no name that could be ours."""
    if api.kind(BOUND) is not None or api.controlled:
        yield
        return
    api.apply(BINDING, dry=False)
    assert until(lambda: api.looked_up(BOUND) is not None, KNOWN)
    yield
    api.delete(BINDING)
    assert api.left([BINDING]) == []
    api.forget(BOUND)


def _identity(thing: Object) -> tuple[str, str, str]:
    return thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _color(thing: Object) -> str:
    """The color that an object is of, by its name; none of most."""
    name = str(thing["metadata"]["name"])
    return next((color for color in COLORS if name == color or name.endswith(f"-{color}-pods")), "")


def _groups(step: dict[str, Any]) -> set[str]:
    """Target groups of a step, which the bindings lead to."""
    everything = built(live=True, stage=2, runtime="kubernetes", rollout=step)
    return set(of_type(everything, "aws:lb/targetGroup:TargetGroup"))


@pytest.mark.usefixtures("bindings")
def test_service_and_binding_stay_while_pods_come_and_go(
    api: Api, helm: Helm, create: Callable[[Object], list[str]], prefix: str, left_out: set[str], tmp_path: Path
) -> None:
    there: dict[tuple[str, str, str], Object] = {}
    first: dict[tuple[str, str, str], str] = {}
    for step in STEPS:
        objects = named_apart(rendered(helm, tmp_path, stage=2, runtime="kubernetes", rollout=step), prefix)
        left_out |= {f"{one['kind']} ({one['apiVersion']})" for one in objects if api.kind(one) is None}
        now = {_identity(one): one for one in objects if api.kind(one) is not None}
        # As an update does: what comes or changes first, and at its end what goes.
        assert [problem for one in now.values() for problem in create(one)] == []
        for one in [thing for key, thing in there.items() if key not in now]:
            assert _color(one)
            assert one["kind"] in PODS
            api.delete(one)
            assert api.left([one]) == []
        there = now

        running = {color for color in COLORS if step.get(color, {}).get("image")}
        for kind in PODS:
            assert {_color(one) for one in there.values() if one["kind"] == kind and _color(one)} == running
        ways = {key: one for key, one in there.items() if one["kind"] in WAYS and _color(one)}
        for kind in {one["kind"] for one in ways.values()}:
            assert {_color(one) for one in ways.values() if one["kind"] == kind} == set(COLORS)
        # Not another one of the same name.
        found = {key: api.read(one) for key, one in ways.items()}
        ids = {key: one["metadata"]["uid"] for key, one in found.items() if one}
        assert ids.keys() == ways.keys()
        first = first or ids
        assert ids == first
    assert {kind for kind, _, _ in first} == {"Service", *([BOUND["kind"]] if api.kind(BOUND) else [])}
    assert len({frozenset(_groups(step)) for step in STEPS}) == 1


def test_a_color_begins_with_as_many_pods_as_its_autoscaler_wants(
    api: Api, helm: Helm, create: Callable[[Object], list[str]], prefix: str, tmp_path: Path
) -> None:
    """Before its first pod counts as available, which is what an update waits for."""
    if not api.controlled:
        pytest.skip("a bare API server has no autoscaler")
    objects = named_apart(rendered(helm, tmp_path, stage=2, runtime="kubernetes", rollout=STEPS[0]), prefix)
    wanted = [one for one in objects if one["kind"] == "Namespace" or (one["kind"] in PODS and _color(one))]
    (deployment,) = [one for one in wanted if one["kind"] == "Deployment"]
    assert deployment["spec"]["minReadySeconds"] >= SOON
    assert [problem for one in wanted for problem in create(one)] == []

    def replicas() -> int:
        found = api.read(deployment)
        return int(found["spec"]["replicas"]) if found else 0

    assert until(lambda: replicas() == MINIMUM, SOON)
    # And another update leaves it at that.
    assert create(deployment) == []
    assert replicas() == MINIMUM
