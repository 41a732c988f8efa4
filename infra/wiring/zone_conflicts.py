"""Rulesets in the Cloudflare zone that another owner wrote: an update would fail on them half-way."""

from __future__ import annotations

import pulumi

from infra.config.settings import Settings
from infra.edge.zone import rulesets
from infra.stages import Capability
from infra.wiring.edge import site_of


def refuse_foreign_rulesets(settings: Settings) -> None:
    """Refuse a zone with a ruleset of another owner in a phase that the stack needs, before anything is declared.

    A zone has one ruleset per phase, and Cloudflare refuses a second one: Ruleset Engine, entry point rulesets.

    Raises:
        pulumi.RunError: with each such ruleset, and what to do.
    """
    if not settings.row.has(Capability.EDGE_RULES) or settings.edge.owner is not None:
        return
    import pulumi_cloudflare as cloudflare

    zone_id = settings.domain.zone_id or ""
    # The name of a ruleset never changes, so it identifies those of Ascent: infra.edge.rules.
    ours = {one.phase: one.name for one in rulesets(site_of(settings), settings.rate_limits)}
    foreign = [
        # A plain value, not an Output: the answer of an invoke.
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
