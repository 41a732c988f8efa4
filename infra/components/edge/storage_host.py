"""The host name of public files: Cloudflare in front of this stack's buckets, or of external storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra import naming
from infra.dns import CloudflareRecords
from infra.edge.connector import connections


@dataclass(frozen=True, kw_only=True)
class StorageHostArgs:
    """What the host needs.

    host: its name.
    records: the domain's DNS provider.
    buckets: host name at S3 of each bucket by its name, the first of which also answers for paths that are no bucket's.
    origin: host name of external storage, in place of the buckets.
    others: host names at S3 of other stacks' buckets, by their storage host: a zone has one list of rules.
    writes: whether this stack writes that list.
    """

    host: str
    records: CloudflareRecords
    buckets: Mapping[str, pulumi.Input[str]]
    origin: str | None
    others: Mapping[str, Mapping[str, str]]
    writes: bool


class StorageHost(pulumi.ComponentResource):
    """A proxied host name, and what is behind it."""

    def __init__(self, name: str, args: StorageHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("StorageHost"), name, None, opts)
        behind = [self._connect(name, args)] if args.writes else []
        first = next(iter(args.buckets.values()))
        args.records.fronted(
            name,
            host=args.host,
            # With buckets, Cloudflare asks those of the connector instead, and the record is there to be proxied.
            target=args.origin or first,
            opts=pulumi.ResourceOptions(parent=self, depends_on=behind),
        )
        self.register_outputs({})

    def _connect(self, name: str, args: StorageHostArgs) -> pulumi.Resource:
        import pulumi_cloudflare as cloudflare

        # Without buckets the list is emptied rather than left out: the provider cannot delete it.
        hosts = {} if args.origin else {args.host: args.buckets, **args.others}
        return cloudflare.CloudConnectorRules(
            name,
            zone_id=args.records.zone_id,
            rules=[
                {
                    "description": f"Files of {bucket}",
                    "enabled": True,
                    "expression": expression,
                    "cloud_connector_rules_provider": "aws_s3",
                    "parameters": {"host": buckets[bucket]},
                }
                for host, buckets in hosts.items()
                for bucket, expression in connections(host, list(buckets)).items()
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
