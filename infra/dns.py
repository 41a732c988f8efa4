"""DNS records, at the domain's DNS provider. Cloudflare's SDK takes seconds to import, so only its users import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pulumi
import pulumi_aws as aws

from infra.thresholds import CLOUDFLARE_AUTO_TTL, Threshold

_DNS_TTL = Threshold(60, "seconds", "Ascent: a moved record is seen within a minute")


class Records(Protocol):
    """Writes the records of one zone."""

    def cname(
        self, name: str, *, host: pulumi.Input[str], target: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """Make `host` another name of `target`. `name` is the resource's logical name."""

    def balancer(
        self,
        name: str,
        *,
        host: str,
        dns_name: pulumi.Input[str],
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Point `host` at the load balancer that AWS calls `dns_name` in its zone `zone_id`."""


@dataclass(frozen=True, slots=True)
class CloudflareRecords:
    """Records of a Cloudflare zone.

    zone_id: the zone.
    proxied: whether the host's traffic goes through Cloudflare's network; changes in place.
    """

    zone_id: str
    proxied: bool

    def cname(
        self, name: str, *, host: pulumi.Input[str], target: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """See `Records.cname`. Never proxied: it proves something, and carries no traffic."""
        return self._write(name, host, target, proxied=False, opts=opts)

    def balancer(
        self,
        name: str,
        *,
        host: str,
        dns_name: pulumi.Input[str],
        zone_id: pulumi.Input[str],  # noqa: ARG002  Cloudflare has no use for it
        opts: pulumi.ResourceOptions,
    ) -> None:
        """See `Records.balancer`. Cloudflare flattens a CNAME at the apex, so any host will do."""
        self._write(name, host, dns_name, proxied=self.proxied, opts=opts)

    def fronted(
        self, name: str, *, host: str, target: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """Make Cloudflare's network answer for `host`, and ask `target`."""
        return self._write(name, host, target, proxied=True, opts=opts)

    def _write(
        self,
        name: str,
        host: pulumi.Input[str],
        target: pulumi.Input[str],
        *,
        proxied: bool,
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        import pulumi_cloudflare as cloudflare

        return cloudflare.DnsRecord(
            name,
            zone_id=self.zone_id,
            type="CNAME",
            # ACM ends names with a dot that Cloudflare does not keep: with it, every preview would show a change.
            name=pulumi.Output.from_input(host).apply(lambda value: value.rstrip(".")),
            content=pulumi.Output.from_input(target).apply(lambda value: value.rstrip(".")),
            ttl=(CLOUDFLARE_AUTO_TTL if proxied else _DNS_TTL).value,
            proxied=proxied,
            opts=opts,
        )


@dataclass(frozen=True, slots=True)
class Route53Records:
    """Records of a Route 53 hosted zone.

    zone_id: the zone.
    """

    zone_id: str

    def cname(
        self, name: str, *, host: pulumi.Input[str], target: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """See `Records.cname`."""
        return aws.route53.Record(
            name, zone_id=self.zone_id, type="CNAME", name=host, records=[target], ttl=_DNS_TTL.value, opts=opts
        )

    def balancer(
        self,
        name: str,
        *,
        host: str,
        dns_name: pulumi.Input[str],
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """See `Records.balancer`. An alias, because an apex cannot be a CNAME here."""
        aws.route53.Record(
            name,
            zone_id=self.zone_id,
            type="A",
            name=host,
            aliases=[{"name": dns_name, "zone_id": zone_id, "evaluate_target_health": True}],
            opts=opts,
        )
