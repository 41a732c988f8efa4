"""The home region: the first region of a stack. Names, addresses and the first database are bound to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.authoritative import HOME
from infra.config.settings import Settings


def refuse_home_change(settings: Settings, outputs: Mapping[str, Any]) -> None:
    """Refuse a home region other than that of the last update, before anything is declared.

    Raises:
        pulumi.RunError: with the home region, and what to do instead.
    """
    stack, home = pulumi.get_stack(), outputs.get(HOME)
    if home not in (None, settings.home):
        raise pulumi.RunError(
            f"Pulumi.{stack}.yaml: ascent:regions: given {settings.home} first; the home of this stack is {home}, "
            f"which its data was made in and which never changes. Put {home} first again. To have another region take "
            f"the writes, run: ascent failover --to {settings.home}"
        )
