"""`ascent prices`: bring the price table up to date from the public price lists."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from infra.regions import REGIONS
from ops import stackfile
from ops.console import console, errors
from ops.cost.price_list import PriceListError, Read, fetch, listed, merged, read
from ops.cost.prices import TABLE
from ops.errors import AscentError, ascent_error
from scripts.places import put


def prices(
    *,
    region: Annotated[
        list[str] | None, typer.Option(help="AWS region; repeat it for more. Default: those that stack files list.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Bring ops/data/prices.json up to date from AWS' public price lists. Needs the network, and no credentials.

    If a list cannot be fetched, the table stays as it was. Cloudflare publishes no list: its rows are kept by hand.

    JSON: {regions, written, rows, changed: [{key, region, before, after}], missing: [{key, region}]}.

    Exit codes: 0 read, 2 the region is not known, or a list cannot be fetched or parsed.

    Examples:

        ascent prices

        ascent prices --region eu-west-1 --region us-east-1 --dry-run
    """
    regions = region or sorted({one for name in stackfile.names() for one in stackfile.settings(name).regions})
    unknown = [one for one in regions if one not in REGIONS]
    if unknown:
        raise AscentError(f"--region: given {unknown[0]!r}; the regions are {', '.join(REGIONS)}")
    data = json.loads(TABLE.read_text())
    try:
        found = _read(data, regions)
    except PriceListError as error:
        raise ascent_error(error, f"{error}. The table is as it was") from None
    rows = [row for one in found.values() for row in one.rows]
    before = {(one["key"], one["region"]): one["usd"] for one in data["prices"]}
    changed = [
        {
            "key": row["key"],
            "region": row["region"],
            "before": before.get((row["key"], row["region"])),
            "after": row["usd"],
        }
        for row in rows
        if before.get((row["key"], row["region"])) != row["usd"]
    ]
    missing = [{"key": key, "region": region} for (_, region), one in found.items() for key in one.missing]
    if not dry_run:
        put(TABLE, written(merged(data, rows)))
    if as_json:
        report = {"regions": regions, "written": not dry_run, "rows": len(rows), "changed": changed, "missing": missing}
        print(json.dumps(report, indent=2))  # noqa: T201
        return
    for one in changed:
        old = "none" if one["before"] is None else f"{one['before']:.6g}"
        console.print(f"{one['key']} in {one['region']}: {old} -> {one['after']:.6g}", markup=False)
    for one in missing:
        console.print(f"not in the list: {one['key']} in {one['region']}", style="yellow", markup=False)
    kept = " Nothing was written." if dry_run else ""
    console.print(f"[bold]{len(rows)} prices read, {len(changed)} of them new or changed.[/bold]{kept}")


def _read(data: dict[str, Any], regions: list[str]) -> dict[tuple[str, str], Read]:
    found: dict[tuple[str, str], Read] = {}
    for service, items in listed(data).items():
        for region in regions:
            with errors.status(f"Reading {service}, {region}"), fetch(service, region) as lines:
                found[service, region] = read(lines, items, region)
    return found


def written(data: dict[str, Any]) -> str:
    """The table as its file holds it: a line for each item and price, so that a diff shows what changed."""
    parts = []
    for key, value in data.items():
        if isinstance(value, list):
            rows = ",\n".join(f"  {json.dumps(one)}" for one in value)
            parts.append(f' "{key}": [\n{rows}\n ]')
        else:
            parts.append(f' "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
