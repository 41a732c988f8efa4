"""A Cloudflare zone's rules, settings and tiered cache. Not its DNS records: whatever proxies one waits for this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra import naming
from infra.edge.rules import Ruleset


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """What a zone needs.

    zone_id: the zone. All its rules are this component's: Cloudflare has one list of rules per phase and zone.
    rulesets: rules by phase.
    settings: setting by its id at Cloudflare.
    regional_tiers: whether the plan has a regional tier of the cache.
    """

    zone_id: str
    rulesets: Sequence[Ruleset]
    settings: Mapping[str, str]
    regional_tiers: bool


class Edge(pulumi.ComponentResource):
    """What Cloudflare does with the requests that reach it."""

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Edge"), name, None, opts)
        self._name, self._zone_id = name, args.zone_id
        self._child = pulumi.ResourceOptions(parent=self)
        self._settings(args.settings)
        self._rules(args.rulesets)
        self._tiers(regional=args.regional_tiers)
        self.register_outputs({})

    def _settings(self, settings: Mapping[str, str]) -> None:
        import pulumi_cloudflare as cloudflare

        for key, value in settings.items():
            cloudflare.ZoneSetting(
                f"{self._name}-{key}", zone_id=self._zone_id, setting_id=key, value=value, opts=self._child
            )
        # Rules and the origin see one and the same path, so that neither can be told another one than the other.
        cloudflare.UrlNormalizationSettings(
            self._name, zone_id=self._zone_id, type="cloudflare", scope="both", opts=self._child
        )

    def _rules(self, rulesets: Sequence[Ruleset]) -> None:
        import pulumi_cloudflare as cloudflare

        for ruleset in rulesets:
            cloudflare.Ruleset(
                f"{self._name}-{ruleset.key}",
                zone_id=self._zone_id,
                name=ruleset.name,
                kind="zone",
                phase=ruleset.phase,
                rules=ruleset.as_inputs(),
                opts=self._child,
            )

    def _tiers(self, *, regional: bool) -> None:
        import pulumi_cloudflare as cloudflare

        tiered = cloudflare.ArgoTieredCaching(self._name, zone_id=self._zone_id, value="on", opts=self._child)
        # The smart topology picks the upper tier that is nearest to the origin, and needs tiers to be on.
        smart = cloudflare.TieredCache(
            self._name,
            zone_id=self._zone_id,
            value="on",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[tiered]),
        )
        if regional:
            cloudflare.RegionalTieredCache(
                self._name,
                zone_id=self._zone_id,
                value="on",
                opts=pulumi.ResourceOptions(parent=self, depends_on=[smart]),
            )
