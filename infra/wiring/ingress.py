"""The ingress tier of a region: certificate, load balancer, access logs, firewall, and the DNS record of the domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.components.compute.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.components.edge.certificate import Certificate, CertificateArgs
from infra.components.network.firewall import Firewall, FirewallArgs
from infra.components.observability.log_bucket import LogBucket, LogBucketArgs
from infra.dns import Records
from infra.edge.rules import Mode
from infra.stages import Capability
from infra.wiring.edge import edge_clients
from infra.wiring.networks import RegionNetwork
from infra.wiring.region_context import RegionContext
from infra.wiring.target_groups import target_groups


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """Result of the ingress tier.

    certificate_arn: the certificate of the domain.
    balancer: the load balancer, which does not listen on HTTPS yet.
    log_bucket: name of the bucket for access logs and reports.
    """

    certificate_arn: pulumi.Input[str]
    balancer: LoadBalancer
    log_bucket: pulumi.Output[str]


def ingress(
    region: RegionContext,
    network: RegionNetwork,
    account_id: pulumi.Input[str],
    records: Records | None,
    front: Sequence[pulumi.Resource],
    target_key: pulumi.Input[str],
) -> Ingress:
    """Declare the ingress tier of a region.

    Args:
        region: the region.
        network: its network.
        account_id: the AWS account.
        records: DNS provider of the domain; None where it is external.
        front: resources of the edge that have to exist before a DNS record is proxied.
        target_key: header value that a request needs to choose its target group.
    """
    settings = region.settings
    certificate_arn = _certificate(region, records)
    logs = LogBucket(
        f"{region.base}-access-logs",
        LogBucketArgs(account_id=account_id, region=region.name, protect=region.protect),
        opts=region.options,
    )
    network.log_flows(logs.flows if region.has(Capability.FLOWS_IN_BUCKET) else None)
    balancer = LoadBalancer(
        region.base,
        LoadBalancerArgs(
            vpc_id=network.vpc_id,
            subnet_ids=network.public_subnet_ids,
            certificate_arn=certificate_arn,
            log_bucket=logs.bucket,
            targets=dict(target_groups(settings, region.base if settings.makes_clusters else None)),
            clients=edge_clients(settings),
            target_key=target_key,
            port=settings.described.port,
            health_path=settings.described.health_path,
            protect=region.protect,
        ),
        opts=region.options,
    )
    if settings.firewall and not region.has(Capability.EDGE_RULES):
        _firewall(region, balancer)
    if records is not None and region.is_home:
        records.balancer(
            f"{region.base}-host",
            host=settings.domain.name,
            dns_name=balancer.dns_name,
            zone_id=balancer.zone_id,
            # The record sends clients here, so the security group has to admit them first.
            opts=pulumi.ResourceOptions(parent=balancer, depends_on=[*balancer.admits, *front]),
        )
    return Ingress(certificate_arn=certificate_arn, balancer=balancer, log_bucket=logs.bucket)


def _certificate(region: RegionContext, records: Records | None) -> pulumi.Input[str]:
    """ARN of the certificate: the stack's own, or the given one where DNS is external."""
    domain = region.settings.domain
    if records is None:
        return domain.certificate_arn or ""
    return Certificate(
        region.base,
        CertificateArgs(domain=domain.name, records=records, prove=region.is_home, protect=region.protect),
        opts=region.options,
    ).arn


def _firewall(region: RegionContext, balancer: LoadBalancer) -> None:
    """Declare AWS WAF, with the first rate limit of the application."""
    settings = region.settings
    limits = settings.described.limits
    first, limit = next(iter(limits.items()))
    Firewall(
        f"{region.base}-firewall",
        FirewallArgs(
            balancer_arn=balancer.arn,
            prefixes=limit.prefixes,
            methods=limit.methods,
            per_minute=settings.rate_limits[first],
            counts=settings.firewall is Mode.LOG,
        ),
        opts=region.options,
    )
