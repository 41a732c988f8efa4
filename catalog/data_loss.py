"""What the provider's facts call stateful, and this platform rebuilds; docs/adr/0003 and 0010 say why."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any

from catalog import tables
from infra.regions import REGIONS

if TYPE_CHECKING:
    from infra.config.settings import Settings

FACTS: dict[str, Any] = tables.load("replacement.json")

SERVICE = "kubernetes:core/v1:Service"
# Each is rebuilt from what is kept.
TYPES = {
    "aws:ec2/internetGateway:InternetGateway": "has no address of its own",
    "aws:ec2/natGateway:NatGateway": "its address is an Eip that is kept",
    "aws:ec2/securityGroup:SecurityGroup": "its rules are in the program",
    "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": "ties caches together, which stay",
    "aws:iam/instanceProfile:InstanceProfile": "a name for the role",
    "aws:iam/role:Role": "nobody outside refers to it",
    "aws:kms/alias:Alias": "a name for the key, which is kept",
    "aws:lb/targetGroup:TargetGroup": "holds registrations that instances and pods renew",
    "aws:rds/globalCluster:GlobalCluster": "ties clusters together; the one that writes stays",
    "aws:route53/record:Record": "its content is in the program",
    "cloudflare:index/dnsRecord:DnsRecord": "its content is in the program",
    "cloudflare:index/loadBalancer:LoadBalancer": "without it, the record of the same name answers",
    "random:index/randomPassword:RandomPassword": "also kept in the secret that is made of it",
    "random:index/randomString:RandomString": "part of a snapshot's name; another one does as well",
}
# Parts of the platform that come and go with the stage, with all that belongs to them.
_PARTS = re.compile(r"-(proxy|db-reader|cache|workers|tasks|logins|jobs-login|outside)(-|$)")
# Names hold the code of their region, also of what no AWS provider manages.
_CODES = {region.code: name for name, region in REGIONS.items()}
_PLACE = re.compile(rf"-({'|'.join(_CODES)})(-|$)")
# Watches for the sign to move up, and holds nothing: the stage that answers it drops it.
SIGNS = re.compile(r"-(balancer-bandwidth|budget-egress|db-connections-many|db-cpu-raised|db-pool-reads)$")
# Writing a new version is how a secret's value changes; the secret stays.
# A flow log changes no other way; the new one is there before the old one goes, and what either wrote stays.
# A task definition changes by another revision.
REWRITTEN = {
    "aws:ec2/flowLog:FlowLog",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:secretsmanager/secretVersion:SecretVersion",
}


def stateful(type_: str) -> bool:
    """Whether losing a resource of this type hurts, by the provider's facts."""
    return bool(FACTS.get(type_, {}).get("stateful"))


def is_part(name: str) -> bool:
    """Whether a resource belongs to a part that comes and goes."""
    return bool(_PARTS.search(name))


def is_sign(name: str) -> bool:
    """Whether a resource says when to move up, and is gone afterwards."""
    return bool(SIGNS.search(name))


def precious(type_: str, name: str) -> bool:
    """Whether losing a resource loses what nothing else holds."""
    return stateful(type_) and type_ not in TYPES and not is_part(name)


def holds_nothing(type_: str, sides: Iterable[Mapping[str, Any]]) -> bool:
    """Whether what a resource is, by its inputs before and after, has nothing that others rely on.

    Of a Kubernetes Service, a load balancer has an address. All others have one in the cluster alone, by which its pods
    find each other through a name that the program gives.
    """
    return type_ == SERVICE and not any((one.get("spec") or {}).get("type") == "LoadBalancer" for one in sides)


def region_in(name: str) -> str | None:
    """The AWS region that a resource's name tells, or None."""
    found = _PLACE.search(name)
    return _CODES[found[1]] if found else None


def holding(*settings: Settings) -> Set[str]:
    """The regions whose data is no copy of another's, by any of these settings: the home, and the one that writes."""
    return {region for one in settings for region in (one.home, one.writing_region)}


def may_hold(name: str, region: str | None, holding: Collection[str]) -> bool:
    """Whether what a resource holds is no copy of another region's, or may be none. Arguments as for `is_lost`."""
    place = region or region_in(name)
    return place is None or place in holding


def is_lost(type_: str, name: str, region: str | None, holding: Collection[str]) -> bool:
    """Whether deleting or replacing a resource loses what nothing else holds.

    Args:
        type_: its type. name: its name in the program.
        region: AWS region it is in; None where its provider has none, and its name may tell.
        holding: regions whose data is no copy. What is in others is made anew from theirs.
    """
    return precious(type_, name) and may_hold(name, region, holding)


def why_not_lost(type_: str, name: str) -> str:
    """Why losing a stateful resource that `is_lost` lets go loses nothing."""
    if type_ in TYPES:
        return TYPES[type_]
    return "a part that is rebuilt from what stays" if is_part(name) else "in a region that holds copies alone"
