"""What a stack may cost and send out in a month, and who is told before it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import BUDGET_ALL, EGRESS_GB, Threshold

_BUDGET_EARLY = Threshold(
    80, "percent", "Ascent: Horizontal Scaling Guide, Cost Monitoring, sets budget alerts and no figure"
)

# AWS Cost Explorer, usage type groups: what leaves to the internet, from load balancers and from buckets.
EGRESS = ("EC2: Data Transfer - Internet (Out)", "S3: Data Transfer - Internet (Out)")


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """What budgets need.

    monthly_usd: US dollars a month.
    egress: also watch what leaves to the internet, in GB a month.
    tag: the tag of everything that counts, as key and value. AWS knows its costs from the day it is activated as a cost
        allocation tag in the billing console; until then, a budget sees none.
    topic: ARN of the topic that is told.
    """

    monthly_usd: int
    egress: bool
    tag: tuple[str, str]
    topic: pulumi.Input[str]


class Budget(pulumi.ComponentResource):
    """A budget of costs, and where wanted one of gigabytes."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Budget"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key, value = args.tag
        tagged: aws.budgets.BudgetCostFilterArgsDict = {"name": "TagKeyValue", "values": [f"user:{key}${value}"]}
        aws.budgets.Budget(
            name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            cost_filters=[tagged],
            notifications=[
                _tell("ACTUAL", _BUDGET_EARLY, [args.topic]),
                _tell("ACTUAL", BUDGET_ALL, [args.topic]),
                _tell("FORECASTED", BUDGET_ALL, [args.topic]),
            ],
            opts=child,
        )
        if args.egress:
            aws.budgets.Budget(
                f"{name}-egress",
                budget_type="USAGE",
                time_unit="MONTHLY",
                limit_amount=str(EGRESS_GB.value),
                limit_unit="GB",
                cost_filters=[tagged, {"name": "UsageTypeGroup", "values": [*EGRESS]}],
                notifications=[
                    _tell("ACTUAL", BUDGET_ALL, [args.topic]),
                    _tell("FORECASTED", BUDGET_ALL, [args.topic]),
                ],
                opts=child,
            )
        self.register_outputs({"monthlyUsd": args.monthly_usd})


def _tell(kind: str, share: Threshold, topics: Sequence[pulumi.Input[str]]) -> aws.budgets.BudgetNotificationArgsDict:
    return {
        "comparison_operator": "GREATER_THAN",
        "notification_type": kind,
        "threshold": float(share.value),
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": topics,
    }
