"""A connection budget that breaks: by the config, and by the sizes that the preview itself shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from catalog.urns import components_of
from infra.capacity.connections import CLASSES, ConnectionBudget, max_connections, pool_percent, server_limit
from infra.config.settings import Settings
from infra.thresholds import CONNECTIONS_PER_INSTANCE, CONNECTIONS_PER_WORKER
from ops.engine.recorder import Recorded
from ops.guard.model import GuardRule, Observation, RuleContext, SkippedError
from ops.guard.preview import PreviewStep
from policy.model import hidden, values

_CLUSTER = "aws:rds/cluster:Cluster"
_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
_POOL = "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup"
# Groups that grow, and the property with their maximum.
_GROWS = {
    "aws:autoscaling/group:Group": "maxSize",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": "spec.maxReplicas",
}
_WORKERS = frozenset({"PodWorkers", "Workers"})


def _exceeded(steps: Sequence[PreviewStep], context: RuleContext) -> Iterator[Observation]:
    del steps
    settings = context.settings
    if settings is None:
        raise SkippedError(context.unsettled)
    if not settings.connections.holds:
        yield _sight(context.stack_urn, "more could connect than the database takes", settings.connections)
    elif len(settings.active_regions) > 1 and not settings.replica_connections.holds:
        text = "more could connect to another region's replica than it takes"
        yield _sight(context.stack_urn, text, settings.replica_connections)
    elif context.after is None:
        raise SkippedError(context.partial)
    elif settings.external_database is None:
        yield from _seen(settings, context.after)


def _sight(urn: str, text: str, budget: ConnectionBudget) -> Observation:
    return Observation(urn, "ascent:database.maxAcu", f"{text}: {budget}")


def _seen(settings: Settings, resources: Sequence[Recorded]) -> Iterator[Observation]:
    """The same by the sizes in the resources, in case the program makes other sizes than the config asks for."""
    region = settings.writing_region
    # A resource without a known region counts here as well.
    here = [one for one in resources if one.location in (None, region)]
    cluster = next((one for one in here if one.type == _CLUSTER), None)
    classes = {str(one.inputs.get("instanceClass")) for one in here if one.type == _INSTANCE} & set(CLASSES)
    limit = _limit(cluster, classes, settings) if cluster else None
    if cluster is None or limit is None:
        return
    budget, size = settings.connections, settings.sizes.database
    workers = _most(here, workers=True) * CONNECTIONS_PER_WORKER.value
    if settings.pooled:
        percent = max(
            (int(one) for one in _numbers(here, _POOL, "connectionPoolConfig.maxConnectionsPercent")), default=0
        )
        # The proxy may open the connections that the others leave. Only a larger share takes some from them.
        taken = server_limit(size.instance_class, size.max_connections) or budget.limit
        planned = pool_percent(budget.proxy, taken)
        application = taken * percent // 100 if percent > planned else budget.application
    else:
        application = _most(here, workers=False) * CONNECTIONS_PER_INSTANCE.value
    seen = replace(budget, application=application, workers=workers, limit=limit)
    if not seen.holds:
        text = "by the sizes that resources would have, more could connect than the database takes"
        yield Observation(cluster.urn, "serverlessv2ScalingConfiguration.maxCapacity", f"{text}: {seen}")


def _limit(cluster: Recorded, classes: Collection[str], settings: Settings) -> int | None:
    most = values(cluster.inputs, "serverlessv2ScalingConfiguration.maxCapacity")[0]
    if not classes or not isinstance(most, int | float):
        return None
    told = settings.sizes.database.max_connections
    return min(max_connections(one, float(most), told) for one in classes)


def _most(here: Sequence[Recorded], *, workers: bool) -> int:
    return sum(
        int(number)
        for type_, path in _GROWS.items()
        for number in _numbers([one for one in here if _works(one) == workers], type_, path)
    )


def _works(one: Recorded) -> bool:
    return not _WORKERS.isdisjoint(components_of(one.urn))


def _numbers(here: Sequence[Recorded], type_: str, path: str) -> Iterator[float]:
    found: list[Any] = [value for one in here if one.type == type_ for value in values(one.inputs, path)]
    return (one for one in found if isinstance(one, int | float) and not hidden(one))


RULES = (
    GuardRule(
        name="connections-exceeded",
        severity="critical",
        reason="At full load, the database would refuse connections, and the application would fail.",
        whole=_exceeded,
    ),
)
