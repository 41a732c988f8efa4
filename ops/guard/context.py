"""Finds what rules need beside the steps: settings, resources that stay the same, and the cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.engine_steps import STACK_TYPE
from infra.authoritative import authoritative_regions, told_by
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.cost import Estimate, estimate
from ops.engine import render
from ops.engine.recorder import Recorded
from ops.guard.collector import MASKED
from ops.guard.model import CostLimit, RuleContext
from ops.guard.preview import Preview
from policy.judge import facts
from policy.model import Facts

_FILE = "the preview's config"
_INCOMPLETE = "the preview is not complete"
_NOT_OURS = "this is no stack of Ascent, so its stage, its budgets and its load are not known"


def context_of(preview: Preview, *, max_rise: CostLimit | None = None) -> RuleContext:
    """The context of a preview. Renders the stack if the preview leaves out what stays the same."""
    ours = preview.project == stackfile.PROJECT
    settings, unsettled = _settings(preview) if ours else (None, _NOT_OURS)
    past = _past(preview, settings)
    known = RuleContext(
        ours=ours,
        stack_urn=f"urn:pulumi:{preview.stack}::{preview.project}::{STACK_TYPE}::{preview.project}-{preview.stack}",
        settings=settings,
        unsettled=unsettled,
        facts=facts(settings) if settings else Facts(),
        facts_before=facts(past) if past else Facts(),
        authoritative=_authoritative(preview, settings) if ours else frozenset(),
        outputs=preview.outputs,
        max_rise=max_rise,
    )
    known = _with_resources(known, preview)
    return _with_cost(known, preview, past)


def _settings(preview: Preview) -> tuple[Settings | None, str]:
    """The settings of the preview, or why they are not known."""
    prefix = f"{preview.project}:"
    if not any(key.startswith(prefix) for key in preview.config):
        return None, "the preview has no config of this project"
    try:
        return _parsed(preview, {}), ""
    except SettingsError as error:
        return None, "; ".join(error.problems)


def _parsed(preview: Preview, changes: Mapping[str, Any]) -> Settings:
    prefix = f"{preview.project}:"
    own = {key.removeprefix(prefix): text for key, text in preview.config.items() if key.startswith(prefix)}
    values = {key: _secured(_decoded(text)) for key, text in own.items()}
    # A budget that does not hold becomes a finding with its arithmetic, not an error.
    return stackfile.read({**values, **changes}, _FILE, judged=False)


def _past(preview: Preview, settings: Settings | None) -> Settings | None:
    """Settings as of the last update, from the stack's outputs; the present ones where the outputs lack them."""
    stage = preview.outputs.get("stage")
    if settings is None or stage not in STAGES or stage == settings.stage:
        return settings
    try:
        return _parsed(preview, {"stage": stage})
    except SettingsError:
        return settings


def _authoritative(preview: Preview, settings: Settings | None) -> frozenset[str]:
    """Regions with the original of the data, as of the last update and of this one."""
    return told_by(preview.outputs) | (authoritative_regions(settings) if settings else frozenset())


def _with_resources(known: RuleContext, preview: Preview) -> RuleContext:
    """Fill in all resources, before and after."""
    if preview.errors:
        return replace(known, partial=_INCOMPLETE)
    stay: Sequence[Recorded] = ()
    if not preview.shows_same:
        if known.settings is None or preview.stack is None:
            return replace(known, partial="what stays the same is not in the preview; run it with --show-sames")
        try:
            rendered = render.render(known.settings, preview.stack).resources
        except Exception as error:
            return replace(known, partial=f"the stack could not be rendered: {error}")
        touched = {step.urn for step in preview.steps}
        stay = [one for one in rendered if one.urn not in touched]
        wanted = {step.urn for step in preview.steps if step.after is not None}
        # The stack itself stays the same too, and the engine shows what does where its protection changes.
        same = len(stay) + 1 + sum(step.op == "same" for step in preview.steps)
        if same != preview.counts.get("same", 0) or not wanted <= {one.urn for one in rendered}:
            return replace(known, partial="the preview is of another version of the program; use --show-sames")
    before = [*(step.before for step in preview.steps if step.before), *stay]
    after = [*(step.after for step in preview.steps if step.after), *stay]
    return replace(known, before=before, after=after)


def _with_cost(known: RuleContext, preview: Preview, past: Settings | None) -> RuleContext:
    if known.settings is None or past is None:
        return replace(known, unpriced=known.unsettled)
    if known.before is None or known.after is None:
        return replace(known, unpriced=known.partial)
    stack = str(preview.stack)
    return replace(
        known,
        cost_before=_cost(known.before, past, stack) if known.before else None,
        cost_after=_cost(known.after, known.settings, stack),
    )


def _cost(resources: Sequence[Recorded], settings: Settings, stack: str) -> Estimate:
    return estimate(render.RenderedStack(settings.stage, stack, tuple(resources)), settings)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _secured(value: Any) -> Any:
    """Masked values in the form of secrets in a stack's file."""
    if isinstance(value, dict):
        return {key: _secured(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_secured(one) for one in value]
    return {"secure": ""} if value == MASKED else value
