"""Which outputs are forgotten: what nothing in the state belongs to any more, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ops.engine.leftovers import LEFTOVERS, Leftover, forget


def state(left: Leftover, *, around: bool, output: str | None) -> dict[str, Any]:
    outputs = {"id": "a", **({left.output: output} if output is not None else {})}
    resources: list[dict[str, Any]] = [{"urn": "urn:a", "type": left.type, "outputs": outputs}]
    if around:
        resources.append({"urn": "urn:b", "type": left.around, "outputs": {}})
    return {"version": 3, "deployment": {"resources": resources}}


@pytest.mark.parametrize("left", LEFTOVERS, ids=lambda one: one.output)
def test_only_what_belongs_to_nothing_is_forgotten(left: Leftover) -> None:
    stale = state(left, around=False, output="gone")
    assert forget(stale) == ["urn:a"]
    assert stale == state(left, around=False, output=None)
    for kept in (
        state(left, around=True, output="there"),
        state(left, around=False, output=""),
        state(left, around=False, output=None),
        {"version": 3, "deployment": {}},
    ):
        before = copy.deepcopy(kept)
        assert (forget(kept), kept) == ([], before)
