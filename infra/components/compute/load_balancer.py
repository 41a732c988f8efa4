"""One region's Application Load Balancer: HTTPS in, weighted shares of it out to the target groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.security_groups import ANYWHERE
from infra.thresholds import (
    APP_PORT,
    DEREGISTRATION_DELAY,
    HEALTH_INTERVAL,
    HEALTH_TIMEOUT,
    HEALTHY_COUNT,
    HTTP_PORT,
    HTTPS_PORT,
    IDLE_TIMEOUT,
    UNHEALTHY_COUNT,
)

_RULE_PRIORITY_STEP = 10  # priority: room for a rule between any two
_PROXY_RANGES = 20  # ranges: Cloudflare's 15, and room for five; AWS counts each as a rule

# TLS 1.3 and 1.2 with forward secrecy; AWS, "Security policies for your Application Load Balancer".
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# A request goes to the target group that the first header names, whatever the weights, if it knows the key: a version
# without traffic is not public.
TARGET_HEADER, KEY_HEADER = "x-ascent-target", "x-ascent-key"
# No request ever comes from there: RFC 5737 keeps 192.0.2.0/24 for examples.
NOBODY = "192.0.2.0/32"
# AmazonEKSLoadBalancingPolicy lets a cluster register targets only with target groups that carry its name.
CLUSTER_TAG = "eks:eks-cluster-name"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target group to be.

    kind: `instance` for EC2 instances, `ip` for pods.
    weight: share of the traffic, in percent.
    rank: place of its rule among the others, which it keeps whichever of them are there.
    cluster: name of the EKS cluster whose Auto Mode is to register pods, or None.
    """

    kind: Literal["instance", "ip"]
    weight: int
    rank: int
    cluster: str | None = None


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """What a load balancer needs.

    vpc_id, subnet_ids: the VPC, and its public subnets.
    certificate_arn: a validated ACM certificate in this region.
    log_bucket: name of a bucket that allows the delivery of access logs.
    targets: target groups by name. Their weights add up to 100.
    target_key: what a request has to know to choose its target group, a secret.
    port: where targets listen.
    health_path: what they answer with 200 while they work.
    clients: IPv4 ranges of the proxies in front, which alone may reach it; None where everybody may.
    protect: guard the load balancer against deletion, here and at AWS.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    certificate_arn: pulumi.Input[str]
    log_bucket: pulumi.Input[str]
    targets: Mapping[str, Target]
    clients: Sequence[str] | None
    target_key: pulumi.Input[str]
    port: int
    health_path: str
    protect: bool


@dataclass(frozen=True, kw_only=True)
class HttpsListener:
    """The listener that shares the traffic out.

    host: host name of the load balancer, known once the listener exists.
    arn: the listener.
    weights: percent of the traffic by target group, as the provider read it back after the last update.
    """

    host: pulumi.Output[str]
    arn: pulumi.Output[str]
    weights: pulumi.Output[dict[str, int]]


class LoadBalancer(pulumi.ComponentResource):
    """An Application Load Balancer. It is complete once it has been told to `listen`.

    target_groups: target group by the name it was given in the arguments.
    security_group_id: what targets are to admit.
    admits: the rules that let clients in, for whatever sends clients here.
    arn, arn_suffix, dns_name, zone_id: as AWS calls them.
    """

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("LoadBalancer"), name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._security_group(args)
        self.admits = self._admit(group, args.clients)
        balancer = aws.lb.LoadBalancer(
            naming.balanced(name),
            load_balancer_type="application",
            internal=False,
            security_groups=[group.id],
            subnets=args.subnet_ids,
            idle_timeout=IDLE_TIMEOUT.value,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_http2=True,
            enable_zonal_shift=True,
            enable_deletion_protection=args.protect,
            access_logs={"bucket": args.log_bucket, "enabled": True},
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.target_groups = {target: self._target_group(target, one, args) for target, one in args.targets.items()}
        self._redirect = self._redirected(balancer)
        self._balancer = balancer
        self._args = args
        self.security_group_id = group.id
        self.arn = balancer.arn
        self.arn_suffix = balancer.arn_suffix
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id

    def _security_group(self, args: LoadBalancerArgs) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            self._name,
            description="HTTP and HTTPS to the load balancer",
            vpc_id=args.vpc_id,
            tags={"Name": self._name},
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-targets",
            security_group_id=group.id,
            description="To the targets",
            cidr_ipv4=ANYWHERE,
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            opts=self._child,
        )
        return group

    def _admit(
        self, group: aws.ec2.SecurityGroup, clients: Sequence[str] | None
    ) -> list[aws.vpc.SecurityGroupIngressRule]:
        """Rules for everybody and rules for proxies have names of their own: what comes is there before what goes."""
        name, who = (self._name, "the internet") if clients is None else (f"{self._name}-proxied", "the proxies")
        proxies = None if clients is None else self._proxies(clients).id
        return [
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{scheme}",
                security_group_id=group.id,
                description=f"{scheme.upper()} from {who}",
                cidr_ipv4=ANYWHERE if proxies is None else None,
                prefix_list_id=proxies,
                ip_protocol="tcp",
                from_port=port.value,
                to_port=port.value,
                opts=self._child,
            )
            for scheme, port in (("http", HTTP_PORT), ("https", HTTPS_PORT))
        ]

    def _proxies(self, clients: Sequence[str]) -> aws.ec2.ManagedPrefixList:
        return aws.ec2.ManagedPrefixList(
            f"{self._name}-proxies",
            address_family="IPv4",
            # With room, because AWS changes either this number or the entries in one request.
            max_entries=_PROXY_RANGES,
            entries=[{"cidr": cidr} for cidr in clients],
            tags={"Name": f"{self._name}-proxies"},
            opts=self._child,
        )

    def _target_group(self, target: str, one: Target, args: LoadBalancerArgs) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            naming.balanced(f"{self._name}-{target}"),
            vpc_id=args.vpc_id,
            target_type=one.kind,
            # Each pod is registered with a port of its own, and a binding may not change its group, which another port
            # here would replace (AWS Load Balancer Controller, TargetGroupBinding: immutable fields).
            port=args.port if one.kind == "instance" else APP_PORT.value,
            protocol="HTTP",
            deregistration_delay=DEREGISTRATION_DELAY.value,
            load_balancing_algorithm_type="least_outstanding_requests",
            stickiness={"enabled": False, "type": "lb_cookie"},
            health_check={
                "path": args.health_path,
                "interval": HEALTH_INTERVAL.value,
                "timeout": HEALTH_TIMEOUT.value,
                "healthy_threshold": HEALTHY_COUNT.value,
                "unhealthy_threshold": UNHEALTHY_COUNT.value,
                "matcher": "200",
            },
            tags={CLUSTER_TAG: one.cluster} if one.cluster else None,
            opts=self._child,
        )

    def _redirected(self, balancer: aws.lb.LoadBalancer) -> aws.lb.Listener:
        return aws.lb.Listener(
            f"{self._name}-http",
            load_balancer_arn=balancer.arn,
            port=HTTP_PORT.value,
            protocol="HTTP",
            default_actions=[
                {
                    "type": "redirect",
                    "redirect": {"port": str(HTTPS_PORT.value), "protocol": "HTTPS", "status_code": "HTTP_301"},
                }
            ],
            opts=self._child,
        )

    def check(self, target: str, *, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Have the health of a target group's targets checked before it gets any traffic, once `after` is there.

        A target group is checked only while a rule leads to it (Elastic Load Balancing User Guide, Health checks:
        `unused`, Target.NotInUse). Pods that wait for their target's health would wait for the listener, which waits
        for them. So a rule of the other listener, which waits for nothing, leads there; no request matches it.

        Gone before `after`: see `listen`.
        """
        return aws.lb.ListenerRule(
            f"{self._name}-{target}-check",
            listener_arn=self._redirect.arn,
            priority=self._args.targets[target].rank * _RULE_PRIORITY_STEP,
            conditions=[{"source_ip": {"values": [NOBODY]}}],
            actions=[{"type": "forward", "target_group_arn": self.target_groups[target].arn}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    def listen(self, *, after: Sequence[pulumi.Resource]) -> HttpsListener:
        """Let the traffic in, and share it out, once all of `after` is there: a listener that moved first would send
        requests to target groups that have no targets yet."""
        balancer, args = self._balancer, self._args
        https = aws.lb.Listener(
            f"{self._name}-https",
            load_balancer_arn=balancer.arn,
            port=HTTPS_PORT.value,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=args.certificate_arn,
            default_actions=[
                {
                    "type": "forward",
                    "forward": {
                        # A target group without weight is left out: the provider turns a weight of 0 on a new group
                        # into 1 (pulumi-aws issue 5772), and the sum would no longer be a hundred.
                        "target_groups": [
                            {"arn": self.target_groups[target].arn, "weight": one.weight}
                            for target, one in args.targets.items()
                            if one.weight > 0
                        ],
                        # AWS wants a duration even where there is no stickiness.
                        "stickiness": {"enabled": False, "duration": 1},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )
        arns = pulumi.Output.all(**{target: group.arn for target, group in self.target_groups.items()})
        # In two pieces: Output.all would make plain dictionaries of the actions.
        forwarded = https.default_actions.apply(_forwarded)
        weights = pulumi.Output.all(forwarded, arns).apply(lambda known: _named(*known))
        # Each target group is reachable by name: one without weight is health-checked and can be tried before its turn.
        for target, one in args.targets.items():
            aws.lb.ListenerRule(
                f"{self._name}-{target}",
                listener_arn=https.arn,
                priority=one.rank * _RULE_PRIORITY_STEP,
                conditions=[
                    {"http_header": {"http_header_name": TARGET_HEADER, "values": [target]}},
                    {"http_header": {"http_header_name": KEY_HEADER, "values": [args.target_key]}},
                ],
                actions=[{"type": "forward", "target_group_arn": self.target_groups[target].arn}],
                # And so gone before any of them: EKS Auto Mode deletes a target group with its binding, which ELB
                # refuses while a rule leads to it.
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
            )
        host = pulumi.Output.all(self.dns_name, https.arn).apply(lambda known: str(known[0]))
        # The last of it: a component has no more children once it has registered its outputs.
        self.register_outputs({"dnsName": self.dns_name})
        return HttpsListener(host=host, arn=https.arn, weights=weights)


def _forwarded(actions: Sequence[aws.lb.outputs.ListenerDefaultAction]) -> dict[str, int]:
    """Weight by ARN of the target group."""
    forwards = [action.forward for action in actions if action.forward]
    # An update of some resources alone (`pulumi up --target`) knows no ARN of what it leaves out.
    return {one.arn: one.weight or 0 for forward in forwards for one in forward.target_groups if one.arn}


def _named(weights: Mapping[str, int], arns: Mapping[str, str]) -> dict[str, int]:
    """Weight by name of the target group."""
    names = {arn: name for name, arn in arns.items()}
    return {names[arn]: weight for arn, weight in weights.items()}
