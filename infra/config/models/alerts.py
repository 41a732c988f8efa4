"""`ascent:alerts`: alert recipients by severity."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.config.strict import Strict

Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class SlackChannel(Strict):
    """A Slack channel that shows all alarms."""

    workspace_id: str = Field(pattern=r"^T[0-9A-Z]{2,254}$", description="Workspace, authorized once in AWS: T....")
    channel_id: str = Field(pattern=r"^[CG][0-9A-Z]{2,254}$", description="Channel: C... .")


class Alerts(Strict):
    """Alert recipients by severity."""

    warning: tuple[Address, ...] = Field(
        default=(), max_length=20, description="E-mail addresses that get warnings and budget notifications."
    )
    critical: tuple[Address, ...] = Field(
        default=(), max_length=20, description="E-mail addresses that get critical alerts."
    )
    slack: SlackChannel | None = Field(default=None, description="A Slack channel: workspaceId and channelId.")
    procedures: str = Field(
        default="docs/procedures.md",
        pattern=r"^(https://\S+|docs/procedures\.md)$",
        max_length=200,
        description="URL where docs/procedures.md is published. Every alarm links to it: https://....",
    )
