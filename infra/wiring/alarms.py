"""What is watched where: wires what exists to the table of alarms. A new kind of thing is one more subject here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pulumi

from infra import naming
from infra.alarms import panels, slo
from infra.alarms.model import PERCENT, SECONDS_A_MINUTE, Kind, Severity
from infra.alarms.objectives import OBJECTIVES, Objective
from infra.alarms.subject import Subject
from infra.alarms.table import FILTERS, alarms_of
from infra.capacity.connections import CLASSES
from infra.components.compute.load_balancer import LoadBalancer, Target
from infra.components.compute.queues import Queues
from infra.components.data.cache import Cache
from infra.components.data.database import Database
from infra.components.data.proxy import Proxy
from infra.components.network.existing_network import ExistingNetwork
from infra.components.network.network import Network
from infra.components.observability.alarms import Alarms, AlarmsArgs
from infra.components.observability.budget import Budget, BudgetArgs
from infra.components.observability.dashboard import Dashboard, DashboardArgs
from infra.components.observability.log_metrics import LogMetrics, LogMetricsArgs
from infra.components.observability.notifications import Notifications, NotificationsArgs
from infra.components.observability.slack import Slack, SlackArgs
from infra.components.observability.slo import Slo, SloArgs
from infra.config.settings import Settings
from infra.stages import STAGES, Capability
from infra.thresholds import ACU_BYTES, AURORA_VOLUME, QUIET_SHARE, REQUESTS_PER_USER, SLOW_PERIOD, VISITS_SHARE
from infra.wiring.place import Place
from infra.wiring.site import Site

# Who hears of a job's task that stopped badly: the job runs again, and what it does can wait for the working day. The
# same goes for a copy of the database: there is one of yesterday.
TASKS_TELL = Severity.WARNING


@dataclass(frozen=True, kw_only=True)
class GateAlarms:
    """Names of the alarms that stop a release.

    users: about what all users of the region see.
    targets: about one target group, by target.
    """

    users: Sequence[pulumi.Output[str]]
    targets: Mapping[str, Sequence[pulumi.Output[str]]]

    def of(self, *targets: str) -> list[pulumi.Output[str]]:
        """Those of a version that these targets serve."""
        return [*(name for target in targets for name in self.targets[target]), *self.users]


class Watch:
    """The watch over one region: topics, alarms, objectives and a dashboard.

    region: its name.
    topics: ARN of the topic that hears of each severity.
    """

    def __init__(self, settings: Settings, place: Place, account_id: pulumi.Input[str]) -> None:
        self._settings = settings
        self._place = place
        self.region = place.region.name
        alerts = settings.alerts
        self.topics = Notifications(
            f"{place.base}-alarms",
            NotificationsArgs(
                account_id=account_id,
                addresses={Severity.WARNING: alerts.warning, Severity.CRITICAL: alerts.critical},
                events={TASKS_TELL} if _tells(settings, place) else (),
                protect=place.protect,
            ),
            opts=place.options,
        ).topics
        self._subjects: list[Subject] = []
        self._measured: list[tuple[Objective, Subject]] = []
        self._arns: list[pulumi.Output[str]] = []

    def over(self, subject: Subject) -> list[pulumi.Output[str]]:
        """Watch `subject` by the rows and the objectives about it. Returns names of the alarms that gate releases."""
        self._subjects.append(subject)
        filters = [one for kind in subject.kinds for one in FILTERS.get(kind, ())]
        if subject.log_group is not None:
            LogMetrics(
                subject.name,
                LogMetricsArgs(log_group=subject.log_group, namespace=subject.namespace, filters=filters),
                opts=self._place.options,
            )
        alarms = Alarms(
            subject.name,
            AlarmsArgs(
                subject=subject,
                rows=alarms_of(subject.kinds),
                topics=self.topics,
                procedures=self._settings.alerts.procedures,
            ),
            opts=self._place.options,
        )
        self._arns += alarms.arns.values()
        return [*alarms.gates, *self._objectives(subject)]

    def _objectives(self, subject: Subject) -> list[pulumi.Output[str]]:
        ours = [one for one in OBJECTIVES if one.kind in subject.kinds]
        if not ours:
            return []
        measured = Slo(
            subject.name,
            SloArgs(
                subject=subject,
                objectives=[(one, windows(one, self._settings)[0]) for one in ours],
                topics=self.topics,
                procedures=self._settings.alerts.procedures,
            ),
            opts=self._place.options,
        )
        self._measured += [(one, subject) for one in ours]
        self._arns += measured.arns.values()
        return measured.gates

    def finish(self) -> None:
        """Draw what is watched by now."""
        drawn = [*panels.budgets(self._measured, self.region), *panels.graphs(self._subjects, self.region)]
        Dashboard(self._place.base, DashboardArgs(panels=drawn), opts=self._place.options)

    def summary(self) -> list[panels.Panel]:
        """What all regions' dashboard shows of this one."""
        alarms = panels.states(f"Alarms in {self.region}", self._arns)
        return [*panels.budgets(self._measured, self.region), *alarms]


