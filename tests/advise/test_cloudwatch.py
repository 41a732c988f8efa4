"""The metrics from CloudWatch: from moto, with alarms as the program makes them, and by the API's own shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.stub import ANY  # type: ignore[import-untyped]
from moto import mock_aws
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner

from infra.alarms.model import Kind
from infra.alarms.table import alarms_of
from infra.clients import clients
from ops.advise import cloudwatch
from ops.advise.cloudwatch import READINGS, ask
from ops.advise.measures import MEASURES
from ops.cli import app
from ops.errors import AscentError
from ops.stackfile import ROOT
from tests.quotas.support import Stubs
from tests.unit.configs import settings

HOUR = 3600
NOW = datetime(2026, 12, 1, 18, tzinfo=UTC).timestamp()
HOME, OTHER = "us-east-1", "eu-west-1"
BASE = {HOME: "test-use1", OTHER: "test-euw1"}
ELB, RDS = "AWS/ApplicationELB", "AWS/RDS"


def dimensions(region: str) -> dict[str, str]:
    name = BASE[region]
    return {"LoadBalancer": f"app/{name}/0a", "DBClusterIdentifier": f"{name}-db", "ProxyName": f"{name}-db"}


def subjects(region: str) -> list[tuple[str, tuple[Kind, ...], dict[str, str]]]:
    """Name, kinds and dimensions, as infra/wiring/alarm_subjects.py has them at stage 4."""
    name, has = BASE[region], dimensions(region)
    return [
        (f"{name}-balancer", (Kind.BALANCER, Kind.EGRESS), has),
        (f"{name}-db", (Kind.DATABASE,), {**has, "Role": "WRITER"}),
        (f"{name}-db-readers", (Kind.READERS,), {**has, "Role": "READER"}),
        (f"{name}-db-pool", (Kind.PROXY, Kind.UNCACHED), has),
        (f"{name}-app", (Kind.APPLICATION,), has),
    ]


def put_alarms(client: Any, region: str) -> None:
    """The alarms of the table, with the names that Pulumi gives them."""
    for subject, kinds, has in subjects(region):
        for row in alarms_of(kinds):
            metrics = [
                {
                    "Namespace": one.namespace or f"Ascent/{subject}",
                    "MetricName": one.name,
                    "Dimensions": [{"Name": name, "Value": has[name]} for name in one.by],
                }
                for one in row.metrics.values()
            ]
            common = {
                "AlarmName": f"{subject}-{row.name}-0a1b2c3",
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Threshold": 1.0,
            }
            if row.expression is None:
                client.put_metric_alarm(**common, **metrics[0], Statistic="Average", Period=60)
                continue
            queries: list[dict[str, Any]] = [{"Id": "value", "Expression": "m0", "ReturnData": True}]
            queries += [
                {"Id": f"m{index}", "MetricStat": {"Metric": one, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
                for index, one in enumerate(metrics)
            ]
            client.put_metric_alarm(**common, Metrics=queries)


Value = float | Callable[[int], float | None]


def put(client: Any, namespace: str, name: str, value: Value, by: dict[str, str], times: int = 1) -> None:
    """A value for each of the last hours of five days, so many times; a function gets the hours that are left."""
    values = {left: value(left) if callable(value) else value for left in range(1, 5 * 24 + 1)}
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": one} for key, one in by.items()],
            "Timestamp": datetime.fromtimestamp(NOW - left * HOUR, UTC),
            "Values": [one],
            "Counts": [times],
        }
        for left, one in values.items()
        if one is not None
    ]
    client.put_metric_data(Namespace=namespace, MetricData=data)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")


@pytest.fixture
def account(keys: None) -> Iterator[Any]:
    del keys
    with mock_aws():
        client = boto3.client("cloudwatch", HOME)
        put_alarms(client, HOME)
        yield client


def measured(region: str = HOME) -> dict[str, dict[str, str]]:
    has = dimensions(region)
    return {
        "balancer": {"LoadBalancer": has["LoadBalancer"]},
        "writer": {"DBClusterIdentifier": has["DBClusterIdentifier"], "Role": "WRITER"},
        "readers": {"DBClusterIdentifier": has["DBClusterIdentifier"], "Role": "READER"},
        "proxy": {"ProxyName": has["ProxyName"]},
    }


def fill(client: Any) -> None:
    """A stack's numbers, an hour each: a sum is of the hour."""
    by = measured()
    for name, value in {
        "RequestCount": 36_000, "HTTPCode_Target_5XX_Count": 360, "HTTPCode_ELB_5XX_Count": 360,
        "ProcessedBytes": 500_000_000,
    }.items():  # fmt: skip
        put(client, ELB, name, value, by["balancer"])
    put(client, RDS, "CPUUtilization", 61, by["writer"])
    # Two readers at 20 percent, a value a minute each.
    put(client, RDS, "CPUUtilization", 2400, by["readers"])
    put(client, RDS, "DatabaseConnections", 44, by["writer"])
    # A proxy of two machines, each with 45 clients and half of the pool: two values a minute.
    put(client, RDS, "ClientConnections", 45, by["proxy"], times=120)
    put(client, RDS, "QueryRequests", 900_000, by["proxy"])
    put(client, RDS, "DatabaseConnectionsCurrentlyBorrowed", 4.5, by["proxy"], times=120)
    put(client, RDS, "MaxDatabaseConnectionsAllowed", 10, by["proxy"], times=120)
    put(client, "Ascent/test-use1-app", "PoolWaiting", 3, {})
    put(client, "Ascent/test-use1-app", "Responses", 200, {})
    put(client, "Ascent/test-use1-app", "RateLimited", lambda left: 8 if left < 3 else 0, {})


