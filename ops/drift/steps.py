"""What the engine found of each resource: from its events, or from the output of `pulumi refresh --json`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog import engine_steps
from catalog.engine_steps import EngineState, EngineStep

COMMAND = "pulumi refresh --preview-only --json > refresh.json"
LOOKED, GONE = ("refresh", "same"), "delete"
# Operations of a refresh. All others belong to an update or its preview.
OPERATIONS = (*LOOKED, "update", GONE, "read")


class UnreadableRefreshError(Exception):
    """A file is not the engine's output. The text says what it is, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refreshed:
    """A resource that the engine has compared with what exists.

    recorded: as the state has it.
    found: as it is; None where it is gone.
    changed: path of each input that differs, with the engine's kind of difference (`update`, `add-replace`).
    ignored: inputs that the program leaves to others, by `ignore_changes` in the state.
    """

    urn: str
    stack: str
    type: str
    name: str
    recorded: EngineState
    found: EngineState | None
    changed: Mapping[str, str]
    ignored: Sequence[str]
    provider: str = ""


def refreshed(step: EngineStep, ignored: Sequence[str] | None = None) -> Refreshed:
    """What the engine found of one resource.

    Args:
        step: the engine's.
        ignored: inputs that the program leaves to others; None where the step itself has them, which an event does not.
    """
    recorded = step.old or EngineState()
    # Not every provider gives the paths that differ; some give only the properties.
    changed = step.kinds or dict.fromkeys(step.diffs, "update")
    return Refreshed(
        urn=step.urn,
        stack=step.stack,
        type=step.type,
        name=step.name,
        recorded=recorded,
        found=None if step.op == GONE else step.new or recorded,
        changed=changed if step.op == "update" else {},
        ignored=recorded.ignored if ignored is None else ignored,
        provider=step.provider,
    )


def read(path: Path) -> list[Refreshed]:
    """The resources in a file.

    Raises:
        UnreadableRefreshError: when it cannot be read, is cut off, or is something else.
    """
    content = _loaded(path)
    try:
        diagnostics = content.get("diagnostics") or []
        failed = [diagnostic["message"] for diagnostic in diagnostics if diagnostic.get("severity") == "error"]
        steps = [engine_steps.of_document(step) for step in content["steps"]]
        operations = Counter(step.op for step in steps)
        announced = {op: int(count) for op, count in (content.get("changeSummary") or {}).items()}
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UnreadableRefreshError(f"{path}: this is not what the engine prints; write it with: {COMMAND}") from None
    if failed:
        said = " ".join(str(failed[0]).split())
        raise UnreadableRefreshError(f"{path}: the engine could not look at everything: {said}")
    # A refresh begins with the stack itself, with the operation refresh. A preview has no such step.
    if "refresh" not in operations or operations.keys() - set(OPERATIONS):
        raise UnreadableRefreshError(f"{path}: this is of another command, perhaps a preview; write it with: {COMMAND}")
    if len({step.stack for step in steps}) != 1:
        raise UnreadableRefreshError(f"{path}: this is of several stacks; write it with: {COMMAND}")
    # The engine has counted changes that it then had no step for (pulumi/pulumi issue 16278). Without them, a changed
    # stack would look as recorded.
    for op in ("update", GONE):
        if announced.get(op, 0) > operations[op]:
            raise UnreadableRefreshError(
                f"{path}: the engine counts {announced[op]} resources to {op}, and says of {operations[op]} which; "
                f"have it look anew with: ascent drift --stack {steps[0].stack}"
            )
    return list(map(refreshed, steps))


def _loaded(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableRefreshError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnreadableRefreshError(f"{path}: this is no text; write it with: {COMMAND}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableRefreshError(
            f"{path}: this is no whole JSON ({error}); write it anew with: {COMMAND}"
        ) from None