def _tells(settings: Settings, place: Place) -> bool:
    """Whether EventBridge tells of something in a region: of tasks where the writes are, of copies at home."""
    tasks = settings.runs_tasks or (bool(settings.application.schedules) and not settings.background_on_pods)
    return (tasks and place.writes) or (settings.backup is not None and place.primary)


def windows(objective: Objective, settings: Settings) -> tuple[list[slo.Window], list[slo.RefusedWindows]]:
    """The windows of an objective that mean something at this stage's traffic in its quiet hours, and those refused."""
    requests = Fraction(settings.row.users * REQUESTS_PER_USER.value * QUIET_SHARE.value, PERCENT)
    counted = objective.events is not None
    return slo.fitted(objective.target, requests if counted else Fraction(1), widen=counted)


def over_all(settings: Settings, primary: Place, watches: Sequence[Watch]) -> None:
    """What there is once for all regions: their common dashboard, the budget, and the way to Slack."""
    stack = pulumi.get_stack()
    # A lost region's alarms may be ones that it has not been able to make yet.
    drawn = [panel for watch in watches if watch.region != settings.unreachable for panel in watch.summary()]
    # By the primary's name, as it is there: an update that leaves out a lost primary leaves it out as well.
    Dashboard(f"{primary.base}-overview", DashboardArgs(panels=drawn), opts=primary.options)
    tag = next(item for item in naming.tags(pulumi.get_project(), stack).items() if item[1] == stack)
    Budget(
        f"{primary.base}-budget",
        BudgetArgs(
            monthly_usd=settings.sizes.budget.monthly_usd,
            egress=not settings.row.has(Capability.PROXIED_DNS),
            tag=tag,
            topic=watches[0].topics[Severity.WARNING],
        ),
        opts=primary.options,
    )
    slack = settings.alerts.slack
    if slack is not None:
        Slack(
            f"{primary.base}-alarms",
            SlackArgs(
                workspace_id=slack.workspace_id,
                channel_id=slack.channel_id,
                topics=[topic for watch in watches for topic in watch.topics.values()],
            ),
            opts=primary.options,
        )
    elif not settings.alerts.critical:
        pulumi.log.warn("nobody is told of critical alarms: set ascent:alerts.critical, or ascent:alerts.slack")


def of_balancer(name: str, balancer: LoadBalancer, settings: Settings) -> Subject:
    """A region's load balancer; until a CDN relieves it, what it sends out counts."""
    egress = () if settings.row.has(Capability.PROXIED_DNS) else (Kind.EGRESS,)
    return Subject(
        kinds=(Kind.BALANCER, *egress), name=f"{name}-balancer", dimensions={"LoadBalancer": balancer.arn_suffix}
    )


def of_visitors(
    place: Place, balancer: LoadBalancer, settings: Settings, serving: pulumi.Input[str]
) -> Iterable[Subject]:
    """A region's load balancer whose visitors would be missed; watched once it is known to be `serving`.

    A stage is entered when there are more users than the one below it is for, of whom some are there at every hour. The
    first stage has none below it: a night without a visitor and an outage look alike.
    """
    its_own = place.primary or _steered(settings)
    if settings.stage == 1 or place.region.name not in settings.visited_regions or not its_own:
        return
    yield Subject(
        kinds=(Kind.VISITED,),
        name=f"{place.base}-visitors",
        dimensions={"LoadBalancer": pulumi.Output.all(balancer.arn_suffix, serving).apply(lambda both: str(both[0]))},
        limits={"visits": visits(settings)},
    )


def visits(settings: Settings) -> float:
    """Requests of a region in the quietest hours, in one period of the row that misses them."""
    # A lost one's visitors come to the others: the limit stays, which they only go further above.
    regions = len(settings.active_regions) if _steered(settings) else 1
    minutes = SLOW_PERIOD.value / SECONDS_A_MINUTE
    users = STAGES[settings.stage - 1].users / regions
    # The check from outside comes once a minute, and is no visitor. Of what comes, the row takes a share; of it, all.
    # One more falls into a period that begins between two, and EventBridge may send one twice (its FAQ: at least once).
    checks = (minutes + 2) * PERCENT / VISITS_SHARE.value
    return users * REQUESTS_PER_USER.value * QUIET_SHARE.value / PERCENT * minutes + checks


def _steered(settings: Settings) -> bool:
    return settings.row.has(Capability.GLOBAL_TRAFFIC) and settings.domain.zone_id is not None


def of_targets(name: str, balancer: LoadBalancer, targets: Mapping[str, Target]) -> dict[str, Subject]:
    """The target groups, by target; those with a share of the traffic have to serve."""
    return {
        target: Subject(
            kinds=(Kind.TARGETS, Kind.SERVING) if one.weight else (Kind.TARGETS,),
            name=f"{name}-{target}",
            dimensions={
                "LoadBalancer": balancer.arn_suffix,
                "TargetGroup": balancer.target_groups[target].arn_suffix,
            },
        )
        for target, one in targets.items()
    }