def test_each_measure_is_worked_out_in_its_unit(account: Any) -> None:
    fill(account)
    found = ask(settings(stage=4), "test", clients(), NOW, period=HOUR)
    expected = {
        "requests": 600,  # 36 000 an hour
        "errors": 2,  # 720 of 36 000
        "egress": 360,  # half a gigabyte an hour, 720 hours
        "database-cpu": 61,
        "reader-cpu": 40,
        "database-connections": 44,
        "client-connections": 90,
        "database-reads": 250,  # 900 000 an hour
        "pool-use": 45,
        "pool-waiting": 3,
    }
    for name, value in expected.items():
        assert found.series[name].days(NOW, 6) == [pytest.approx(value)] * 5 + [None], name
        assert len(found.series[name].samples) == 5 * 24, name
    assert found.series["rate-limited"].samples[-1].value == pytest.approx(4)
    assert found.series["rate-limited"].samples[0].value == 0
    assert "connection-errors" in found.absent
    assert "pg_stat_statements" in found.absent["query-p95"]
    assert "no alarm of the stack" in found.absent["cache-hits"]


def test_hours_without_a_request_are_zero_and_not_unknown(account: Any) -> None:
    """CloudWatch publishes nothing of a balancer that nobody visits."""
    by = measured()["balancer"]
    put(account, ELB, "RequestCount", 36_000, by)
    put(account, ELB, "ProcessedBytes", lambda left: 1_000_000 if left > 10 else None, by)
    found = ask(settings(stage=4), "test", clients(), NOW, period=HOUR)
    assert [one.value for one in found.series["egress"].samples[-10:]] == [0] * 10
    assert found.series["errors"].samples[-1].value == 0


def test_an_idle_database_is_below_a_percent_of_its_most_and_no_ratio(account: Any) -> None:
    """Amazon Aurora User Guide, Serverless v2: CPUUtilization is a share of what the most capacity units have."""
    put(account, RDS, "CPUUtilization", 0.6, measured()["writer"])
    found = ask(settings(stage=4), "test", clients(), NOW, period=HOUR)
    assert found.series["database-cpu"].samples[-1].value == 0.6


def test_regions_are_added_up_and_the_database_is_that_of_the_writes(keys: None) -> None:
    del keys
    with mock_aws():
        for region in (HOME, OTHER):
            client = boto3.client("cloudwatch", region)
            put_alarms(client, region)
            put(client, ELB, "RequestCount", 36_000, measured(region)["balancer"])
            put(client, RDS, "CPUUtilization", 61 if region == HOME else 99, measured(region)["writer"])
        both = settings(stage=7, regions=[HOME, OTHER], unreachable=None)
        found = ask(both, "test", clients(), NOW, period=HOUR)
        assert found.series["requests"].samples[-1].value == 1200
        assert found.series["database-cpu"].samples[-1].value == 61


def test_a_stack_that_is_not_there_is_named(keys: None) -> None:
    del keys
    with mock_aws(), pytest.raises(AscentError, match="no alarm whose name begins with test-use1-; is test up"):
        ask(settings(stage=4), "test", clients(), NOW)


def test_nothing_measured_yet_is_no_answer(account: Any) -> None:
    del account
    with pytest.raises(AscentError, match="CloudWatch in us-east-1 has nothing of test for the last 3 days"):
        ask(settings(stage=4), "test", clients(), NOW, period=HOUR)


def test_too_few_days_are_told_and_stop_nothing(account: Any) -> None:
    by = measured()
    put(account, ELB, "RequestCount", 36_000, by["balancer"])
    account.put_metric_data(
        Namespace=RDS,
        MetricData=[
            {
                "MetricName": "CPUUtilization",
                "Dimensions": [{"Name": key, "Value": one} for key, one in by["writer"].items()],
                "Timestamp": datetime.fromtimestamp(NOW - HOUR, UTC),
                "Value": 50,
            }
        ],
    )
    found = ask(settings(stage=4), "test", clients(), NOW, period=HOUR)
    assert "requests" in found.series
    assert "database-cpu on 0 of the last 3 days" in found.absent["database-cpu"]


