"""Traffic in and out: load balancers, NAT, endpoints, addresses, and egress to the internet."""

from __future__ import annotations

from collections.abc import Iterator

from infra.thresholds import FLOW_LOG_DAYS
from ops.cost import usage
from ops.cost.around import Around, PricedAmount, Rule, hours
from ops.cost.span import CostSpan, exactly
from ops.cost.usage import HOURS

FLOW_LOG = "aws:ec2/flowLog:FlowLog"
NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
# AWS, Elastic Load Balancing pricing: what one load balancer capacity unit holds.
_NEW_A_SECOND, _ACTIVE, _GB_AN_HOUR = 25, 3000, 1


def balancer(around: Around) -> Iterator[PricedAmount]:
    """An Application Load Balancer: hours, capacity units, a public address per zone, and what leaves through it."""
    egress = around.usage.per_user(usage.EGRESS)
    if around.world.proxied:
        egress = egress * usage.CDN_PASSES.span
    yield PricedAmount("alb.hour", hours())
    yield PricedAmount("alb.lcu-hour", hours(capacity_units(around.usage, egress)))
    if not around.inputs.get("internal"):
        yield PricedAmount(
            "vpc.public-ipv4", hours(len(around.inputs.get("subnets") or ())), "addresses of the balancer"
        )
    yield PricedAmount("transfer.internet-gb", egress, "egress past the CDN" if around.world.proxied else "egress")


def capacity_units(load: usage.Usage, egress: CostSpan) -> CostSpan:
    """LCUs that a load takes: the largest of new connections, active ones, and GB an hour. Rules stay within ten."""
    a_second = load.per_request(usage.NEW_CONNECTIONS) * (1 / (HOURS * 3600))
    parts = (a_second * (1 / _NEW_A_SECOND), load.users * (1 / _ACTIVE), egress * (1 / (HOURS * _GB_AN_HOUR)))
    return CostSpan(max(one.low for one in parts), max(one.high for one in parts))


def firewall(around: Around) -> Iterator[PricedAmount]:
    """A web ACL: itself, its rules, and the requests that it looks at."""
    yield PricedAmount("waf.acl", exactly(1))
    yield PricedAmount("waf.rule", exactly(len(around.inputs.get("rules") or ())))
    yield PricedAmount("waf.request", around.usage.requests * 1e-6)


def nat(around: Around) -> Iterator[PricedAmount]:
    """A NAT gateway: hours, and its share of the instances' egress."""
    share = 1 / len(around.here(NAT))
    moved = around.usage.gigabytes(usage.NAT_KB) * share
    yield PricedAmount("vpc.nat-hour", hours())
    yield PricedAmount("vpc.nat-gb", moved)
    yield PricedAmount("transfer.internet-gb", moved, "egress through NAT")


def endpoint(around: Around) -> Iterator[PricedAmount]:
    """An interface endpoint, per zone. A gateway endpoint costs nothing."""
    if around.inputs.get("vpcEndpointType") != "Interface":
        return
    service = str(around.inputs.get("serviceName"))
    yield PricedAmount("vpc.endpoint-hour", hours(len(around.inputs.get("subnetIds") or ())))
    if service.endswith(".logs"):
        yield PricedAmount("vpc.endpoint-gb", around.usage.gigabytes(usage.ENDPOINT_KB))


def flow_log(around: Around) -> Iterator[PricedAmount]:
    """A flow log, where it goes to a bucket; else it is priced with its log group."""
    if around.inputs.get("logDestinationType") != "s3":
        return
    written = around.usage.gigabytes(usage.FLOW_LOG_KB)
    yield PricedAmount("s3.vended-gb", written)
    yield PricedAmount("s3.storage", written * (usage.COMPRESSED * FLOW_LOG_DAYS.value / usage.MONTH_DAYS), "flow logs")


def address(around: Around) -> Iterator[PricedAmount]:
    """An Elastic IP address, which costs the same whether used or not."""
    del around
    yield PricedAmount("vpc.public-ipv4", hours())


def service(around: Around) -> Iterator[PricedAmount]:
    """A Kubernetes Service, which has a price if it makes a load balancer of its own."""
    if (around.inputs.get("spec") or {}).get("type") == "LoadBalancer":
        yield PricedAmount("alb.hour", hours(), "load balancer of a Service")


RULES: dict[str, Rule] = {
    "aws:lb/loadBalancer:LoadBalancer": balancer,
    "aws:wafv2/webAcl:WebAcl": firewall,
    NAT: nat,
    FLOW_LOG: flow_log,
    ENDPOINT: endpoint,
    "aws:ec2/eip:Eip": address,
    "kubernetes:core/v1:Service": service,
}
_SETTINGS = "settings of the network"
FREE = {
    "aws:acm/certificate:Certificate": "public certificates for a load balancer cost nothing",
    "aws:acm/certificateValidation:CertificateValidation": "a wait",
    "aws:lb/listener:Listener": "part of the load balancer",
    "aws:lb/listenerRule:ListenerRule": "part of the load balancer",
    "aws:lb/targetGroup:TargetGroup": "part of the load balancer",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "part of the web ACL",
    "aws:route53/record:Record": "aliases are answered free of charge, and the zone is not this program's",
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": "costs what it moves, which is priced where it is moved",
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": "part of the peering",
    **{
        f"aws:ec2/{name[0].lower()}{name[1:]}:{name}": _SETTINGS
        for name in (
            "DefaultSecurityGroup",
            "InternetGateway",
            "ManagedPrefixList",
            "Route",
            "RouteTable",
            "RouteTableAssociation",
            "SecurityGroup",
            "Subnet",
            "Vpc",
        )
    },
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _SETTINGS,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _SETTINGS,
}
