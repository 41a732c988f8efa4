"""Policies of networks, load balancers and names."""

from __future__ import annotations

from typing import Any

from policy.model import (
    PolicyRule,
    Props,
    at_most,
    every,
    given,
    hidden,
    is_false,
    is_true,
    matches,
    one_of,
    several,
    values,
    wants,
)

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_LISTENER = "aws:lb/listener:Listener"
_ANYWHERE = ("0.0.0.0/0", "::/0")
_WEB = (80, 443)
_ZONES = 3


def _open_ports(props: Props) -> str | None:
    open_to = [one for one in (props.get("cidrIpv4"), props.get("cidrIpv6")) if one in _ANYWHERE]
    port, last = props.get("fromPort"), props.get("toPort")
    if not open_to or (port in _WEB and port == last):
        return None
    return f"{open_to[0]} reaches ports {port} to {last}; the internet should reach 80 and 443 alone"


def _inline_rules(props: Props) -> str | None:
    for rule in [*values(props, "ingress[*]")]:
        if _is_wide(rule):
            return "a rule inside the group admits the internet; rules are resources of their own, where they are seen"
    return None


def _is_wide(rule: Any) -> bool:
    return any(one in _ANYWHERE for key in ("cidrBlocks", "ipv6CidrBlocks") for one in values(rule, f"{key}[*]"))


def _old_rule(props: Props) -> str | None:
    port, last = props.get("fromPort"), props.get("toPort")
    if props.get("type") != "ingress" or not _is_wide(props) or (port in _WEB and port == last):
        return None
    return f"the internet reaches ports {port} to {last}; it should reach 80 and 443 alone"


def _private_dns(props: Props) -> str | None:
    return is_true("privateDnsEnabled")(props) if props.get("vpcEndpointType") == "Interface" else None


def _listener(props: Props) -> str | None:
    if props.get("protocol") == "HTTP":
        redirects = values(props, "defaultActions[*].redirect.protocol")
        return None if redirects and set(map(str, redirects)) == {"HTTPS"} else "plain HTTP is served, not redirected"
    return matches("sslPolicy", r"ELBSecurityPolicy-TLS13-1-[23].*")(props)


def _weights(props: Props) -> str | None:
    weights = [one for one in values(props, "defaultActions[*].forward.targetGroups[*].weight") if not hidden(one)]
    if weights and sum(weights) != 100:
        return f"weights are {weights}, and should add up to 100"
    return None


