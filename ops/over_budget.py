"""The flag that accepts a month above the budget, the same in every command that raises the cost."""

from __future__ import annotations

from typing import Annotated

import typer

OverBudget = Annotated[
    bool, typer.Option("--over-budget", help="Go on although a normal month then costs more than the budget.")
]
AGREE = "agree with --over-budget, or raise ascent:budget.monthlyUsd"
