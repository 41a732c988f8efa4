"""What a stack needs of every quota, in each of its regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra.config.settings import Settings
from ops.engine.render import render
from ops.quotas.here import Here
from ops.quotas.model import Quota
from ops.quotas.table import QUOTAS
from ops.quotas.vcpu import VcpuError


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaNeed:
    """How much of a quota is needed.

    region: where; None for what all regions share.
    most: at most; None where it is not known.
    why: why it is not known.
    """

    quota: Quota
    region: str | None
    most: float | None
    why: str = ""


def fullest(settings: Settings) -> Iterator[Settings]:
    """The variants in which the stack needs most: both colors run, and each standby takes the writes in turn.

    A region that takes the writes has the workers, jobs and readers. After a failover, that is another one.
    """
    rollout = settings.rollout
    image = rollout.blue.image or rollout.green.image
    colors = {name: color.model_copy(update={"image": color.image or image}) for name, color in rollout.colors.items()}
    for region in settings.standby_regions:
        writer = None if region == settings.home else region
        changed = {"rollout": rollout.model_copy(update=colors), "writer": writer, "unreachable": None}
        yield settings.model_copy(update=changed)


def needed(settings: Settings, stack: str, say: Callable[[str], None] = lambda _: None) -> list[QuotaNeed]:
    """The needs of a stack, in the order of the table of quotas.

    Args:
        settings: of the stack. Its budgets need not hold.
        stack: its name.
        say: called with what is going on.
    """
    variants = list(fullest(settings))
    plans = []
    for number, variant in enumerate(variants, start=1):
        say(f"Working out what {stack} consists of at stage {settings.stage} ({number} of {len(variants)})")
        plans.append(render(variant, stack))
    places: tuple[str | None, ...] = (None, *settings.active_regions)
    here = {region: [Here(plan, region) for plan in plans] for region in places}
    found = [
        _need(quota, region, here[region])
        for quota in QUOTAS
        for region in (places[:1] if quota.is_global else places[1:])
    ]
    return [one for one in found if one.most != 0]


def _need(quota: Quota, region: str | None, variants: list[Here]) -> QuotaNeed:
    try:
        return QuotaNeed(quota=quota, region=region, most=max(quota.need(here) for here in variants))
    except VcpuError as error:
        return QuotaNeed(quota=quota, region=region, most=None, why=str(error))
