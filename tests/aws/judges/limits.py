"""What the catalog's rows say that were written by hand, which the sandbox's stand-in of the provider refuses too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog import constraints, tables
from tests.aws.judges.model import OWN, Finding
from tests.aws.values import plain, wrapped


def findings(type_: str, inputs: Mapping[str, Any], *, alone: bool = False) -> Iterator[Finding]:
    """Rows that inputs break; with `alone`, of single values only."""
    rules = [rule for rule in tables.documented().get(type_, []) if "path" in rule or not alone]
    for failure in constraints.violations(rules, plain(wrapped(inputs))):
        yield Finding(OWN, failure.property, failure.reason)
