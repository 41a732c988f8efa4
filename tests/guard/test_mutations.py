"""Mutations of the program and its config: each bad one is stopped by the right finding, each harmless one passes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from infra.config.problems import SettingsError
from ops.engine.recorder import Recorded
from ops.guard.judge import GuardVerdict
from ops.guard.rules import NAMES
from tests.guard.mutations import BAD, HARMLESS, Mutation
from tests.guard.previews import BASE, Render, judged, preview, render
from tests.renders import kept
from tests.unit.configs import settings


def _render(config: Mapping[str, Any]) -> Render:
    chosen = {key: value for key, value in {**BASE, **config}.items() if value is not None}
    key = json.dumps(chosen, sort_keys=True)
    return kept(f"guard {key}", lambda: render(**config))


def _mutant(one: Mutation) -> Render:
    """The stack by the program with all patches of the group."""

    def made() -> Render:
        with pytest.MonkeyPatch.context() as patch:
            for other in (*BAD, *HARMLESS):
                if other.group == one.group and other.patch is not None:
                    other.patch(patch)
            return render(**one.base)

    return kept(f"guard mutant {one.group}", made) if one.group else _render({**one.base, **one.config})


def _changed(one: Mutation, before: Render) -> Render:
    """The stack with this change alone."""
    if one.record is not None:
        made = {urn: one.record(each) for urn, each in before.items() if each.type in one.types or not one.types}
        return {urn: each for urn, each in {**before, **made}.items() if each is not None}
    after = _mutant(one)
    if not one.types:
        return after
    stay = {urn: each for urn, each in before.items() if each.type not in one.types}
    touched = {urn: each for urn, each in after.items() if each.type in one.types}
    if one.inputs:
        touched = {urn: _with_inputs(before[urn], each, one.inputs) for urn, each in touched.items()}
    return stay | touched


def _with_inputs(before: Recorded, after: Recorded, names: Sequence[str]) -> Recorded:
    taken = {name: after.inputs[name] for name in names if name in after.inputs}
    return replace(before, inputs={**before.inputs, **taken})


def _judged(one: Mutation) -> GuardVerdict:
    before = _render(one.base)
    changes = {**one.base, **one.config}
    return judged(preview(before, _changed(one, before), was=one.base, **changes))


@pytest.mark.parametrize("one", BAD, ids=lambda one: one.name)
def test_a_bad_change_is_stopped_by_what_is_bad_about_it(one: Mutation) -> None:
    verdict = _judged(one)
    assert verdict.answer == "stopped", verdict.errors
    assert one.rule in {found.rule for found in verdict.stopping}


@pytest.mark.parametrize("one", HARMLESS, ids=lambda one: one.name)
def test_a_harmless_change_passes(one: Mutation) -> None:
    verdict = _judged(one)
    other = [(found.rule, found.urn, found.message) for found in verdict.findings if found.rule not in one.told]
    assert (other, verdict.stopping) == ([], ())
    assert {found.rule for found in verdict.findings} == set(one.told)
    assert verdict.answer == "fine", verdict.errors
    assert verdict.skipped == ()


def test_there_are_enough_of_both() -> None:
    assert len(BAD) >= 30
    assert len(HARMLESS) >= 15
    assert {one.rule for one in BAD} <= NAMES


def test_a_budget_that_the_program_itself_refuses_is_explained() -> None:
    before = _render({"stage": 1})
    config: dict[str, Any] = {"stage": 1, "fleet": {"maximum": 40}, "database": {"maxAcu": 1}}
    with pytest.raises(SettingsError) as refused:
        settings(**config)
    document = preview(before, {}, was={"stage": 1}, **config)
    document["steps"], document["changeSummary"] = document["steps"][:1], {"same": 1}
    document["diagnostics"] = [{"message": f"error: {refused.value}\n", "severity": "error"}]
    verdict = judged(document)
    assert verdict.answer == "incomplete"
    (found,) = verdict.stopping
    assert (found.rule, found.path) == ("connections-exceeded", "ascent:database.maxAcu")
    assert "820, of 189 connections" in found.message