RULES = (
    PolicyRule(
        name="ingress-web-only",
        types=(_INGRESS,),
        severity="critical",
        reason="Any other port that the whole internet reaches is found and tried within minutes.",
        frameworks=("FSBP:EC2.18", "FSBP:EC2.19", "CIS-AWS-3.0:5.2", "CIS-AWS-3.0:5.3"),
        check=_open_ports,
    ),
    PolicyRule(
        name="group-rule-web-only",
        # The type that the one above took the place of.
        types=("aws:ec2/securityGroupRule:SecurityGroupRule",),
        severity="critical",
        reason="A port that the whole internet reaches, other than the web's, is found and tried within minutes.",
        frameworks=("FSBP:EC2.18", "FSBP:EC2.19", "CIS-AWS-3.0:5.2", "CIS-AWS-3.0:5.3"),
        check=_old_rule,
    ),
    PolicyRule(
        name="security-group-described",
        types=(_INGRESS, _EGRESS),
        severity="low",
        reason="A rule without an explanation is never removed.",
        check=given("description"),
    ),
    PolicyRule(
        name="security-group-no-inline-world",
        types=("aws:ec2/securityGroup:SecurityGroup",),
        severity="high",
        reason="Inline rules conflict with rule resources, and are easy to miss in a review.",
        frameworks=("FSBP:EC2.18",),
        check=_inline_rules,
    ),
    PolicyRule(
        name="default-group-closed",
        types=("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",),
        severity="high",
        reason="Resources created by hand get this group by default, and it should allow nothing.",
        frameworks=("FSBP:EC2.2", "CIS-AWS-3.0:5.4"),
        check=every(
            wants("ingress", lambda value: not value, "empty"), wants("egress", lambda value: not value, "empty")
        ),
    ),
    PolicyRule(
        name="subnet-no-public-addresses",
        types=("aws:ec2/subnet:Subnet",),
        severity="high",
        reason="An instance with a public address can be reached past the load balancer.",
        frameworks=("FSBP:EC2.15",),
        check=is_false("mapPublicIpOnLaunch"),
    ),
    PolicyRule(
        name="flow-log-all",
        types=("aws:ec2/flowLog:FlowLog",),
        severity="medium",
        reason="After an incident, both accepted and rejected traffic have to be known.",
        frameworks=("FSBP:EC2.6", "CIS-AWS-3.0:3.7"),
        check=one_of("trafficType", "ALL"),
    ),
    PolicyRule(
        name="endpoint-private-dns",
        types=("aws:ec2/vpcEndpoint:VpcEndpoint",),
        severity="medium",
        reason="Without private DNS, the SDKs still go out by NAT, past the endpoint.",
        check=_private_dns,
    ),
    PolicyRule(
        name="peering-named",
        types=("aws:ec2/vpcPeeringConnection:VpcPeeringConnection",),
        severity="medium",
        reason="A peering that has no name in the console is the one that is deleted by mistake.",
        check=given("tags.Name"),
    ),
    PolicyRule(
        name="balancer-drops-invalid-headers",
        types=(_BALANCER,),
        severity="medium",
        reason="Malformed headers can smuggle requests past a proxy.",
        frameworks=("FSBP:ELB.4",),
        check=is_true("dropInvalidHeaderFields"),
    ),
    PolicyRule(
        name="balancer-desync-mitigation",
        types=(_BALANCER,),
        severity="medium",
        reason="Ambiguous requests should never reach an application.",
        frameworks=("FSBP:ELB.12",),
        check=one_of("desyncMitigationMode", "defensive", "strictest"),
    ),
    PolicyRule(
        name="balancer-access-logs",
        types=(_BALANCER,),
        severity="medium",
        reason="Without them there is no record of requests.",
        frameworks=("FSBP:ELB.5",),
        check=is_true("accessLogs.enabled"),
    ),
    PolicyRule(
        name="balancer-deletion-protection",
        types=(_BALANCER,),
        severity="high",
        reason="The domain's record points to its name.",
        frameworks=("FSBP:ELB.6",),
        check=is_true("enableDeletionProtection"),
        guards=True,
    ),
    PolicyRule(
        name="balancer-three-zones",
        types=(_BALANCER,),
        severity="high",
        reason="The loss of a zone must leave two to carry the load.",
        frameworks=("FSBP:ELB.13",),
        check=several("subnets", _ZONES),
    ),
    PolicyRule(
        name="listener-tls",
        types=(_LISTENER,),
        severity="critical",
        reason="Passwords and sessions go over it: TLS 1.2 with forward secrecy or newer, and nothing in the clear.",
        # Not FSBP:ELB.1: for pods, a rule on port 80 forwards, though no request matches it. Whether AWS Config minds,
        # its documentation leaves open (alb-http-to-https-redirection-check); docs/adr/0046.
        frameworks=("FSBP:ELB.17",),
        check=_listener,
    ),
    PolicyRule(
        name="listener-weights-whole",
        types=(_LISTENER,),
        severity="high",
        reason="Weights that do not add up shift traffic without a decision.",
        check=_weights,
    ),
    PolicyRule(
        name="target-health-checked",
        types=("aws:lb/targetGroup:TargetGroup",),
        severity="high",
        reason="A target without a health check gets traffic while it is down.",
        check=every(matches("healthCheck.path", "/.*"), at_most("healthCheck.interval", 30)),
    ),
    PolicyRule(
        name="certificate-validated-by-dns",
        types=("aws:acm/certificate:Certificate",),
        severity="medium",
        reason="AWS renews such a certificate by itself; one validated by mail lapses when the mail is not read.",
        frameworks=("FSBP:ACM.1",),
        check=one_of("validationMethod", "DNS"),
    ),
    PolicyRule(
        name="record-short-lived",
        types=("aws:route53/record:Record",),
        severity="low",
        reason="A record that resolvers cache for hours sends users to a lost region.",
        check=lambda props: None if props.get("aliases") else at_most("ttl", 300)(props),
    ),
)
