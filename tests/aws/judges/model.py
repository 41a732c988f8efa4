"""What a judge says."""

from __future__ import annotations

from dataclasses import dataclass

# AWS' own data: the registry's schemas, cfn-lint's rules, and botocore's shapes. `own` is what tests/aws/data holds.
REGISTRY, RULES, CALLS, OWN = "registry", "rules", "calls", "own"
PUBLISHED = (REGISTRY, RULES, CALLS)


@dataclass(frozen=True, slots=True)
class Finding:
    """A disagreement of a resource with what AWS says.

    source: which judge saw it.
    path: where, in the names of the judge's model.
    """

    source: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.source}: {self.path}: {self.message}"
