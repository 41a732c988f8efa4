"""A preview: what an update would do, in the form that rules read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.engine.recorder import Recorded

Op = Literal["same", "create", "update", "replace", "delete"]
OPS: tuple[Op, ...] = ("create", "update", "replace", "delete", "same")


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewStep:
    """What would happen to one resource.

    before: the resource as it is; None where it would be created.
    after: as it would be; None where it would be deleted. What is secret in the inputs of both, or not known yet, is
        `policy.model.SECRET` or `UNKNOWN`.
    lost: of a creation, whether the state had the resource until a refresh found it deleted.
    changed: paths of the properties that differ. replaced_by: those among them that force a replacement.
    forced_by: URNs of the resources that those come from.
    """

    op: Op
    urn: str
    type: str
    before: Recorded | None
    after: Recorded | None
    lost: bool = False
    changed: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    forced_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def region(self) -> str | None:
        """AWS region the resource is in, where it has one and it is known."""
        one = self.before or self.after
        return one.location if one else None

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The resource's inputs as it is, or of what is not there, as it would be."""
        one = self.before or self.after
        return one.inputs if one else {}

    @property
    def is_real(self) -> bool:
        """Whether it is about something in a cloud, rather than a component, a provider or the stack."""
        one = self.before or self.after
        return one is not None and one.custom and not self.type.startswith("pulumi:")


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """All of it.

    stack, project: names; None if the preview does not have them.
    config: the stack's config as text, by whole key; secret values are `[secret]`.
    steps: the stack's resources in the engine's order, but for the stack itself.
    counts: how many resources of each operation, as the engine counts them.
    outputs: of the stack's last update.
    errors: why the preview is not complete, one sentence each; empty if it is.
    """

    stack: str | None
    project: str | None
    config: Mapping[str, str]
    steps: tuple[PreviewStep, ...]
    counts: Mapping[str, int]
    outputs: Mapping[str, Any]
    errors: tuple[str, ...]

    @property
    def shows_same(self) -> bool:
        """Whether resources that stay the same are listed too (`--show-sames`)."""
        # The engine counts the stack itself, which is no step here.
        return sum(step.op == "same" for step in self.steps) >= self.counts.get("same", 0) - 1
