"""A stack's home: its first region, which its names, addresses and first database are bound to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pulumi

from infra import half_written
from infra.config.settings import Settings

# The output that keeps it. A stack that has run once knows its home by it.
HOME = "primaryRegion"
# The engine's own function: what this very stack put out after its last update.
PAST = "pulumi:pulumi:readStackOutputs"


def past() -> Mapping[str, Any]:
    """The stack's outputs after its last update; none before the first."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    outputs: Mapping[str, Any] = (_read(name).value or {}).get("outputs", {})
    return outputs


def _read(name: str) -> Any:
    for pause in half_written.PAUSES:
        try:
            return pulumi.runtime.invoke(PAST, {"name": name})
        except Exception as error:
            # The SDK raises a bare Exception with the engine's text.
            if half_written.SAYS not in str(error):
                raise
        time.sleep(pause)
    return pulumi.runtime.invoke(PAST, {"name": name})


def refuse_to_move(settings: Settings, outputs: Mapping[str, Any]) -> None:
    """Refuse another first region than that of the last update, before anything is declared.

    Raises:
        pulumi.RunError: with the home, and what to do instead.
    """
    stack, home = pulumi.get_stack(), outputs.get(HOME)
    if home not in (None, settings.home):
        raise pulumi.RunError(
            f"Pulumi.{stack}.yaml: ascent:regions: given {settings.home} first; the home of this stack is {home}, "
            f"which its data was made in and which never changes. Put {home} first again. To have another region take "
            f"the writes, run: ascent failover --to {settings.home}"
        )
