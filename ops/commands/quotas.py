"""`ascent doctor --stack`: whether the limits and rights at AWS and Cloudflare are enough for a stack."""

from __future__ import annotations

import json
from collections.abc import Callable

from infra.clients import clients
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops import stackfile
from ops.commands.rights import rights
from ops.console import console, progress
from ops.errors import NO
from ops.quotas.account import NoAccountError, QuotaAnswer, QuotaClient
from ops.quotas.judge import QuotaRow, QuotaVerdict, looked
from ops.quotas.report import report
from ops.quotas.stacks import QuotaNeed, needed


def quotas(stack: str, stage: int | None, *, as_json: bool) -> int:
    """Check, print the result, and return the exit code."""
    # `ascent capacity` explains a budget that does not hold.
    settings = stackfile.settings(stack, stage, judged=False)
    with progress() as live:
        needs = needed(settings, stack, live)
        account, number, why = _account(settings, stack)
        rows = looked(needs, _asking(settings, account, live))
        edge = rights(settings, stack, live)
    ok = all(row.verdict is not QuotaVerdict.FAIL for row in rows) and (edge is None or edge.ok)
    if as_json:
        document = {"stack": stack, "stage": settings.stage, "account": number, "why": why, "ok": ok}
        found = {"quotas": [row.as_dict() for row in rows], "cloudflare": edge.as_dict() if edge else None}
        print(json.dumps({**document, **found}, indent=2))  # noqa: T201
    else:
        _show(settings, stack, rows, number, why)
        if edge is not None:
            edge.show()
    return 0 if ok else NO


def _account(settings: Settings, stack: str) -> tuple[QuotaClient | None, str | None, str]:
    """The account to ask and its number, or why there is none.

    Raises:
        SettingsError: when the credentials are of another account than the stack's.
    """
    account = QuotaClient(clients(settings.account.assume_role))
    try:
        number = account.number(settings.writing_region)
    except NoAccountError as error:
        return None, None, str(error)
    expected = settings.account.id
    if expected not in (None, number):
        raise SettingsError(
            [
                f"Pulumi.{stack}.yaml: ascent:account.id: given {expected}; the credentials are of {number}. "
                f"Take those of {expected}, or correct the file"
            ]
        )
    return account, number, ""


def _asking(
    settings: Settings, account: QuotaClient | None, live: Callable[[str], None]
) -> Callable[[QuotaNeed], QuotaAnswer | None]:
    def ask(need: QuotaNeed) -> QuotaAnswer | None:
        if account is None:
            return None
        if need.region is not None and need.region == settings.unreachable:
            return QuotaAnswer(why=f"{need.region} is lost, so it is not asked")
        live(f"Asking AWS: {need.quota.title}, {need.region or 'all regions'}")
        return account.answer(need.quota, need.region)

    return ask


def _show(settings: Settings, stack: str, rows: list[QuotaRow], number: str | None, why: str) -> None:
    head = f"[bold]{stack} at stage {settings.stage} ({settings.row.name})[/bold], {settings.runtime.value}"
    console.print(f"{head}, account {number}\n" if number else f"{head}\n")
    console.print(report(rows, is_seen=number is not None))
    console.print("\nNeed: at the most, with both colors at their maximum while all instances are replaced.")
    if not number:
        console.print(f"\nThe account was not looked at: {why}.", markup=False)
        console.print("It may have more than AWS' defaults, or less while it is new.")
    elif any(row.verdict is QuotaVerdict.WARN for row in rows):
        console.print("Uses: of the whole account. What this stack has already is in it; ask for so much less.")
