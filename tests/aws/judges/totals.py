"""How much may belong to one thing: limits that no single resource shows, `tests/aws/data/totals.json`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ops.engine.recorder import Recorded
from tests.aws.judges.model import OWN, Finding

TABLE = Path(__file__).parent.parent / "data" / "totals.json"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
Limit = Mapping[str, Any]


@cache
def limits() -> tuple[Limit, ...]:
    """The table's rows."""
    return tuple(json.loads(TABLE.read_text(encoding="utf-8")))


def findings(plan: Iterable[Recorded]) -> Iterator[Finding]:
    """What belongs to one thing of a plan, and is more than AWS takes."""
    resources = list(plan)
    entries = max((int(one.inputs["maxEntries"]) for one in resources if one.type == PREFIX_LIST), default=1)
    for limit in limits():
        totals: Counter[tuple[str | None, str]] = Counter()
        for one in resources:
            if one.type == limit["type"]:
                totals[one.region, _owner(one, limit)] += _weight(one.inputs, limit, entries)
        for (region, owner), total in totals.items():
            if total > limit["most"]:
                yield Finding(OWN, f"{owner} in {region}", f"{total} {limit['what']}, of {limit['most']} at most")


def _owner(one: Recorded, limit: Limit) -> str:
    """What it belongs to. Before an update, nobody knows the id of that: then its component stands for it."""
    owner = one.inputs[limit["of"]]
    return owner if isinstance(owner, str) else str(one.parent)


def _weight(inputs: Mapping[str, Any], limit: Limit, entries: int) -> int:
    if "characters" in limit:
        text = inputs[limit["characters"]]
        return len(re.sub(r"\s", "", text)) if isinstance(text, str) else 0
    return entries if limit.get("weight") in inputs else 1
