"""What the sandbox was taught of an API server is what this one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.kubernetes.security import ENFORCE
from tests.cluster.api import Api
from tests.kubernetes.cases import OBJECTS, SECURITY, Object, changed, of_kind

# Where the words were recorded. Other versions say the same in slightly other words, and have other rules.
RECORDED = "1.36."
LEVELS = ("baseline", "restricted")


@pytest.fixture(autouse=True)
def _same_version(api: Api) -> None:
    if not api.version().startswith(RECORDED):
        pytest.skip(f"the words were recorded from {RECORDED}x, and this is {api.version()}")


@pytest.fixture
def space(create: Callable[[Object], list[str]], prefix: str) -> Callable[[str], str]:
    """Makes a namespace of a level."""

    def make(level: str) -> str:
        name = f"{prefix}-{level}"
        metadata = {"name": name, "labels": {ENFORCE: level}}
        assert create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}) == []
        return name

    return make


def _in(space: str, thing: Object) -> Object:
    return changed(thing, {"metadata.namespace": space})


def test_what_the_sandbox_refuses_is_refused_in_the_same_words(api: Api, space: Callable[[str], str]) -> None:
    name = space("privileged")
    differ: list[tuple[dict[str, Any], str]] = []
    for case in OBJECTS["refused"]:
        said = api.would_create(_in(name, of_kind(case))).refused
        if case["says"] not in said:
            differ.append((case, said))
    assert differ == []


def test_what_the_sandbox_takes_is_taken(api: Api, space: Callable[[str], str]) -> None:
    name = space("privileged")
    for case in [*OBJECTS["accepted"], *({"object": kind, "change": {}} for kind in OBJECTS["objects"])]:
        assert api.would_create(_in(name, of_kind(case))).refused == "", case


@pytest.mark.parametrize("level", LEVELS)
def test_admission_says_the_same(api: Api, space: Callable[[str], str], level: str) -> None:
    name = space(level)
    differ: list[tuple[dict[str, Any], str]] = []
    for case in SECURITY["changes"]:
        said = api.would_create(_in(name, changed(SECURITY["pod"], case["change"]))).refused
        # A bare server may refuse privileged pods altogether; that is a rule of the cluster's, not of the level's.
        if "disallowed by cluster policy" not in said and said.partition("is forbidden: ")[2] != (case[level] or ""):
            differ.append((case, said))
    assert differ == []
