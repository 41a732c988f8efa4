"""What a row of the alarm table says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from infra.thresholds import ALARM_PERIOD, Threshold

SLOW_PERIOD = Threshold(300, "seconds", "Ascent: counted over 5 minutes, as long as the runbooks' shorter alerts last")
NONE_AT_ALL = Threshold(0, "events", "Ascent: one is a reason to look")

SECONDS_A_MINUTE = 60
PERCENT = 100


class Kind(StrEnum):
    """Kinds of subjects. Which stage has which is decided in `infra/wiring/alarm_subjects.py` alone."""

    BALANCER = "balancer"
    OUTSIDE = "outside"  # an address of the stack that is asked for from outside
    VISITED = "visited"  # a balancer that visitors are sent to, at a stage that has some at every hour
    TARGETS = "targets"  # one target group
    SERVING = "serving"  # a target group with a share of the traffic
    EGRESS = "egress"  # a balancer that no CDN relieves
    FLEET = "fleet"  # an autoscaling group
    PODS = "pods"  # a Deployment, by Container Insights
    NAT = "nat"
    CERTIFICATE = "certificate"
    APPLICATION = "application"  # what the application logs of itself
    INSTANCE_LOG = "instance-log"  # its lines as instances write them
    POD_LOG = "pod-log"  # its lines as Container Insights takes them from pods
    DATABASE = "database"  # an Aurora cluster's writer
    SERVERLESS = "serverless"  # one whose capacity is elastic
    DIRECT = "direct"  # one that clients reach without a pooler
    UNTUNED = "untuned"  # one without the tuned parameters
    READERS = "readers"
    REPLICA = "replica"  # an Aurora cluster that follows another region's
    DATABASE_LOG = "database-log"
    STATEMENTS = "statements"  # the slow-query log, and a proxy that counts all statements
    SLOW_LOG = "slow-log"  # the slow-query log alone
    PROXY = "proxy"
    UNCACHED = "uncached"  # a proxy whose reads no cache relieves
    CACHE_NODE = "cache-node"
    CACHE_REPLICA = "cache-replica"  # a node that follows another region's cache
    QUEUE = "queue"
    DEAD_QUEUE = "dead-queue"
    JOBS = "jobs"  # the database's scheduled jobs, by the lines that they end with
    TASK_LOG = "task-log"  # those lines as Fargate tasks write them
    POD_TASK_LOG = "pod-task-log"  # those lines as Container Insights takes them from pods
    SCHEDULES = "schedules"  # EventBridge Scheduler
    COPIES = "copies"  # the vault of another region or account that a database's copies go to
    UNDELIVERED = "undelivered"  # the queue of what a schedule or a rule could not deliver


class Severity(StrEnum):
    """Severity, which decides the recipients: `warning` waits for the working day, `critical` pages at any hour."""

    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Missing:
    """What the absence of data means, and why."""

    treatment: Literal["breaching", "notBreaching", "ignore", "missing"]
    reason: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A CloudWatch metric of a subject.

    namespace: CloudWatch namespace; empty for the subject's own, whose metrics have no dimensions.
    name: the metric's name.
    stat: statistic, as CloudWatch writes it.
    by: dimensions, by their names; the subject has their values.
    """

    namespace: str
    name: str
    stat: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Metrics that are shown beside each other, without a limit.

    panel: heading on the dashboard.
    metrics: by identifier, each drawn; or drawn as `expression` over the identifiers.
    source: who publishes them.
    """

    panel: str
    kind: Kind
    metrics: Mapping[str, Metric]
    expression: str | None = None
    source: str = "AWS"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm(Chart):
    """A row of the table.

    name: what the alarm is called behind its subject's name.
    says: what is the matter when it fires, as a sentence.
    above, below: the limit; exactly one of the two.
    of: name of the subject's own limit that `above` or `below` is percent of; None where it stands for itself.
    period: seconds of each data point.
    lasting: minutes that it has to last.
    filled: absent data is filled in, also for the last minute, which is often late: one more point is looked at.
    recurring: it comes back once a period, and is one alarm as long as it does: on until two points without it pass.
    missing: what the absence of data means.
    severity: who hears of it; None for those that only gate releases.
    gate: whether it stops instance refreshes and rollouts.
    procedure: heading in docs/procedures.md, as a link has it.
    """

    name: str
    says: str
    above: Threshold | None = None
    below: Threshold | None = None
    of: str | None = None
    period: Threshold = ALARM_PERIOD
    lasting: Threshold
    filled: bool = False
    recurring: bool = False
    missing: Missing
    severity: Severity | None
    gate: bool = False
    procedure: str

    @property
    def limit(self) -> Threshold:
        """The limit, on whichever side it is.

        Raises:
            ValueError: for a row with none or two.
        """
        if (self.above is None) == (self.below is None):
            raise ValueError(f"{self.kind}-{self.name}: give exactly one of above and below")
        return self.above or self.below  # type: ignore[return-value]  # one of them is there

    def value(self, limits: Mapping[str, float]) -> float:
        """The limit as a number, for a subject with these `limits` of its own."""
        return self.limit.value * limits[self.of] / PERCENT if self.of else float(self.limit.value)

    @property
    def datapoints(self) -> int:
        """Data points that have to be beyond the limit."""
        return max(self.lasting.value * SECONDS_A_MINUTE // self.period.value, 1)

    @property
    def evaluated(self) -> int:
        """Data points that are looked at."""
        return self.datapoints + 1 if self.filled or self.recurring else self.datapoints
