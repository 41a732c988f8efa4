"""Warnings about values in a stack's file that are allowed but rarely meant. They stop nothing."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.images import used
from ops import stackfile
from ops.config_file import read
from ops.console import errors
from ops.cost.move import Bill

if TYPE_CHECKING:
    from ops.cost.estimate import Estimate

# pulumi, sdk/go/common/workspace/project.go, ProjectStack: what the engine reads of the file.
TOP = frozenset({"config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt"})
LATEST = "latest"


def doubted(settings: Settings, stack: str) -> list[str]:
    """Print the warnings about a stack's file on standard error. Returns them, a line each."""
    lines = (*_unread(stack), *_moving(settings), *_shared(settings, stack))
    return _told(*(f"Pulumi.{stack}.yaml: {line}" for line in lines))


def over_budget(found: Estimate, settings: Settings, stack: str) -> list[str]:
    """Warn of a budget below the cost of a normal month. Returns the warning as one line."""
    bill = Bill(before=None, after=found, budget=settings.sizes.budget.monthly_usd)
    if not bill.exceeds:
        return []
    return _told(f"Pulumi.{stack}.yaml: ascent:budget.monthlyUsd: {bill.excess}. See: ascent cost --stack {stack}")


def _told(*lines: str) -> list[str]:
    for line in lines:
        errors.print(f"Warning: {line}", style="yellow", markup=False)
    return list(lines)


def _unread(stack: str) -> Iterator[str]:
    everything = read(stackfile.ROOT / f"Pulumi.{stack}.yaml", stackfile.PROJECT)
    for key in sorted(everything.keys() - TOP):
        yield f"{key}: this is not read; the stack's keys belong under config"
    for key in everything["config"]:
        if key.startswith("aws:"):
            yield f"{key}: this is not read: each region has a provider of its own; see ascent:account, ascent:tags"


def _moving(settings: Settings) -> Iterator[str]:
    for key, image in used(settings):
        if image.rpartition(":")[2] == LATEST:
            yield (
                f"ascent:{key}: given {image}; each push moves this tag, so instances of one color may run different "
                "versions, and nothing goes back. Take a tag for each version, or a digest"
            )


def _shared(settings: Settings, stack: str) -> Iterator[str]:
    own = [IPv4Network(one) for one in settings.ranges]
    for name in stackfile.names():
        for one in _ranges(name) if name != stack else ():
            if any(one.overlaps(mine) for mine in own):
                yield (
                    f"ascent:network: given {', '.join(map(str, own))}; Pulumi.{name}.yaml has {one}, so the two can "
                    "never be peered. Take another range where that may be wanted: docs/network.md"
                )


def _ranges(stack: str) -> list[IPv4Network]:
    try:
        return [IPv4Network(one) for one in stackfile.settings(stack, judged=False).ranges]
    except SettingsError:
        return []
