"""Names, tags and type tokens. A name holds the stack, the region and the thing; never the stage or a size."""

from __future__ import annotations

import hashlib
import re

from infra.regions import REGIONS
from infra.thresholds import STACK_NAME

# Pulumi appends a hyphen and seven hexadecimal digits to make a physical name.
AUTONAME_SUFFIX = 8
# ALB and target group names: AWS quota, Elastic Load Balancing API reference. The shortest of all names in the program,
# so every base name is made to fit it.
SHORTEST_NAME_LIMIT = 32
# A DNS label: RFC 1123.
NAMESPACE_LIMIT = 63
_DIGEST = 4
# What the jobs of `ascent backfill` report lies below this prefix of the home's bucket of access logs.
REPORTS = "backfill"


def token(component: str) -> str:
    """Type token of a component, such as `ascent:infra:Network`."""
    return f"ascent:infra:{component}"


def fit(name: str, limit: int) -> str:
    """`name`, shortened to `limit` characters with a digest of the whole at its end where it is longer.

    Raises:
        ValueError: when the limit cannot hold a digest.
    """
    if limit <= _DIGEST + 1:
        raise ValueError(f"a limit of {limit} cannot hold a shortened name")
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limit - _DIGEST - 1].rstrip('-')}-{digest}"


def regional(stack: str, region: str) -> str:
    """Base name of everything in one region: `prod-use1`. The primary region has it too, from the first stage on."""
    return f"{stack}-{REGIONS[region].code}"


def namespace(project: str, stack: str) -> str:
    """Kubernetes namespace of a stack: `ascent-prod`. The same in each region's cluster, since host names hold it."""
    return fit(re.sub(r"[^a-z0-9]+", "-", f"{project}-{stack}".lower()).strip("-"), NAMESPACE_LIMIT)


def balanced(name: str) -> str:
    """Name of a load balancer or target group, which must leave room for Pulumi's suffix within 32 characters."""
    return fit(name, SHORTEST_NAME_LIMIT - AUTONAME_SUFFIX)


def refused(stack: str) -> str | None:
    """Why AWS would not take names that begin with this stack's, and what does; None where it would."""
    if len(stack) > STACK_NAME.value:
        return f"it has {len(stack)} characters; it should have {STACK_NAME.value} at most ({STACK_NAME.source})"
    if re.fullmatch(r"[a-z](-?[a-z0-9])*", stack):
        return None
    return (
        "it should begin with a letter and consist of lower-case letters, digits and single hyphens, and not end with "
        "one, as identifiers of databases and caches do (Amazon RDS, CreateDBCluster: DBClusterIdentifier)"
    )


def tags(project: str, stack: str) -> dict[str, str]:
    """Default tags of every AWS resource. The stage is not among them: a move would then touch every resource."""
    return {"ascent:project": project, "ascent:stack": stack, "ascent:managed-by": "pulumi"}
