"""`make bench`: measures and prints each result when it is there."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from benchmarks.measures import measures


def main(
    *,
    times: Annotated[int, typer.Option(help="Runs of each; the best counts.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Measure how long things take, each as a ratio to a floor in the same run.

    Example:

        make bench
    """
    if as_json:
        print(json.dumps([one.as_dict() for one in measures(times)], indent=2))
        return
    print(f"{'ratio':>6}  {'seconds':>8}  {'floor':>8}  what / floor")
    for one in measures(times):
        print(f"{one.ratio:6.2f}  {one.seconds:8.2f}  {one.floor:8.2f}  {one.name} / {one.floor_name}", flush=True)


typer.run(main)
