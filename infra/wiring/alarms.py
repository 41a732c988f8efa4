"""The alarms tier: topics, alarms, objectives and dashboards of a region, and what the stack has once for all regions.

What gets alarms is in alarm_subjects.py, and with which limits in infra/alarms/table.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pulumi

from infra import naming
from infra.alarms import panels, slo
from infra.alarms.model import PERCENT, Severity
from infra.alarms.objectives import OBJECTIVES, Objective
from infra.alarms.subject import Subject
from infra.alarms.table import FILTERS, alarms_of
from infra.components.observability.alarms import Alarms, AlarmsArgs
from infra.components.observability.budget import Budget, BudgetArgs
from infra.components.observability.dashboard import Dashboard, DashboardArgs
from infra.components.observability.log_metrics import LogMetrics, LogMetricsArgs
from infra.components.observability.notifications import Notifications, NotificationsArgs
from infra.components.observability.slack import Slack, SlackArgs
from infra.components.observability.slo import Slo, SloArgs
from infra.config.settings import Settings
from infra.stages import Capability
from infra.thresholds import QUIET_SHARE, REQUESTS_PER_USER
from infra.wiring.region_context import RegionContext

# Severity of a failed task of a scheduled job, and of a failed copy of the database. The job runs again, and there is
# the copy of yesterday: both can wait for the working day.
TASK_SEVERITY = Severity.WARNING

Topics = Mapping[Severity, pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class GateAlarms:
    """Names of the alarms that stop a release.

    users: alarms about what all users of the region see.
    targets: alarms about one target group, by its name.
    """

    users: Sequence[pulumi.Output[str]]
    targets: Mapping[str, Sequence[pulumi.Output[str]]]

    def of(self, *targets: str) -> list[pulumi.Output[str]]:
        """The alarms that stop a version which these target groups serve."""
        return [*(name for target in targets for name in self.targets[target]), *self.users]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A subject and its alarms.

    subject: what the alarms are about.
    arns: ARNs of its alarms, those of its objectives included.
    objectives: its service level objectives.
    gates: names of its alarms that stop a release.
    """

    subject: Subject
    arns: Sequence[pulumi.Output[str]]
    objectives: Sequence[Objective]
    gates: Sequence[pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class RegionAlarms:
    """Result of the alarms tier in one region.

    region: name of the AWS region.
    topics: ARN of the SNS topic of each severity.
    watched: everything with alarms.
    """

    region: str
    topics: Topics
    watched: Sequence[Watched]


def alarm_topics(region: RegionContext, account_id: pulumi.Input[str]) -> Topics:
    """Declare the SNS topics of a region, one for each severity. Returns their ARNs."""
    alerts = region.settings.alerts
    return Notifications(
        f"{region.base}-alarms",
        NotificationsArgs(
            account_id=account_id,
            addresses={Severity.WARNING: alerts.warning, Severity.CRITICAL: alerts.critical},
            events={TASK_SEVERITY} if _has_events(region) else (),
            protect=region.protect,
        ),
        opts=region.options,
    ).topics


def _has_events(region: RegionContext) -> bool:
    """Whether EventBridge publishes to the topics: about tasks in the writing region, about copies in the home."""
    settings = region.settings
    own_tasks = bool(settings.application.schedules) and not settings.background_on_pods
    tasks = settings.runs_tasks or own_tasks
    return (tasks and region.takes_writes) or (settings.backup is not None and region.is_home)


def watch(region: RegionContext, topics: Topics, subject: Subject) -> Watched:
    """Declare the alarms and the objectives of a subject."""
    settings = region.settings
    procedures = settings.alerts.procedures
    filters = [one for kind in subject.kinds for one in FILTERS.get(kind, ())]
    if subject.log_group is not None:
        LogMetrics(
            subject.name,
            LogMetricsArgs(log_group=subject.log_group, namespace=subject.namespace, filters=filters),
            opts=region.options,
        )
    alarms = Alarms(
        subject.name,
        AlarmsArgs(subject=subject, rows=alarms_of(subject.kinds), topics=topics, procedures=procedures),
        opts=region.options,
    )
    objectives = [one for one in OBJECTIVES if one.kind in subject.kinds]
    arns, gates = [*alarms.arns.values()], [*alarms.gates]
    if objectives:
        measured = Slo(
            subject.name,
            SloArgs(
                subject=subject,
                objectives=[(one, windows(one, settings)[0]) for one in objectives],
                topics=topics,
                procedures=procedures,
            ),
            opts=region.options,
        )
        arns += measured.arns.values()
        gates += measured.gates
    return Watched(subject=subject, arns=arns, objectives=objectives, gates=gates)


def region_dashboard(region: RegionContext, watched: Sequence[Watched]) -> None:
    """Declare the dashboard of a region."""
    graphs = panels.graphs([one.subject for one in watched], region.name)
    drawn = [*panels.budgets(_measured(watched), region.name), *graphs]
    Dashboard(region.base, DashboardArgs(panels=drawn), opts=region.options)


def _measured(watched: Sequence[Watched]) -> list[tuple[Objective, Subject]]:
    return [(objective, one.subject) for one in watched for objective in one.objectives]


def _summary(alarms: RegionAlarms) -> list[panels.Panel]:
    """A region's part of the dashboard of all regions."""
    arns = [arn for one in alarms.watched for arn in one.arns]
    states = panels.states(f"Alarms in {alarms.region}", arns)
    return [*panels.budgets(_measured(alarms.watched), alarms.region), *states]


def windows(objective: Objective, settings: Settings) -> tuple[list[slo.Window], list[slo.RefusedWindows]]:
    """Windows of an objective that this stage's traffic in quiet hours is enough for, and the windows left out."""
    requests = Fraction(settings.row.users * REQUESTS_PER_USER.value * QUIET_SHARE.value, PERCENT)
    counted = objective.events is not None
    return slo.fitted(objective.target, requests if counted else Fraction(1), widen=counted)


def stack_alarms(home: RegionContext, alarms: Sequence[RegionAlarms]) -> None:
    """Declare what the stack has once: the dashboard of all regions, the budget, and the connection to Slack.

    Args:
        home: the home region, whose name these have.
        alarms: result of each region in use, the home region first.
    """
    settings, stack = home.settings, pulumi.get_stack()
    budget = settings.sizes.budget
    # Alarms of an unreachable region may not have been created yet.
    drawn = [panel for one in alarms if one.region != settings.unreachable for panel in _summary(one)]
    # In the home region: an update that leaves out an unreachable home region leaves the dashboard out as well.
    Dashboard(f"{home.base}-overview", DashboardArgs(panels=drawn), opts=home.options)
    tag = next(item for item in naming.tags(pulumi.get_project(), stack).items() if item[1] == stack)
    Budget(
        f"{home.base}-budget",
        BudgetArgs(
            monthly_usd=budget.monthly_usd,
            egress=not home.has(Capability.PROXIED_DNS),
            tag=tag,
            topic=alarms[0].topics[Severity.WARNING],
        ),
        opts=home.options,
    )
    slack = settings.alerts.slack
    if slack is not None:
        Slack(
            f"{home.base}-alarms",
            SlackArgs(
                workspace_id=slack.workspace_id,
                channel_id=slack.channel_id,
                topics=[topic for one in alarms for topic in one.topics.values()],
            ),
            opts=home.options,
        )
    elif not settings.alerts.critical:
        pulumi.log.warn("nobody is told of critical alarms: set ascent:alerts.critical, or ascent:alerts.slack")
