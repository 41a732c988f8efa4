"""Which buckets are copied to which regions, from the stack's outputs, and whether its file says that this was done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.config.settings import Settings

LENGTH = 12  # Length of a mark in hexadecimal digits: enough to distinguish one set of buckets from the next.


class NoCopiesError(Exception):
    """No bucket is a destination of copies. The text says why, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """Buckets by kind, and where they are copied.

    home: region of `sources`. role: ARN of the role of the jobs. reports: bucket for their reports.
    sources: bucket by kind. to: the same of each other region.
    """

    home: str
    role: str
    reports: str
    sources: Mapping[str, str]
    to: Mapping[str, Mapping[str, str]]

    @property
    def account(self) -> str:
        """Number of the AWS account."""
        return self.role.split(":")[4]

    def mark(self, region: str) -> str:
        """A digest of a region's bucket names. A region that left and came back has new buckets, so another mark."""
        # With a letter first, as YAML would take some of these for numbers.
        return f"b{_digest(*sorted(self.to[region].values()))}"

    def name(self, kind: str) -> str:
        """The description of the jobs that copy a bucket to all regions: the same until a bucket is another one."""
        there = _digest(self.sources[kind], *sorted(buckets[kind] for buckets in self.to.values()))
        return f"ascent backfill: {self.sources[kind]} to {len(self.to)} regions ({there})"

    def done(self, settings: Settings, region: str) -> bool:
        """Whether the stack's file says that the region's present buckets have the older objects as well."""
        noted = settings.backfilled.get(region)
        return noted is not None and noted.buckets == self.mark(region)


def copies(settings: Settings, stack: str, outputs: Mapping[str, Any]) -> Copies:
    """Which buckets a stack copies to which regions.

    Args:
        settings: of the stack.
        stack: its name.
        outputs: those of its last update.

    Raises:
        NoCopiesError: when it has no copies, or its outputs name none.
    """
    if len(settings.active_regions) == 1:
        raise NoCopiesError(
            f"Pulumi.{stack}.yaml: stage {settings.stage} runs in {settings.home} alone; objects are copied from stage "
            "7 on, to each further region under ascent:regions"
        )
    told = outputs.get("copies") or {}
    if not told:
        raise NoCopiesError(f"{stack} has no output about copies yet; first: pulumi up --stack {stack}")
    return Copies(
        home=settings.home, role=told["roleArn"], reports=told["reports"], sources=told["from"], to=told["to"]
    )


def _digest(*names: str) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:LENGTH]
