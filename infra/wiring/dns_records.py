"""The DNS provider that the stack writes the records of its domain to."""

from __future__ import annotations

from infra.config.models.domain import Dns
from infra.config.settings import Settings
from infra.dns import CloudflareRecords, Records, Route53Records
from infra.stages import Capability


def dns_records(settings: Settings) -> Records | None:
    """The domain's DNS provider; None where the stack has no zone, and the team writes the records itself."""
    zone_id = settings.domain.zone_id
    if zone_id is None:
        return None
    if settings.domain.dns is Dns.ROUTE53:
        return Route53Records(zone_id)
    return CloudflareRecords(zone_id, proxied=settings.row.has(Capability.PROXIED_DNS))
