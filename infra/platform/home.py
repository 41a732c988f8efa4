"""A stack's home: its first region, which its names, addresses and first database are bound to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pulumi

from infra.settings import Settings

# The output that keeps it. A stack that has run once knows its home by it.
HOME = "primaryRegion"
# The engine's own function: what this very stack put out after its last update.
PAST = "pulumi:pulumi:readStackOutputs"
# A backend of files writes an object's attributes in place (gocloud.dev, fileblob/attrs.go), and the engine writes its
# first checkpoint while the program starts: a reader at that very moment finds an empty file.
_HALF_WRITTEN = "EOF"
_TRIES, _PAUSE = 5, 0.2  # seconds


def past() -> Mapping[str, Any]:
    """The stack's outputs after its last update; none before the first."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = _read(name, _TRIES)
    outputs: Mapping[str, Any] = (answer.value or {}).get("outputs", {})
    return outputs


def _read(name: str, tries: int) -> Any:
    try:
        return pulumi.runtime.invoke(PAST, {"name": name})
    except Exception as error:
        # The SDK raises a bare Exception with the engine's text.
        if _HALF_WRITTEN not in str(error) or tries <= 1:
            raise
    time.sleep(_PAUSE)
    return _read(name, tries - 1)


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
