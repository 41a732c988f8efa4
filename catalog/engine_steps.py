"""A step of the engine: what it does to one resource, or has found of it. Each form of one is read here.

`pulumi preview --json` and `pulumi refresh --json` print a document of steps, an event log has an event on each line,
and the Automation API hands over objects. All three hold the same, under other names (pulumi/pulumi: `PreviewStep` of
the package display, `StepEventMetadata` of the package apitype).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.urns import provider_of, type_of

if TYPE_CHECKING:
    from pulumi.automation.events import StepEventMetadata, StepEventStateMetadata

STACK_TYPE = "pulumi:pulumi:Stack"
_REPLACES = "-replace"


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineState:
    """A resource before a step or after it.

    inputs, outputs: plain data, as the engine writes it: secrets and unknown values are its own markers.
    custom: whether a provider manages it; a component is not.
    protect: whether the engine refuses to delete it.
    retained: whether it outlives its deletion from the stack (`retainOnDelete`).
    parent: URN of the parent; None where there is none.
    ignored: inputs that the program leaves to others (`ignoreChanges`). Events do not have them.
    dependencies: URNs that an input comes from, by the input's name. Events do not have them.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    custom: bool = False
    protect: bool = False
    retained: bool = False
    parent: str | None = None
    ignored: tuple[str, ...] = ()
    dependencies: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineStep:
    """One operation on one resource.

    op: the engine's word for it, as `create-replacement`.
    provider: URN of the provider; empty where there is none.
    old, new: the resource before and after; None where it is not there.
    kinds: what happens to a property, by its path, as `update-replace`. Not every provider says so.
    diffs: properties that differ.
    keys: properties that make the engine replace it.
    failed: whether an update tried, and failed.
    """

    op: str
    urn: str
    provider: str = ""
    old: EngineState | None = None
    new: EngineState | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    diffs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    failed: bool = False

    @property
    def type(self) -> str:
        """Type token."""
        return type_of(self.urn)

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def stack(self) -> str:
        """Name of the stack."""
        return self.urn.split("::", 1)[0].rpartition(":")[2]

    @property
    def real(self) -> bool:
        """Whether it is about something in a cloud, rather than a component, a provider or the stack."""
        state = self.new or self.old
        return state is not None and state.custom and not self.type.startswith("pulumi:")

    @property
    def replacing(self) -> tuple[str, ...]:
        """Paths of the properties that force a replacement, by what the provider says of each."""
        return tuple(path for path, kind in self.kinds.items() if kind.endswith(_REPLACES))


def of_document(step: Any) -> EngineStep:
    """A member of `steps` in what `pulumi preview --json` or `pulumi refresh --json` printed.

    Raises:
        ValueError: when it is no step.
    """
    return _step(step, ("oldState", "newState"), diffs="diffReasons", keys="replaceReasons", kind="kind")


def of_event(metadata: Any, *, failed: bool = False) -> EngineStep:
    """The `metadata` of an event about a resource, in an event log.

    Raises:
        ValueError: when it is of no step.
    """
    return _step(metadata, ("old", "new"), diffs="diffs", keys="keys", kind="diffKind", failed=failed)


def of_metadata(metadata: StepEventMetadata) -> EngineStep:
    """The metadata of an event about a resource, as the Automation API hands it over."""
    kinds = {path: {"diffKind": diff.diff_kind.value} for path, diff in (metadata.detailed_diff or {}).items()}
    states = {"old": _written(metadata.old), "new": _written(metadata.new)}
    return of_event({**vars(metadata), **states, "op": metadata.op.value, "detailedDiff": kinds})


def _written(state: StepEventStateMetadata | None) -> Mapping[str, Any]:
    """A state as an event log has it."""
    return {**vars(state), "retainOnDelete": state.retain_on_delete} if state else {}


def _step(step: Any, sides: tuple[str, str], *, diffs: str, keys: str, kind: str, failed: bool = False) -> EngineStep:
    urn = as_mapping(step).get("urn")
    if not isinstance(urn, str) or urn.count("::") < 3:
        raise ValueError("this is no step of the engine's: it has no URN")
    old, new = (as_mapping(step.get(side)) for side in sides)
    reference = step.get("provider") or old.get("provider") or new.get("provider") or ""
    return EngineStep(
        op=str(step.get("op")),
        urn=urn,
        provider=provider_of(str(reference)),
        old=_state(old),
        new=_state(new),
        kinds={
            path: str(as_mapping(diff).get(kind, "")) for path, diff in as_mapping(step.get("detailedDiff")).items()
        },
        diffs=_names(step.get(diffs)),
        keys=_names(step.get(keys)),
        failed=failed,
    )


def _state(state: Mapping[str, Any]) -> EngineState | None:
    if not state:
        return None
    parent = state.get("parent")
    return EngineState(
        inputs=as_mapping(state.get("inputs")),
        outputs=as_mapping(state.get("outputs")),
        custom=state.get("custom") is True,
        protect=state.get("protect") is True,
        retained=state.get("retainOnDelete") is True,
        parent=parent if isinstance(parent, str) and parent else None,
        ignored=_names(state.get("ignoreChanges")),
        dependencies=as_mapping(state.get("propertyDependencies")),
    )


def as_mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a map; an empty map for anything else, such as a key that is missing."""
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
