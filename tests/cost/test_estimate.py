"""The estimate of whole stacks: complete, a range that means something, and the same however it is summed."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from infra.config.settings import Settings
from infra.stages import STAGES
from ops.cost import Estimate, estimate
from ops.cost.around import CannotPriceError
from ops.cost.by_hand import amounts, dollars, resource
from ops.cost.hints import hints
from ops.cost.rules import RULES, free
from ops.cost.rules.compute import runs_a_month
from ops.cost.span import CostSpan, exactly, total
from ops.cost.usage import TABLE, Assumption, usage
from ops.engine.render import RenderedStack
from tests.unit import configs
from tests.unit.runtime import built

STATES = [(stage, runtime) for runtime in ("ec2", "both") for stage in STAGES]


def _settings(stage: int, runtime: str) -> Settings:
    return configs.settings(stage=stage, runtime=runtime)


@cache
def _estimate(stage: int, runtime: str = "ec2") -> Estimate:
    plan = RenderedStack(stage, "test", tuple(built(stage=stage, runtime=runtime, live=True).values()))
    return estimate(plan, _settings(stage, runtime))


@pytest.mark.parametrize(("stage", "runtime"), STATES)
def test_everything_has_a_price_or_a_reason_why_it_has_none(stage: int, runtime: str) -> None:
    assert _estimate(stage, runtime).unpriced == ()


@pytest.mark.parametrize(("stage", "runtime"), STATES)
def test_the_sums_are_one_sum(stage: int, runtime: str) -> None:
    found = _estimate(stage, runtime)
    assert 0 < found.low < found.high
    for parts in (found.by_component, found.by_region):
        assert total(parts.values()).low == pytest.approx(found.low)
        assert total(parts.values()).high == pytest.approx(found.high)
    assert all(0 <= row.cost.low <= row.cost.high for row in found.rows)
    assert all(row.quantity.high > 0 for row in found.rows)
    assert found.low < found.budget < found.high


def test_each_stage_costs_more_than_the_one_below() -> None:
    found = [_estimate(stage) for stage in sorted(STAGES)]
    assert [one.low for one in found] == sorted(one.low for one in found)
    assert [one.high for one in found] == sorted(one.high for one in found)


def test_every_region_of_the_last_stage_has_its_part() -> None:
    settings = _settings(7, "ec2")
    found = _estimate(7)
    assert set(found.by_region) == set(settings.active_regions)
    parts = [found.of_region(region) for region in settings.active_regions]
    assert sum(one.high for one in parts) == pytest.approx(found.high)
    assert {one.region for one in parts} == set(settings.active_regions)


@pytest.mark.parametrize(
    ("what", "item"),
    [
        ("NAT", "vpc.nat-gb"), ("egress", "transfer.internet-gb"), ("addresses", "vpc.public-ipv4"),
        ("alarms", "cloudwatch.alarm"), ("backups", "aurora.backup"), ("logs", "cloudwatch.logs-gb"),
        ("detailed monitoring", "cloudwatch.metric"), ("proxy", "rds-proxy.acu-hour"), ("spot", "ec2.c7g.large"),
        ("the CDN's plan", "cloudflare.pro"), ("keys", "kms.key"), ("queues", "sqs.request"),
    ],
)  # fmt: skip
def test_what_bills_forget_is_in_it(what: str, item: str) -> None:
    assert any(row.item == item and row.cost.high > 0 for row in _estimate(6).rows), what


@pytest.mark.parametrize("type_", RULES)
def test_no_type_is_both_priced_and_free(type_: str) -> None:
    assert free(type_) is None


def test_a_type_that_nobody_priced_is_named_and_not_in_the_sum() -> None:
    found = estimate(RenderedStack(1, "test", (resource("aws:moon/base:Base"),)), _settings(1, "ec2"))
    assert found.low == found.high == 0
    assert [(one.type, one.reason) for one in found.unpriced] == [("aws:moon/base:Base", "no price rule for this type")]


def test_what_is_in_no_region_has_the_prices_of_the_home_region() -> None:
    pack = replace(resource("cloudflare:index/certificatePack:CertificatePack"), region=None)
    found = estimate(RenderedStack(1, "test", (pack,)), configs.settings(regions=["eu-west-1", "us-east-1"]))
    assert [row.region for row in found.rows] == ["eu-west-1"]


def test_what_only_the_cloud_can_tell_is_named_and_not_guessed() -> None:
    group = resource("aws:autoscaling/group:Group", minSize={"unknown": True}, maxSize=4)
    found = estimate(RenderedStack(1, "test", (group,)), _settings(1, "ec2"))
    assert found.unpriced[0].reason == "minSize is not known before the update"


# What each rule says, worked out by hand: resource, what lies around it, least and most a month.
_GROUP = "aws:autoscaling/group:Group"
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
_SPOT = {
    "launchTemplate": {"overrides": [{"instanceType": "c7g.large"}, {"instanceType": "m7g.large"}]},
    "instancesDistribution": {"onDemandBaseCapacity": 2, "onDemandPercentageAboveBaseCapacity": 30},
}


@pytest.mark.parametrize(
    ("around", "items", "least", "most"),
    [
        # Two on demand; of eight more, 30 % on demand and the rest spot: at best 60 % off, at worst nothing.
        (
            [resource(_GROUP, minSize=2, maxSize=10, mixedInstancesPolicy=_SPOT)],
            ("ec2.c7g.large",), 2 * 730 * 0.0725, 10 * 730 * 0.0725,
        ),
        # A warm pool keeps disks of what is stopped: two instances run, six wait, 20 GB each.
        (
            [
                resource(_GROUP, minSize=2, maxSize=8, warmPool={"minSize": 2}),
                resource("aws:ec2/launchTemplate:LaunchTemplate", instanceType="t4g.small",
                         blockDeviceMappings=[{"ebs": {"volumeSize": 20}}]),
            ],
            ("ec2.gp3",), (2 + 6) * 20 * 0.08, (8 + 2) * 20 * 0.08,
        ),
        ([resource(_CACHE, nodeType="cache.m7g.large", numCacheClusters=3)],
         ("elasticache.m7g.large",), 3 * 730 * 0.158, 3 * 730 * 0.158),
        ([resource(_CACHE, engine="valkey", nodeType="cache.r7g.xlarge", numCacheClusters=2)],
         ("elasticache.valkey.r7g.xlarge",), 2 * 730 * 2 * 0.219 * 0.8, 2 * 730 * 2 * 0.219 * 0.8),
        # A secondary of a Global Datastore says neither engine nor node type.
        ([resource(_CACHE, numCacheClusters=2),
          resource(_CACHE, "primary", engine="valkey", nodeType="cache.m7g.large", numCacheClusters=2)],
         ("elasticache.valkey.m7g.large",), 2 * 730 * 0.158 * 0.8, 2 * 730 * 0.158 * 0.8),
        ([resource("aws:kms/key:Key", enableKeyRotation=True)], (), 1.0, 3.0),
        ([resource("aws:cloudwatch/metricAlarm:MetricAlarm", period=10)], (), 0.3, 0.3),
        (
            [resource("aws:cloudwatch/metricAlarm:MetricAlarm", metricQueries=[
                {"metric": {"period": 60}}, {"metric": {"period": 60}}, {"expression": "a / b"}])],
            (), 0.2, 0.2,
        ),
        ([resource("aws:secretsmanager/secret:Secret", replicas=[{}, {}])], ("secrets.secret",), 1.2, 1.2),
        ([resource("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Gateway")], (), 0, 0),
        ([resource("cloudflare:index/certificatePack:CertificatePack")], ("cloudflare.certificates",), 10, 10),
    ],
)  # fmt: skip
def test_a_rule_says_what_a_person_works_out(
    around: list[Any], items: tuple[str, ...], least: float, most: float
) -> None:
    found = dollars(amounts(*around), *items)
    assert (found.low, found.high) == pytest.approx((least, most))


def test_nodes_cost_what_pods_leave_of_them_too() -> None:
    """A pod of 2 vCPUs is alone on a node of 4."""
    cpu, memory = "2000m", "2048Mi"
    containers = [{"resources": {"requests": {"cpu": cpu, "memory": memory}}}]
    found = amounts(
        resource("aws:eks/cluster:Cluster", computeConfig={"enabled": True}),
        resource(
            "kubernetes:apps/v1:Deployment",
            metadata={"name": "blue"},
            spec={"template": {"spec": {"containers": containers}}},
        ),
        resource(
            "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
            spec={"scaleTargetRef": {"name": "blue"}, "minReplicas": 4, "maxReplicas": 30},
        ),
    )
    (disks,) = (one.quantity for one in found if one.key == "ec2.gp3")
    system = 2 / 0.8
    # Of 80 GiB, one for each 2 vCPUs.
    assert (disks.low, disks.high) == ((4 * 2 / 0.8 + system) / 2 * 80, (30 * 4 + system) / 2 * 80)


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(1 hour)", 730), ("rate(5 minutes)", 8760), ("rate(1 day)", 730 / 24),
        ("cron(0 2 * * ? *)", 730 / 24), ("cron(0 */6 * * ? *)", 4 * 730 / 24), ("cron(0 3 1 * ? *)", 1),
        ("cron(0 4 ? * SUN *)", 730 / 24 / 7), ("cron(0/15 * * * ? *)", 2920),
        ("cron(0-10/5 * * * ? *)", 3 * 730), ("cron(0 0 1 1 ? *)", 1 / 12),
        ("cron(0 8-17 ? * MON-FRI *)", 10 * 5 * 730 / 24 / 7),
    ],
)  # fmt: skip
def test_schedules_are_counted(expression: str, runs: float) -> None:
    assert runs_a_month(expression) == pytest.approx(runs)


@pytest.mark.parametrize("expression", ["at(2026-12-01T00:00:00)", "hourly"])
def test_a_schedule_of_another_form_is_not_guessed(expression: str) -> None:
    with pytest.raises(CannotPriceError, match="no cron"):
        runs_a_month(expression)


def test_users_of_a_stage_are_those_that_came_from_the_one_below_to_its_own() -> None:
    assert usage(_settings(1, "ec2")).users == CostSpan(0, STAGES[1].users)
    assert usage(_settings(2, "ec2")).users == CostSpan(STAGES[1].users, STAGES[2].users)
    last = usage(_settings(7, "ec2")).users
    assert last.low == pytest.approx(STAGES[6].users / 3)


def test_every_assumption_has_a_source_and_a_range() -> None:
    rows = [one for one in vars(sys.modules["ops.cost.usage"]).values() if isinstance(one, Assumption)]
    assert list(TABLE) == rows
    assert len(TABLE) > 20
    for one in TABLE:
        assert one.source, one.name
        assert 0 <= one.span.low <= one.span.high, one.name


def test_hints_name_what_they_save_and_save_no_more_than_there_is() -> None:
    found = _estimate(4)
    given = hints(found)
    texts = " ".join(one.text for one in given)
    assert "commit to the minimum" in texts
    assert "could be spot" in texts
    assert all(one.source and 0 <= one.saves.low <= one.saves.high <= found.high for one in given)
    steady = 3 * 730 * 0.0725
    plan = next(one for one in given if "compute, one year" in one.text)
    assert plan.saves.low == pytest.approx(steady * 0.27, rel=0.01)


def test_a_stage_with_spot_is_not_told_to_take_some() -> None:
    assert not any("could be spot" in one.text for one in hints(_estimate(6)))


def test_spans_add_and_multiply_end_by_end() -> None:
    assert CostSpan(1, 2) + exactly(3) == CostSpan(4, 5)
    assert CostSpan(1, 2) * CostSpan(3, 4) == CostSpan(3, 8)
    assert 2 * CostSpan(1, 2) == CostSpan(2, 4)
    assert CostSpan(1, 9).at_least(3) == CostSpan(3, 9)
