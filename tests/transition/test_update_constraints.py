"""Each kind of update constraint, on pairs written by hand: which resources break it, and which do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ops.transition.update_constraints import (
    Break,
    Pair,
    changed_with,
    encryption,
    lowered,
    major,
    skipped,
    swapped,
    version,
    within,
)

Inputs = Mapping[str, Any] | None
SWAPPED = swapped("t", "one", "other")
CHANGED = changed_with("t", "size", "around")
SKIPPED = skipped("t", lambda inputs: inputs.get("rank"))
LOWERED = lowered(("t", "u"), version)
WITHIN = within("t", major, "around")


def _pair(before: Inputs, after: Inputs, type_: str = "t") -> Pair:
    return Pair(urn=type_, type=type_, before=before, after=after)


def _around(before: Inputs, after: Inputs) -> Pair:
    return _pair(before, after, "around")


def _at(value: str) -> Inputs:
    return {"engineVersion": value}


@pytest.mark.parametrize(
    ("broken", "pairs", "urns"),
    [
        (SWAPPED, [_pair({"one": 1}, {"other": 1})], ["t"]),
        (SWAPPED, [_pair({"other": 1}, {"one": 1})], ["t"]),
        (SWAPPED, [_pair({"one": 1}, {})], []),
        (SWAPPED, [_pair({}, {"other": 1})], []),
        (SWAPPED, [_pair({"one": 1}, {"one": 2})], []),
        (SWAPPED, [_pair(None, {"one": 1, "other": 1})], []),
        (SWAPPED, [_pair({"one": 1, "other": 1}, None)], []),
        (SWAPPED, [_pair({"one": 1}, {"other": 1}, "v")], []),
        (CHANGED, [_pair({"size": 1}, {"size": 2}), _around(None, {})], ["t"]),
        (CHANGED, [_pair({"size": 1}, {"size": 2}), _around({}, None)], ["t"]),
        (CHANGED, [_pair({"size": 1}, {"size": 2}), _around({}, {})], []),
        (CHANGED, [_pair({"size": 1}, {"size": 2})], []),
        (CHANGED, [_pair({"size": 1}, {"size": 2}), _pair(None, {}, "v")], []),
        (CHANGED, [_pair({"size": 1}, {"size": 1}), _around(None, {})], []),
        (CHANGED, [_pair({"size": 1}, None), _around({}, None)], []),
        (CHANGED, [_pair({"size": 1}, {"size": 2}, "v"), _around(None, {})], []),
        (SKIPPED, [_pair({"rank": 0}, {"rank": 2})], ["t"]),
        (SKIPPED, [_pair({"rank": 2}, {"rank": 0})], ["t"]),
        (SKIPPED, [_pair({"rank": 0}, {"rank": 1})], []),
        (SKIPPED, [_pair({"rank": 1}, {"rank": 0})], []),
        (SKIPPED, [_pair({}, {"rank": 2})], []),
        (SKIPPED, [_pair({"rank": 2}, {})], []),
        (SKIPPED, [_pair(None, {"rank": 2}), _pair({"rank": 2}, None)], []),
        (SKIPPED, [_pair({"rank": 0}, {"rank": 2}, "v"), _pair({"rank": 0}, {"rank": 2})], ["t"]),
        (LOWERED, [_pair(_at("16.10"), _at("16.9"))], ["t"]),
        (LOWERED, [_pair(_at("16.9"), _at("16.10"))], []),
        (LOWERED, [_pair(_at("16.9"), _at("16.9"))], []),
        (LOWERED, [_pair(_at("17"), _at("16.9"), "u")], ["u"]),
        (LOWERED, [_pair(_at("16.9"), _at("latest")), _pair({}, _at("16.9"))], []),
        (LOWERED, [_pair(_at("17"), None), _pair(None, _at("16"))], []),
        (LOWERED, [_pair(_at("17"), _at("16"), "v"), _pair(_at("17"), _at("16"))], ["t"]),
        (WITHIN, [_pair(_at("16.9"), _at("17.1")), _around({}, {})], ["t"]),
        (WITHIN, [_pair(_at("16.9"), _at("17.1")), _around(None, {})], ["t"]),
        (WITHIN, [_pair(_at("16.9"), _at("17.1"))], []),
        (WITHIN, [_pair(_at("16.9"), _at("16.10")), _around({}, {})], []),
        (WITHIN, [_pair(_at("16.9"), {}), _around({}, {})], []),
        (WITHIN, [_pair(None, _at("17.1")), _around({}, {})], []),
        (WITHIN, [_pair(_at("16.9"), _at("17.1"), "v"), _around({}, {})], []),
    ],
)
def test_a_constraint_names_what_breaks_it_and_nothing_else(broken: Break, pairs: list[Pair], urns: list[str]) -> None:
    assert list(broken(pairs)) == urns


def test_a_cache_takes_tls_in_three_steps() -> None:
    assert [
        encryption({}),
        encryption({"transitEncryptionEnabled": False, "transitEncryptionMode": "preferred"}),
        encryption({"transitEncryptionEnabled": True, "transitEncryptionMode": "preferred"}),
        encryption({"transitEncryptionEnabled": True, "transitEncryptionMode": "required"}),
        encryption({"transitEncryptionEnabled": True}),
    ] == [0, 0, 1, 2, 2]


@pytest.mark.parametrize(
    ("given", "whole", "first"),
    [("16.10", (16, 10), 16), ("17", (17,), 17), ("8.0.mysql_aurora.3.08.0", None, 8), ("", None, None)],
)
def test_a_version_is_read_as_numbers(given: str, whole: tuple[int, ...] | None, first: int | None) -> None:
    assert (version(_at(given) or {}), major(_at(given) or {})) == (whole, first)
