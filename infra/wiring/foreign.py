"""Rules in the zone that are somebody else's: an update would fail on them half-way."""

from __future__ import annotations

import pulumi

from infra.config.settings import Settings
from infra.edge.zone import rulesets
from infra.stages import Capability
from infra.wiring.edge import site_of


def refuse_foreign(settings: Settings) -> None:
    """Refuse a zone that has a list of rules which is not ours, where we need one, before anything is declared.

    A zone has one list per phase, and Cloudflare refuses a second one: Ruleset Engine, entry point rulesets.

    Raises:
        pulumi.RunError: with each such list, and what to do.
    """
    if not settings.row.has(Capability.EDGE_RULES) or settings.edge.owner is not None:
        return
    import pulumi_cloudflare as cloudflare

    zone_id = settings.domain.zone_id or ""
    # A name never changes, so it tells ours from others for good: infra.edge.rules.
    ours = {one.phase: one.name for one in rulesets(site_of(settings), settings.rate_limits)}
    foreign = [
        # Not an Output: an invoke's answer is there.
        "{!r} of the phase {} ({})".format(one.name, one.phase, one.id)  # noqa: UP032
        for one in cloudflare.get_rulesets(zone_id=zone_id).rulesets
        if one.kind == "zone" and one.phase in ours and one.name != ours[one.phase]
    ]
    if foreign:
        raise pulumi.RunError(
            f"Pulumi.{pulumi.get_stack()}.yaml: ascent:domain.zoneId: the zone {zone_id} has rules of somebody else's, "
            f"and takes one list per phase: {', '.join(sorted(foreign))}. Nothing was changed. Delete each list that "
            "nobody needs, or take a zone of your own; docs/edge.md says how stacks share one"
        )
