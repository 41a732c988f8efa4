"""Whether losing a resource loses data: THE place that decides it, for the guard, policies, drift and moves.

By its type, by the component that made it, and by what it says of itself. Never by its name: a name holds the stack's
name, and a stack may be called `my-cache`. What is not known counts as holding data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from catalog.stateful import stateful
from catalog.urns import components_of, type_of

Inputs = Mapping[str, Any]

# Stateful by the providers' facts, and yet each is rebuilt from what is kept; docs/adr/0003 and 0010 say more.
REBUILT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "aws:ec2/natGateway:NatGateway": "its address is an Eip that is kept",
        "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": "ties caches together, which stay",
        "aws:iam/role:Role": "nothing outside of the stack refers to it",
        "aws:rds/globalCluster:GlobalCluster": "ties clusters together; the one that writes stays",
        "aws:route53/record:Record": "its content is in the program",
        "cloudflare:index/dnsRecord:DnsRecord": "its content is in the program",
        "cloudflare:index/loadBalancer:LoadBalancer": "without it, the record of the same name answers",
        "random:index/randomPassword:RandomPassword": "also kept in the secret that is made of it",
        "random:index/randomString:RandomString": "part of a snapshot's name; another one does as well",
    }
)
# Components that come and go with the stage or with a setting, with all that is in them: docs/adr/0010.
REBUILT_COMPONENTS = frozenset({"Cache", "Jobs", "OutsideCheck", "PodWorkers", "Proxy", "RoleSecrets", "Workers"})
_REBUILT = "a part that is rebuilt from what stays"


def _promoted_later(inputs: Inputs) -> bool:
    """A reader. The instance that is always there, and that a failover takes first, is in tier 0."""
    tier = inputs.get("promotionTier")
    return isinstance(tier, int) and tier > 0


def _needs_no_recovery(inputs: Inputs) -> bool:
    """One that the program made to be deleted at once: all of it is in the stack's file and in kept secrets."""
    return inputs.get("recoveryWindowInDays") == 0


# Of components that hold data, what is rebuilt all the same: by component and type, what its inputs have to say.
REBUILT_PARTS: Mapping[tuple[str, str], Callable[[Inputs], bool]] = MappingProxyType(
    {
        ("AppSecret", "aws:secretsmanager/secret:Secret"): _needs_no_recovery,
        ("Database", "aws:rds/clusterInstance:ClusterInstance"): _promoted_later,
    }
)
# Types that change by replacement alone, without a loss. A secret's value changes by a new version; the secret stays.
# A flow log changes no other way; the new one is there before the old one goes, and what either wrote stays.
# A task definition changes by another revision.
REWRITTEN = {
    "aws:ec2/flowLog:FlowLog",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:secretsmanager/secretVersion:SecretVersion",
}
_SERVICE = "kubernetes:core/v1:Service"


def _in_the_cluster_alone(spec: Any) -> bool:
    """A Service without a load balancer: pods find it by a name that the program gives, whatever address it has."""
    known = isinstance(spec, Mapping) and not {"secret", "unknown"} & spec.keys()
    return known and spec.get("type") in (None, "ClusterIP", "ExternalName", "NodePort")


def comes_and_goes(urn: str, inputs: Inputs) -> bool:
    """Whether it belongs to what the stage or a setting adds and takes away, and is rebuilt from what stays."""
    components, kind = components_of(urn), type_of(urn)
    rules = (REBUILT_PARTS.get((one, kind)) for one in components)
    return not REBUILT_COMPONENTS.isdisjoint(components) or any(rule(inputs) for rule in rules if rule)


def why_rebuilt(urn: str, inputs: Inputs) -> str | None:
    """Why losing a stateful resource loses nothing wherever it is; None for what holds data or an identity.

    Args:
        urn: of the resource.
        inputs: as it is; none where they are not known.
    """
    kind = type_of(urn)
    if kind in REBUILT_TYPES:
        return REBUILT_TYPES[kind]
    if kind == _SERVICE and _in_the_cluster_alone(inputs.get("spec")):
        return "its address is known in the cluster alone"
    return _REBUILT if comes_and_goes(urn, inputs) else None


def holds_data(urn: str, inputs: Inputs) -> bool:
    """Whether it holds data or an identity, be it the original or a copy. Arguments as for `why_rebuilt`."""
    return stateful(type_of(urn)) and why_rebuilt(urn, inputs) is None


def may_be_original(region: str | None, authoritative: Collection[str]) -> bool:
    """Whether what is in a region may be the original of the data.

    Args:
        region: AWS region; None where there is none, or it is not known.
        authoritative: those with the original, by `infra.authoritative`; none where they are not known.
    """
    return region is None or not authoritative or region in authoritative


def is_lost(urn: str, inputs: Inputs, region: str | None, authoritative: Collection[str]) -> bool:
    """Whether deleting or replacing a resource loses what nothing else holds.

    Args:
        urn: of the resource.
        inputs: as it is; none where they are not known.
        region: AWS region it is in, by `catalog.location`; None where it is in none, or it is not known.
        authoritative: regions with the original; none where they are not known. Others hold copies of theirs.
    """
    return holds_data(urn, inputs) and may_be_original(region, authoritative)


def why_not_lost(urn: str, inputs: Inputs) -> str:
    """Why losing a stateful resource that `is_lost` lets go loses nothing."""
    return why_rebuilt(urn, inputs) or "in a region that holds copies alone"
