"""The objectives of one subject: burn-rate alarms over long and short windows, and composites that page or wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.alarms.model import Severity
from infra.alarms.objectives import Objective, burn_alarms
from infra.alarms.slo import Window
from infra.alarms.subject import Subject
from infra.components.observability.alarms import metric_alarm


@dataclass(frozen=True, kw_only=True)
class SloArgs:
    """What objectives need.

    subject: what is measured.
    objectives: each with the pairs of windows that mean something at its traffic.
    topics: ARN of the topic that hears of each severity.
    procedures: address of docs/procedures.md.
    """

    subject: Subject
    objectives: Sequence[tuple[Objective, Sequence[Window]]]
    topics: Mapping[Severity, pulumi.Input[str]]
    procedures: str


class Slo(pulumi.ComponentResource):
    """Burn-rate alarms and their composites.

    arns: of the composites, by name.
    gates: names of the metric alarms that stop a release: the shortest windows of the fastest burn.
    """

    def __init__(self, name: str, args: SloArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Slo"), name, None, opts)
        self._name = name
        self._args = args
        self.gates: list[pulumi.Output[str]] = []
        self.arns: dict[str, pulumi.Output[str]] = {}
        for objective, windows in args.objectives:
            for severity, paging in ((Severity.CRITICAL, True), (Severity.WARNING, False)):
                rules = [self._pair(objective, window) for window in windows if window.page is paging]
                if rules:
                    self._composite(objective, severity, rules)
        self.register_outputs({"gates": self.gates})

    def _pair(self, objective: Objective, window: Window) -> pulumi.Output[str]:
        """Declare a pair of alarms. Returns the rule that both are on."""
        names = []
        for row in burn_alarms(objective, window):
            alarm = metric_alarm(
                f"{self._name}-{row.name}",
                row,
                self._args.subject,
                procedures=self._args.procedures,
                # One window alone does not notify.
                told=[],
                parent=self,
            )
            names.append(alarm.name)
            if row.gate:
                self.gates.append(alarm.name)
        long, short = names
        return pulumi.Output.concat('(ALARM("', long, '") AND ALARM("', short, '"))')

    def _composite(self, objective: Objective, severity: Severity, rules: Sequence[pulumi.Output[str]]) -> None:
        topic = self._args.topics[severity]
        name = f"{self._name}-{objective.name}-{severity}"
        pace = "fast" if severity is Severity.CRITICAL else "steadily"
        alarm = aws.cloudwatch.CompositeAlarm(
            name,
            alarm_name=name,
            alarm_description=(
                f"{objective.says}, over 30 days: the error budget of that is being used up {pace} "
                f"({objective.target.source}). What to do: {self._args.procedures}#error-budget"
            ),
            alarm_rule=pulumi.Output.all(*rules).apply(lambda known: " OR ".join(str(one) for one in known)),
            alarm_actions=[topic],
            ok_actions=[topic],
            # Whether actions are enabled is never said: changing it would replace the alarm.
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arns[name] = alarm.arn
