"""What the engine found of each resource: told while it looks, or read from what `pulumi refresh --json` printed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.automation.events import StepEventMetadata

COMMAND = "pulumi refresh --preview-only --json > refresh.json"
STACK_TYPE = "pulumi:pulumi:Stack"
LOOKED, GONE = ("refresh", "same"), "delete"
# Operations that a look has. Each other one is of an update or its preview.
OPERATIONS = (*LOOKED, "update", GONE, "read")


class UnreadableError(Exception):
    """A file is not what the engine prints. The text says what it is, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A resource as the state has it, or as the provider found it: properties as plain data."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One resource.

    recorded: as the state has it.
    found: as it is; None where it is gone.
    changed: path of each input that differs, with what the engine calls the difference (`update`, `add-replace`).
    ignored: inputs that the program leaves to others, by `ignore_changes`, as the state has it.
    """

    urn: str
    recorded: Side
    found: Side | None
    changed: Mapping[str, str]
    ignored: Sequence[str] = ()

    @property
    def type(self) -> str:
        """Type token."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        """Name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def stack(self) -> str:
        """Name of the stack."""
        return self.urn.split("::")[0].rpartition(":")[2]


def told(metadata: StepEventMetadata, ignored: Sequence[str]) -> Step:
    """What the engine tells of a resource once it has looked. What is ignored, the state knows."""
    kinds = {path: str(one.diff_kind.value) for path, one in (metadata.detailed_diff or {}).items()}
    old, new = (_side(vars(one)) if one else None for one in (metadata.old, metadata.new))
    return _step(metadata.urn, metadata.op.value, old, new, kinds, metadata.diffs, ignored)


def read(path: Path) -> list[Step]:
    """The resources in a file.

    Raises:
        UnreadableError: when it cannot be read, is cut off, or is something else.
    """
    content = _loaded(path)
    try:
        failed = [one["message"] for one in content.get("diagnostics") or [] if one.get("severity") == "error"]
        steps = [_step(*_parts(one)) for one in content["steps"]]
        operations = Counter(one["op"] for one in content["steps"])
        announced = {op: int(count) for op, count in (content.get("changeSummary") or {}).items()}
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        raise UnreadableError(f"{path}: this is not what the engine prints; write it with: {COMMAND}") from None
    if failed:
        said = " ".join(str(failed[0]).split())
        raise UnreadableError(f"{path}: the engine could not look at everything: {said}")
    # A look begins at the stack itself, which it calls a refresh. A preview has no such step.
    if "refresh" not in operations or operations.keys() - set(OPERATIONS):
        raise UnreadableError(f"{path}: this is of another command, perhaps a preview; write it with: {COMMAND}")
    if len({one.stack for one in steps}) != 1:
        raise UnreadableError(f"{path}: this is of several stacks; write it with: {COMMAND}")
    # The engine has counted changes that it then had no step for (pulumi/pulumi issue 16278). Without them, a changed
    # stack would look as recorded.
    for op in ("update", GONE):
        if announced.get(op, 0) > operations[op]:
            raise UnreadableError(
                f"{path}: the engine counts {announced[op]} resources to {op}, and says of {operations[op]} which; "
                f"have it look anew with: ascent drift --stack {steps[0].stack}"
            )
    return steps


def _loaded(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnreadableError(f"{path}: this is no text; write it with: {COMMAND}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableError(f"{path}: this is no whole JSON ({error}); write it anew with: {COMMAND}") from None


def _parts(step: Mapping[str, Any]) -> tuple[Any, ...]:
    kinds = {path: str(one["kind"]) for path, one in (step.get("detailedDiff") or {}).items()}
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    ignored = old.get("ignoreChanges") or ()
    return str(step["urn"]), str(step["op"]), _side(old), _side(new), kinds, step.get("diffReasons"), ignored


def _step(
    urn: str,
    op: str,
    old: Side | None,
    new: Side | None,
    kinds: Mapping[str, str],
    names: Iterable[str] | None,
    ignored: Sequence[str],
) -> Step:
    if len(urn.split("::", 3)) != 4:
        raise ValueError(f"{urn} is no URN")
    recorded = old or Side(inputs={}, outputs={})
    found = None if op == GONE else new or recorded
    # Not every provider says which places differ; it then names the properties.
    changed = {} if op != "update" else kinds or dict.fromkeys(names or (), "update")
    return Step(urn=urn, recorded=recorded, found=found, changed=changed, ignored=ignored)


def _side(state: Mapping[str, Any]) -> Side | None:
    return Side(inputs=state.get("inputs") or {}, outputs=state.get("outputs") or {}) if state else None
