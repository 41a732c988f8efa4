"""The stand-in answers as the real Kubernetes provider did when it was asked: see record.py."""

from __future__ import annotations

import json

import pytest

from catalog import config as configuration
from catalog.diff import compare
from catalog.paths import written
from catalog.schema import resource_schema
from tests.kubernetes.configurations import CHANGES
from tests.kubernetes.object_changes import CASES
from tests.kubernetes.record import ANSWERS

ANSWERED = json.loads(ANSWERS.read_text(encoding="utf-8"))
RECORDED = ANSWERED["configurations"]


def test_every_change_was_asked() -> None:
    assert RECORDED.keys() == CHANGES.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_configuration_is_judged_as_the_real_provider_does(name: str) -> None:
    before, after = (configuration.parsed("kubernetes", one) for one in CHANGES[name])
    said = {
        "differs": sorted(configuration.changed(before, after)),
        "replaces": sorted(configuration.replacing("kubernetes", before, after)),
    }
    assert said == RECORDED[name]


@pytest.mark.parametrize("name", CASES)
def test_a_changed_object_is_judged_as_the_real_provider_does(name: str) -> None:
    case, recorded = CASES[name], ANSWERED["changes"][name]
    schema = resource_schema(case.token)
    assert schema is not None
    outcome = compare(schema, case.base, case.after, [], configuration.parsed("kubernetes", case.configured))
    kinds = {
        written("kubernetes", change.path): change.kind + ("_replace" if change.replaces else "")
        for change in outcome.changes
    }
    assert kinds == recorded["differs"]
    assert outcome.delete_first == recorded["deletes_first"]
