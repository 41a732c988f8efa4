"""The stand-in answers as the real Kubernetes provider did when it was asked: see record.py."""

from __future__ import annotations

import json

import pytest

from catalog import config as configuration
from tests.kubernetes.configurations import CHANGES
from tests.kubernetes.record import ANSWERS

RECORDED = json.loads(ANSWERS.read_text(encoding="utf-8"))["configurations"]


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
