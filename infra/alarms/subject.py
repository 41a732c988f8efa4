"""What is watched: something that exists, with the values of its dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from infra.alarms.model import Kind


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A thing under watch.

    kinds: which rows of the table are about it.
    name: logical name; its alarms begin with it.
    dimensions: value by CloudWatch dimension.
    log_group: name of the log group that its own metrics are made of, where it has any; their namespace is its name.
    limits: its own limits by name, of which rows take a percentage.
    """

    kinds: tuple[Kind, ...]
    name: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    log_group: pulumi.Input[str] | None = None
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """CloudWatch namespace of its own metrics."""
        return f"Ascent/{self.name}"
