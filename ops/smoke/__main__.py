"""`make smoke-account STACK=smoke`: bring a small stack up on a real account, once, and take it down again.

It takes about an hour and a half and costs a few dollars, which it says before it asks. It needs a stack's file at
stage 1 without `ascent:protect`, credentials of the account, and an image: docs/truth.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.config.problems import SettingsError
from ops import stackfile
from ops.console import agreed, errors, progress
from ops.engine.deployment import PulumiError, run
from ops.engine.updates import Automation, EngineError
from ops.errors import NO, AscentError
from ops.smoke.report import report
from ops.smoke.steps import SmokeRun
from ops.stackedit import EditedFile, FileBusyError

_HOURS = 2  # that a run takes at most
_MONTH = 730  # hours


def main(words: Sequence[str]) -> int:
    """0: all as in the sandbox. 1: something is not. 2: the run was refused, and nothing was made."""
    parser = argparse.ArgumentParser(prog="make smoke-account STACK=smoke", description=__doc__)
    parser.add_argument("--stack", required=True, help="stack whose Pulumi.<stack>.yaml is used; its state is empty")
    parser.add_argument("--out", type=Path, default=Path("smoke.md"), help="file for the report (default: smoke.md)")
    parser.add_argument("--patience", type=float, default=600, help="seconds that the application may take to answer")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    given = parser.parse_args(words)
    try:
        return _run(given.stack, given.out, given.patience, yes=given.yes)
    except (SettingsError, EngineError, PulumiError, FileBusyError) as error:
        errors.print(str(error), markup=False)
        return 2
    except AscentError as error:
        errors.print(str(error), markup=False)
        return error.code


def _run(stack: str, out: Path, patience: float, *, yes: bool) -> int:
    with progress() as live:
        engine = Automation(stack, live, lambda text: errors.print(text, markup=False))
        _refuse(stack, engine)
        account, cost = _account(stack), _cost(stack)
    if not yes:
        agreed(f"Bring {stack} up in account {account} and take it down again? It costs at most ${cost:.2f}.")
    file = EditedFile(stack)
    with file.held(), progress() as live:
        made = SmokeRun(
            file=file,
            engine=engine,
            destroy=lambda: _destroy(stack),
            left=lambda: _left(stack),
            live=live,
            patience=patience,
        )
        try:
            made.take()
        finally:
            text = report(made, account)
            out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0 if made.ok else NO


def _refuse(stack: str, engine: Automation) -> None:
    """Refuse what is no stack to try things on.

    Raises:
        AscentError: with why.
    """
    settings = stackfile.settings(stack)
    name = f"Pulumi.{stack}.yaml"
    if settings.stage != 1:
        raise AscentError(f"{name}: ascent:stage: given {settings.stage}; a smoke run begins at 1", code=2)
    if settings.protect:
        raise AscentError(f"{name}: ascent:protect: given true; a smoke run deletes the stack: set it to false", code=2)
    there = [one for one in engine.resources() if one.get("custom") and not str(one["type"]).startswith("pulumi:")]
    if there:
        raise AscentError(
            f"{stack} has {len(there)} resources in its state; a smoke run begins with none: take another stack", code=2
        )


def _account(stack: str) -> str:
    from infra.clients import clients
    from ops.quotas.account import NoAccountError, QuotaClient

    settings = stackfile.settings(stack)
    try:
        return QuotaClient(clients(settings.account.assume_role)).number(settings.writing_region)
    except NoAccountError as error:
        raise AscentError(f"there is no account to try it on: {error}", code=2) from error


def _cost(stack: str) -> float:
    """US dollars of the run at the most: two hours of stage 2 with everything at its maximum."""
    from ops.cost import estimate
    from ops.engine.render import render

    settings = stackfile.settings(stack, 2)
    return estimate(render(settings, stack), settings).high / _MONTH * _HOURS


def _destroy(stack: str) -> None:
    done = run(["destroy", "--stack", stack, "--yes", "--skip-preview"], output=subprocess.PIPE, said=subprocess.STDOUT)
    if done.returncode:
        raise EngineError(f"pulumi destroy failed:\n{done.stdout[-2000:]}")


def _left(stack: str) -> list[str]:
    """ARNs of what still carries the stack's tag. What AWS deletes after a waiting time is left out."""
    from infra.clients import clients

    settings = stackfile.settings(stack)
    client = clients(settings.account.assume_role)("resourcegroupstaggingapi", settings.writing_region)
    pages = client.get_paginator("get_resources").paginate(TagFilters=[{"Key": "ascent:stack", "Values": [stack]}])
    arns = [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]]
    waiting = (":kms:", ":secretsmanager:", ":cluster-snapshot:")
    return [arn for arn in arns if not any(mark in arn for mark in waiting)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