def test_all_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon CloudWatch API Reference: NextToken of DescribeAlarms and of GetMetricData."""
    stubs = Stubs()
    watch = stubs.of("cloudwatch")
    metric = {
        "Namespace": ELB, "MetricName": "RequestCount", "Dimensions": [{"Name": "LoadBalancer", "Value": "app/x/0a"}]
    }  # fmt: skip
    alarm = {"AlarmName": "test-use1-visitors-none-0a1b2c3", **metric}
    about = {"AlarmNamePrefix": "test-use1-"}
    watch.add_response("describe_alarms", {"MetricAlarms": [], "NextToken": "more"}, about)
    watch.add_response("describe_alarms", {"MetricAlarms": [alarm]}, {**about, "NextToken": "more"})
    until = datetime.fromtimestamp(NOW, UTC)
    expected = {
        "MetricDataQueries": ANY,
        "StartTime": until - timedelta(days=14),
        "EndTime": until,
        "ScanBy": "TimestampAscending",
    }

    def page(first: int, last: int) -> dict[str, Any]:
        times = [until - timedelta(hours=left) for left in range(first, last, -1)]
        values = {"Timestamps": times, "Values": [3600.0] * len(times)}
        return {"MetricDataResults": [{"Id": "m0", "StatusCode": "PartialData", **values}]}

    watch.add_response("get_metric_data", {**page(120, 60), "NextToken": "more"}, expected)
    watch.add_response("get_metric_data", page(60, 0), {**expected, "NextToken": "more"})
    monkeypatch.setattr(cloudwatch, "READINGS", {"requests": READINGS["requests"]})
    found = ask(settings(stage=4), "test", stubs, NOW, period=HOUR)
    stubs.done()
    assert [one.value for one in found.series["requests"].samples] == [60.0] * 120
    assert found.series["requests"].end == NOW


def test_regions_response_times_are_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto has no percentiles."""
    stubs = Stubs()
    watch = stubs.of("cloudwatch")
    alarms = [
        {
            "AlarmName": f"test-use1-{name}-latency-0a1b2c3",
            "Metrics": [
                {"Id": "value", "Expression": "1000 * seconds"},
                {
                    "Id": "seconds",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": ELB, "MetricName": "TargetResponseTime",
                            "Dimensions": [{"Name": "LoadBalancer", "Value": f"app/{name}/0a"}],
                        },
                        "Period": 60, "Stat": "p95",
                    },
                },
            ],
        }
        for name in ("one", "other")
    ]  # fmt: skip
    watch.add_response("describe_alarms", {"MetricAlarms": alarms}, {"AlarmNamePrefix": "test-use1-"})
    times = [datetime.fromtimestamp(NOW, UTC) - timedelta(hours=left) for left in range(120, 0, -1)]
    answers = [
        {"Id": f"m{index}", "Timestamps": times, "Values": [seconds] * 120} for index, seconds in enumerate((0.4, 0.9))
    ]
    watch.add_response("get_metric_data", {"MetricDataResults": answers})
    monkeypatch.setattr(cloudwatch, "READINGS", {"latency-p95": READINGS["latency-p95"]})
    found = ask(settings(stage=4), "test", stubs, NOW, period=HOUR)
    stubs.done()
    assert found.series["latency-p95"].days(NOW, 1) == [900]


def test_what_aws_refuses_is_told() -> None:
    stubs = Stubs()
    stubs.refuses("cloudwatch", "describe_alarms", "AccessDenied")
    with pytest.raises(AscentError, match=r"cloudwatch in us-east-1: .*AccessDenied.*not for you"):
        ask(settings(stage=4), "test", stubs, NOW)


def test_the_policy_that_the_document_names_allows_all_calls() -> None:
    assert "`CloudWatchReadOnlyAccess` has both" in (ROOT / "docs" / "advise.md").read_text()
    policies = json.loads(aws_managed_policies_data)
    policy = policies["CloudWatchReadOnlyAccess"]["Document"]  # as AWS has it, copied by moto
    allowed = [action for one in policy["Statement"] for action in one["Action"]]
    for right in cloudwatch.RIGHTS:
        assert any(fnmatch(right, action) for action in allowed), right


def test_every_reading_is_a_measure_and_the_others_say_why() -> None:
    assert set(READINGS) | set(cloudwatch.ELSEWHERE) | {"concurrent-users"} == set(MEASURES)


def test_the_command_asks_the_endpoint_that_the_environment_names(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the sandbox's endpoint is found: a server of moto, over HTTP, with the stack's alarms in it."""
    del keys
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setattr(cloudwatch, "PERIOD", HOUR)
        monkeypatch.setitem(BASE, HOME, "sandbox-use1")
        client = boto3.client("cloudwatch", HOME)
        put_alarms(client, HOME)
        put(client, ELB, "RequestCount", lambda left: 60_000 if left < 72 else 30_000, measured()["balancer"])
        put(client, RDS, "CPUUtilization", lambda left: 78 if left < 72 else 40, measured()["writer"])
        run = ["advise", "--cloudwatch", "--stage", "3", "--at", "2026-12-01T18:00:00Z", "--json"]
        result = CliRunner().invoke(app, run)
    finally:
        server.stop()
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    cpu = next(one for one in found["triggers"] if (one["stage"], one["measure"]) == (4, "database-cpu"))
    assert (cpu["value"], cpu["state"]) == (78, "clear")
    assert found["load"] == {"by": "requests", "growth": 2.0}
    assert any("stage 5 by egress" in text for text in found["notJudged"])
