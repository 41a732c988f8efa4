"""A step of the engine is the same in each form in which the engine prints it."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.events import StepEventMetadata

from catalog.engine_steps import EngineState, EngineStep, of_document, of_event, of_metadata

TYPE = "aws:rds/cluster:Cluster"
URN = f"urn:pulumi:prod::ascent::ascent:infra:Database${TYPE}::prod::db"
PARENT = "urn:pulumi:prod::ascent::ascent:infra:Database::prod"
PROVIDER = "urn:pulumi:prod::ascent::pulumi:providers:aws::prod-use1"
REFERENCE = f"{PROVIDER}::04da6b54-80e4-46f7-96ec-b56ff0331ba9"
OLD = {
    "type": TYPE,
    "urn": URN,
    "id": "db",
    "parent": PARENT,
    "provider": REFERENCE,
    "custom": True,
    "protect": True,
    "retainOnDelete": True,
    "inputs": {"engineVersion": "15.4"},
    "outputs": {"engineVersion": "15.4", "port": 5432},
}
NEW = {**OLD, "protect": False, "inputs": {"engineVersion": "16.6"}}
DIFF = {"engineVersion": "update-replace", "tags.team": "add"}
DOCUMENT = {
    "op": "replace",
    "urn": URN,
    "provider": REFERENCE,
    "oldState": OLD,
    "newState": NEW,
    "diffReasons": ["engineVersion", "tags"],
    "replaceReasons": ["engineVersion"],
    "detailedDiff": {path: {"kind": kind, "inputDiff": True} for path, kind in DIFF.items()},
}
EVENT = {
    "op": "replace",
    "urn": URN,
    "type": TYPE,
    "provider": REFERENCE,
    "old": OLD,
    "new": NEW,
    "diffs": ["engineVersion", "tags"],
    "keys": ["engineVersion"],
    "detailedDiff": {path: {"diffKind": kind, "inputDiff": True} for path, kind in DIFF.items()},
}


def test_each_form_of_a_step_says_the_same() -> None:
    step = of_document(DOCUMENT)
    assert step == of_event(EVENT) == of_metadata(StepEventMetadata.from_json(EVENT))
    assert (step.op, step.stack, step.type, step.name) == ("replace", "prod", TYPE, "prod::db")
    assert (step.provider, step.real, step.failed) == (PROVIDER, True, False)
    assert (step.kinds, step.diffs, step.keys) == (DIFF, ("engineVersion", "tags"), ("engineVersion",))
    assert step.replacing == ("engineVersion",)
    assert step.old == EngineState(
        inputs={"engineVersion": "15.4"},
        outputs={"engineVersion": "15.4", "port": 5432},
        custom=True,
        protect=True,
        retained=True,
        parent=PARENT,
    )
    assert step.new is not None
    assert (step.new.protect, step.new.inputs) == (False, {"engineVersion": "16.6"})


def test_a_document_knows_what_the_program_leaves_to_others_and_where_inputs_come_from() -> None:
    more = {"ignoreChanges": ["desiredCapacity"], "propertyDependencies": {"vpcId": [PARENT]}}
    state = of_document({**DOCUMENT, "newState": {**NEW, **more}}).new
    assert state is not None
    assert (state.ignored, state.dependencies) == (("desiredCapacity",), {"vpcId": [PARENT]})


@pytest.mark.parametrize("side", ["old", "new"])
def test_what_comes_or_goes_has_one_side(side: str) -> None:
    event: dict[str, Any] = {"op": "create", "urn": URN, "type": TYPE, "provider": "", side: OLD}
    state = of_event(EVENT).old
    states = (state, None) if side == "old" else (None, state)
    expected = EngineStep(op="create", urn=URN, provider=PROVIDER, old=states[0], new=states[1])
    assert expected == of_event(event) == of_metadata(StepEventMetadata.from_json(event))
    assert of_event(event, failed=True).failed


@pytest.mark.parametrize("step", [None, 1, [], {}, {"urn": 1}, {"urn": "urn:pulumi:prod::ascent::x"}])
def test_what_is_no_step_is_refused(step: Any) -> None:
    with pytest.raises(ValueError, match="no step of the engine's"):
        of_document(step)