def of_region(
    name: str,
    network: Network | ExistingNetwork,
    certificate: pulumi.Input[str],
    groups: Mapping[str, pulumi.Output[str]],
    log_group: pulumi.Input[str] | None,
) -> Iterable[Subject]:
    """A region's instances with their log, its certificate and its ways out."""
    for fleet, group in groups.items():
        yield Subject(kinds=(Kind.FLEET,), name=fleet, dimensions={"AutoScalingGroupName": group})
    if log_group is not None:
        yield Subject(kinds=(Kind.APPLICATION, Kind.INSTANCE_LOG), name=f"{name}-app", log_group=log_group)
    yield Subject(kinds=(Kind.CERTIFICATE,), name=f"{name}-certificate", dimensions={"CertificateArn": certificate})
    for nat, identifier in network.nat_ids.items():
        yield Subject(kinds=(Kind.NAT,), name=nat, dimensions={"NatGatewayId": identifier})


def of_pods(name: str, cluster: str, namespace: str, deployment: str, maximum: int) -> Subject:
    """The pods of a Deployment, whose autoscaler has this maximum."""
    return Subject(
        kinds=(Kind.PODS,),
        name=name,
        # Container Insights calls all pods of a Deployment by the name of the Deployment.
        dimensions={"ClusterName": cluster, "Namespace": namespace, "PodName": deployment},
        limits={"replicas": maximum},
    )


def of_pod_logs(name: str, log_group: pulumi.Input[str]) -> Subject:
    """What pods write."""
    return Subject(kinds=(Kind.APPLICATION, Kind.POD_LOG), name=name, log_group=log_group)


def of_database(site: Site, database: Database, proxy: Proxy | None) -> Iterable[Subject]:
    """A region's database, its readers, its log, and the pooler before it."""
    name, row, size = f"{site.base}-db", site.settings.row, site.settings.sizes.database
    cluster = database.cluster_identifier
    if site.place.writes:
        memory = CLASSES[size.instance_class]
        kinds = {
            Kind.DATABASE: True,
            Kind.SERVERLESS: memory is None,
            Kind.DIRECT: not row.has(Capability.POOLING),
            Kind.UNTUNED: not row.has(Capability.DATABASE_TUNING),
        }
        yield Subject(
            kinds=tuple(kind for kind, there in kinds.items() if there),
            name=name,
            dimensions={"DBClusterIdentifier": cluster, "Role": "WRITER"},
            limits={
                "connections": site.settings.connections.limit,
                "memory": (size.max_acu if memory is None else memory) * ACU_BYTES.value,
                "volume": AURORA_VOLUME.value,
            },
        )
    if row.has(Capability.READERS):
        # All instances of a replica of another region's database are readers.
        yield Subject(
            kinds=(Kind.READERS,) if site.place.writes else (Kind.READERS, Kind.REPLICA),
            name=f"{name}-readers",
            dimensions={"DBClusterIdentifier": cluster, "Role": "READER"},
        )
    slow = Kind.SLOW_LOG if proxy is None else Kind.STATEMENTS
    yield Subject(
        kinds=(Kind.DATABASE_LOG, slow) if row.has(Capability.DATABASE_TUNING) else (Kind.DATABASE_LOG,),
        name=f"{name}-log",
        dimensions={} if proxy is None else {"ProxyName": proxy.proxy_name},
        log_group=database.log_group,
    )
    if proxy is not None:
        yield Subject(
            kinds=(Kind.PROXY,) if row.has(Capability.CACHE) else (Kind.PROXY, Kind.UNCACHED),
            name=f"{name}-pool",
            dimensions={"ProxyName": proxy.proxy_name},
        )


def of_cache(site: Site, cache: Cache, *, follows: bool) -> Iterable[Subject]:
    """Each node of a region's cache, which may follow another region's."""
    kinds = (Kind.CACHE_NODE, Kind.CACHE_REPLICA) if follows else (Kind.CACHE_NODE,)
    for index, node in enumerate(cache.node_ids, start=1):
        yield Subject(kinds=kinds, name=f"{site.base}-cache-{index}", dimensions={"CacheClusterId": node})


def of_queues(site: Site, queues: Queues) -> Iterable[Subject]:
    """Each queue, and where its messages go that nobody can handle."""
    name = f"{site.base}-jobs"
    for kind, queue in queues.names.items():
        yield Subject(kinds=(Kind.QUEUE,), name=f"{name}-{kind}", dimensions={"QueueName": queue})
    for kind, queue in queues.dead_names.items():
        yield Subject(kinds=(Kind.DEAD_QUEUE,), name=f"{name}-{kind}-dead", dimensions={"QueueName": queue})
