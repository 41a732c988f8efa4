"""The part of `ascent doctor --stack` about Cloudflare: the rights that a stack's token needs, and those it has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.markup import escape

from infra.config.models.domain import Dns
from infra.config.settings import Settings
from ops.console import console
from ops.edge.rights import BALANCER, needed
from ops.edge.token import VARIABLE, Held, SilentError, Token, TokenError
from ops.engine.render import render
from ops.quotas.judge import QuotaVerdict
from ops.quotas.report import COLORS
from ops.tables import plain_table

# Cloudflare, Load Balancing: enable; without the add-on, it answers "interval is not in range [0, 0]" or "[1, 1]".
_ADD_ON = (
    "Load Balancing with geo steering, a paid add-on of the account: bought in the dashboard, before stage 7. Without "
    "it an update fails at the monitor, whose interval is not in range"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """What a stack needs at Cloudflare.

    held: each right, and whether the token has it. why: why the token was not looked at, or nothing.
    valid: whether it may be a token at all.
    add_ons: what has to be bought. No API tells whether it is.
    """

    held: Sequence[Held]
    why: str
    valid: bool
    add_ons: Sequence[str]

    @property
    def ok(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.valid and all(one.verdict is not QuotaVerdict.FAIL for one in self.held)

    def as_dict(self) -> dict[str, object]:
        """As `ascent doctor --json` prints it."""
        return {"why": self.why, "addOns": list(self.add_ons), "rights": [one.as_dict() for one in self.held]}

    def show(self) -> None:
        """For people."""
        console.print("\n[bold]Cloudflare[/bold], permissions of the token\n")
        table = plain_table()
        for heading in ("", "Permission", "Of the"):
            table.add_column(heading, no_wrap=heading != "Permission")
        table.add_column("For")
        for one in self.held:
            of, reason = "account" if one.right.of_account else "zone", f": {one.said}" if one.said else ""
            mark = f"[{COLORS[one.verdict]}]{one.verdict}[/]"
            table.add_row(mark, one.right.name, of, escape(f"{one.right.purpose}{reason}"))
        console.print(table)
        if self.why:
            console.print(f"\nThe token was not looked at: {self.why}.", markup=False)
        for text in self.add_ons:
            console.print(f"\nAlso needed: {text}.", markup=False)


def rights(settings: Settings, stack: str, live: Callable[[str], None]) -> Rights | None:
    """What the stack needs at Cloudflare, or None where Cloudflare does not answer for its domain.

    `live` is called with what is being done.
    """
    zone = settings.domain.zone_id
    if settings.domain.dns is not Dns.CLOUDFLARE or zone is None:
        return None
    resources = render(settings, stack).resources
    wanted = needed(resources)
    add_ons = [_ADD_ON] if any(one.type == BALANCER for one in resources) else []
    secret, why, valid = os.environ.get(VARIABLE), "", True
    if not secret:
        why = f"{VARIABLE} is not set"
    else:
        live("Asking Cloudflare what the token may do")
        try:
            return Rights(held=Token(secret, zone).held(wanted), why="", valid=True, add_ons=add_ons)
        except SilentError as error:
            why = str(error)
        except TokenError as error:
            why, valid = str(error), False
    held = [Held(right=one, verdict=QuotaVerdict.UNKNOWN, said="") for one in wanted]
    return Rights(held=held, why=why, valid=valid, add_ons=add_ons)
