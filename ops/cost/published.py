"""Published bills of other authors, and what our rules compute for the same. us-east-1, on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ops.cost import usage
from ops.cost.by_hand import HOME, NOBODY, amounts, dollars, resource, users_for
from ops.cost.prices import shipped
from ops.cost.rules.network import capacity_units
from ops.cost.span import CostSpan
from ops.cost.usage import HOURS, Usage

_NAT = "aws:ec2/natGateway:NatGateway"
_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"


@dataclass(frozen=True, slots=True)
class Example:
    """One published bill.

    published: US dollars a month, as the source says. ours: the same by the rules.
    within: largest error that the source's own rounding explains, as a share.
    """

    what: str
    source: str
    published: float
    ours: Callable[[], float]
    within: float = 0.001

    @property
    def error(self) -> float:
        """Error of our sum, as a share of the published one."""
        return self.ours() / self.published - 1


def _nat(count: int, gigabytes: float) -> float:
    gateways = [resource(_NAT, str(index)) for index in range(count)]
    load = users_for(gigabytes, usage.NAT_KB, per_request=True)
    return dollars(amounts(*gateways, usage=load), "vpc.nat-hour", "vpc.nat-gb").high * count


def _instances(count: int, type_: str) -> float:
    template = resource(_TEMPLATE, instanceType=type_)
    return dollars(amounts(resource(_GROUP, minSize=count, maxSize=count), template), f"ec2.{type_}").high


def _monitored(count: int) -> float:
    template = resource(_TEMPLATE, instanceType="t4g.small", monitoring={"enabled": True})
    return dollars(amounts(resource(_GROUP, minSize=count, maxSize=count), template), "cloudwatch.metric").high


def _serverless(least: float) -> float:
    bounds = {"minCapacity": least, "maxCapacity": 16}
    cluster = resource("aws:rds/cluster:Cluster", serverlessv2ScalingConfiguration=bounds)
    return dollars(amounts(resource(_INSTANCE, instanceClass="db.serverless"), cluster)).low


def _proxy() -> float:
    bounds = {"minCapacity": 0.5, "maxCapacity": 1}
    around = [
        resource("aws:rds/cluster:Cluster", serverlessv2ScalingConfiguration=bounds),
        resource(_INSTANCE, instanceClass="db.serverless"),
    ]
    return dollars(amounts(resource("aws:rds/proxy:Proxy"), *around)).low


def _lcus(gigabytes_an_hour: float) -> float:
    units = capacity_units(NOBODY, CostSpan(0, gigabytes_an_hour * HOURS))
    return units.high * HOURS * shipped().price("alb.lcu-hour", HOME).usd


def _balancer() -> float:
    return dollars(amounts(resource("aws:lb/loadBalancer:LoadBalancer", internal=True)), "alb.hour").high


def _task_around_the_clock() -> float:
    # A quarter of an hour, every quarter of an hour, is the upper end of what a job takes.
    task = resource("aws:ecs/taskDefinition:TaskDefinition", cpu="1024", memory="4096")
    target = {"ecsParameters": {"launchType": "FARGATE"}}
    schedule = resource("aws:scheduler/schedule:Schedule", scheduleExpression="rate(15 minutes)", target=target)
    return dollars(amounts(schedule, task), "fargate.x86-vcpu", "fargate.x86-gb").high


def _alarms() -> float:
    five = [amounts(resource("aws:cloudwatch/metricAlarm:MetricAlarm", str(n), period=60)) for n in range(5)]
    together = amounts(resource("aws:cloudwatch/compositeAlarm:CompositeAlarm"))
    return sum(dollars(found).high for found in [*five, together])


def _secrets(count: int) -> float:
    found = [amounts(resource("aws:secretsmanager/secret:Secret", str(n))) for n in range(count)]
    return sum(dollars(one, "secrets.secret").high for one in found)


def _endpoint() -> float:
    one = resource("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=["a", "b", "c"])
    return dollars(amounts(one), "vpc.endpoint-hour").high


def _cluster() -> float:
    return dollars(amounts(resource("aws:eks/cluster:Cluster")), "eks.cluster").high


def _egress(gigabytes: float) -> float:
    load: Usage = users_for(gigabytes, usage.EGRESS)
    one = resource("aws:lb/loadBalancer:LoadBalancer", internal=True)
    return dollars(amounts(one, usage=load), "transfer.internet-gb").high


_BASAVYTIX = "basavytix.com/blog/aws-nat-gateway-pricing"
_HORIZONS = "cloud-horizons.com/blog/alb-the-line-item-nobody-watches"

EXAMPLES = (
    Example("one NAT gateway, 500 GB", _BASAVYTIX, 55.35, lambda: _nat(1, 500)),
    Example("three NAT gateways, 2,048 GB", _BASAVYTIX, 190.71, lambda: _nat(3, 2048)),
    Example("three NAT gateways, 20,480 GB", _BASAVYTIX, 1020.15, lambda: _nat(3, 20_480)),
    Example("Aurora at 0.5 ACU", "c3x.dev/blog/aws-aurora-serverless-v2-cost", 44, lambda: _serverless(0.5), 0.01),
    Example("a load balancer without traffic", _HORIZONS, 16.43, _balancer),
    # Its month has 30 days; ours is a twelfth of a year, as in AWS' own calculator.
    Example("30 GB an hour through it", _HORIZONS, 172, lambda: _lcus(30), 0.02),
    Example("an EKS control plane", "cloudburn.io/blog/amazon-eks-pricing", 73, _cluster),
    Example(
        "a Fargate task of 1 vCPU and 4 GB",
        "wring.co/blog/aws-fargate-pricing-guide",
        42,
        _task_around_the_clock,
        0.015,
    ),
    Example(
        "a composite alarm over five alarms",
        "c3x.dev/resources/aws/aws_cloudwatch_metric_alarm",
        1.00,
        _alarms,
    ),
    Example(
        "detailed monitoring of ten instances", "Amazon CloudWatch Pricing, example 1", 21.00, lambda: _monitored(10)
    ),
    # By hand, from the unit prices of the pages named.
    Example(
        "ten t4g.small: 10 x 0.0168 x 730", "Amazon EC2 Pricing, by hand", 122.64, lambda: _instances(10, "t4g.small")
    ),
    Example("RDS Proxy, eight ACUs at least: 8 x 0.015 x 730", "Amazon RDS Proxy Pricing, by hand", 87.60, _proxy),
    Example(
        "an interface endpoint in three zones: 3 x 0.01 x 730", "AWS PrivateLink Pricing, by hand", 21.90, _endpoint
    ),
    Example("five secrets: 5 x 0.40", "AWS Secrets Manager Pricing, by hand", 2.00, lambda: _secrets(5)),
    Example("100 GB to the internet: 100 x 0.09", "Amazon EC2 Pricing, by hand", 9.00, lambda: _egress(100)),
)
