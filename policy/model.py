"""A policy: a row with a name, the types that it checks, a severity, a reason, and a plain function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from catalog.data_loss import may_be_original

Severity = Literal["low", "medium", "high", "critical"]
Props = Mapping[str, Any]

# Stand for values that only the cloud knows, and for secrets, as in `ascent plan --json`.
UNKNOWN: Mapping[str, Any] = {"unknown": True}
SECRET: Mapping[str, Any] = {"secret": True}


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Facts about the stack that a resource belongs to.

    stage: scaling stage, or None for a stack that is not Ascent's.
    capabilities: of that stage, as in the stage table.
    protect: whether the stack protects resources that hold data.
    on_ec2, on_kubernetes: where its workload runs.
    regions: those it uses, the primary first.
    authoritative: those of them with the original of its data; none where they are not known.
    """

    stage: int | None = None
    capabilities: frozenset[str] = frozenset()
    protect: bool = True
    on_ec2: bool = True
    on_kubernetes: bool = False
    regions: tuple[str, ...] = ()
    authoritative: frozenset[str] = frozenset()

    def has_original(self, region: str | None) -> bool:
        """Whether a resource in this region may hold the original of the data, as may one without a region."""
        return may_be_original(region, self.authoritative)

    def keeps(self, region: str | None) -> bool:
        """Whether resources with data in this region are protected."""
        return self.protect and self.has_original(region)


class Resource(Protocol):
    """A resource as policies see it: one of an offline render, or one that the engine shows to the pack.

    region: AWS region of its provider, where it has one.
    protect: whether the engine would refuse to delete it.
    """

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Props: ...
    @property
    def region(self) -> str | None: ...
    @property
    def protect(self) -> bool: ...


# The violation as text, or None.
Check = Callable[[Props], str | None]
# URN and text of each violation.
StackCheck = Callable[[Sequence[Resource], Facts], Iterable[tuple[str, str]]]
When = Callable[[Facts], bool]


def always(facts: Facts) -> bool:
    """For rules of every stage."""
    del facts
    return True


def having(*capabilities: str) -> When:
    """For stages that have all of these."""
    return lambda facts: facts.capabilities.issuperset(capabilities)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyRule:
    """A rule about one resource.

    types: type tokens that it checks.
    reason: why it matters. frameworks: controls that ask for the same, as `FSBP:RDS.27` or `CIS-AWS-3.0:2.3.1`.
    when: which stacks it is for.
    guards: whether it protects data. A stack may turn such policies off (`ascent:protect: false`), and they never apply
        to regions that are not authoritative: those hold copies, and may be removed.
    """

    name: str
    types: tuple[str, ...]
    severity: Severity
    reason: str
    check: Check
    frameworks: tuple[str, ...] = ()
    when: When = always
    guards: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StackRule:
    """A rule about all resources of a stack together."""

    name: str
    types: tuple[str, ...]
    severity: Severity
    reason: str
    check: StackCheck
    frameworks: tuple[str, ...] = ()
    when: When = always


def values(props: Any, path: str) -> list[Any]:
    """Values at a path: `a.b`, with `[*]` for every element of a list. A missing value is None."""
    found: list[Any] = [props]
    for part in path.split("."):
        name, every = part.removesuffix("[*]"), part.endswith("[*]")
        found = [_member(one, name) for one in found]
        if every:
            found = [item for one in found if isinstance(one, list | tuple) for item in one]
    return found


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        return None
    return value if hidden(value) else value.get(name)


def hidden(value: Any) -> bool:
    """Whether a value cannot be checked: only the cloud knows it, or it is secret."""
    return value in (UNKNOWN, SECRET)


def wants(path: str, good: Callable[[Any], bool], expected: str) -> Check:
    """A check that every value at `path` is good. A hidden value passes."""

    def check(props: Props) -> str | None:
        for value in values(props, path):
            if not hidden(value) and not good(value):
                return f"{path} is {_shown(value)}; it should be {expected}"
        return None

    return check


def is_true(path: str) -> Check:
    """A check that a switch is on. Providers also take it as text."""
    return wants(path, lambda value: value is True or value == "true", "true")


def is_false(path: str) -> Check:
    """A check that a switch is off, or not set where off is the default."""
    return wants(path, lambda value: value in (None, False, "false"), "false")


def at_least(path: str, least: float) -> Check:
    """A check that a number is not below `least`."""
    return wants(path, lambda value: _number(value) >= least, f"{least:g} or more")


def at_most(path: str, most: float) -> Check:
    """A check that a number is set, and not above `most`."""
    return wants(path, lambda value: value is not None and _number(value) <= most, f"{most:g} or less")


def one_of(path: str, *allowed: Any) -> Check:
    """A check that a value is one of those."""
    return wants(path, lambda value: value in allowed, " or ".join(map(str, allowed)))


def given(path: str) -> Check:
    """A check that a value is set."""
    return wants(path, lambda value: value not in (None, "", [], {}), "set")


def matches(path: str, pattern: str) -> Check:
    """A check that a text matches the whole of a pattern."""
    return wants(path, lambda value: re.fullmatch(pattern, str(value)) is not None, f"like {pattern}")


def several(path: str, least: int) -> Check:
    """A check that a list has so many elements."""
    return wants(path, lambda value: len(value or ()) >= least, f"a list of {least} or more")


def every(*checks: Check) -> Check:
    """A check that all of these pass."""

    def check(props: Props) -> str | None:
        return next((problem for one in checks if (problem := one(props))), None)

    return check


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _shown(value: Any) -> str:
    return "not set" if value is None else f"{str(value)[:60]!r}"
