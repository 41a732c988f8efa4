"""Rows of the catalog: each has a source, and those that AWS' own models say are made from the models."""

from __future__ import annotations

import json

import pytest

from catalog import constraints, paths, tables
from catalog.schema import resource_schema
from catalog.values import UNKNOWN
from tests.aws.generate import ABOUT, FOLDER, areas, files
from tests.aws.judges.names import property_of
from tests.aws.test_plans import planned_places

TESTS = ("one_of", "pattern", "range", "length")


def test_make_facts_would_change_nothing() -> None:
    made = files(planned_places())
    assert {path.name for path in made} == {path.name for path in FOLDER.glob("aws-*.json")}
    stale = [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make facts`"


@pytest.mark.parametrize("name", areas())
def test_a_generated_file_says_what_it_was_made_from(name: str) -> None:
    table = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert set(table[ABOUT]) == {"botocore", "cfn-lint", "schemas"}
    for type_, rows in table.items():
        if type_ != ABOUT:
            assert all(len(set(row) & set(TESTS)) == 1 and set(row) <= {"path", "source", *TESTS} for row in rows)


def test_every_row_about_aws_has_a_source() -> None:
    without = [
        f"{type_}: {json.dumps(row)}"
        for type_, rows in tables.constraints().items()
        for row in rows
        if type_.startswith("aws:") and not row.get("source", "").strip()
    ]
    assert without == []


# What AWS' models require and the SDK does not, and who fills it in.
FILLED_IN = {
    "aws:acm/certificate:Certificate domainName": "the provider takes one out of an imported certificate instead",
    "aws:budgets/budget:Budget limitAmount": "the provider's, of planned limits instead",
    "aws:budgets/budget:Budget limitUnit": "as limitAmount",
    "aws:ec2/flowLog:FlowLog vpcId": "one of several that can be logged",
    "aws:ec2/internetGateway:InternetGateway vpcId": "a gateway can be attached by another resource",
    "aws:ec2/securityGroup:SecurityGroup description": "Managed by Pulumi",
    "aws:elasticache/parameterGroup:ParameterGroup description": "Managed by Pulumi",
    "aws:elasticache/subnetGroup:SubnetGroup description": "Managed by Pulumi",
    "aws:lb/listenerRule:ListenerRule priority": "the provider takes the next one that is free",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup description": "Managed by Pulumi",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup parameters": "a group of defaults; no call then",
    "aws:rds/subnetGroup:SubnetGroup description": "Managed by Pulumi",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration rules": "checked by the provider when it runs",
    "aws:wafv2/webAcl:WebAcl rules[*].statement.rateBasedStatement.scopeDownStatement.byteMatchStatement"
    ".textTransformations": "checked by the provider when it runs",
}


def test_what_aws_requires_the_sdk_requires_or_somebody_fills_in() -> None:
    found = {
        f"{type_} {path}"
        for type_, inputs in planned_places().items()
        for path, views in inputs.items()
        if not path.endswith("]")
        and path != property_of(type_)
        and all(place.target[-1] in place.parent.facts.get("required", ()) for _, place in views)
        and not _required(type_, path)
    }
    assert found == set(FILLED_IN)


def _required(type_: str, path: str) -> bool:
    schema = resource_schema(type_)
    assert schema is not None
    *above, last = paths.parse(path)
    if not above:
        return schema.inputs[str(last)].required
    kind = schema.at(tuple(above))
    return isinstance(kind, dict) and "object" in kind and schema.objects[kind["object"]][str(last)].required


def test_no_row_is_written_by_hand_that_a_generated_one_says() -> None:
    twice = [
        f"{type_}: {row['path']}: {test}"
        for type_, rows in tables.documented().items()
        for row in rows
        if "when" not in row  # a narrower one
        for test in TESTS
        if test in row and any(row["path"] == one["path"] and test in one for one in tables.generated().get(type_, []))
    ]
    assert twice == []


@pytest.mark.parametrize(
    ("type_", "inputs", "words"),
    [
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"evaluationPeriods": 0}, "to be at least (1), got 0"),
        ("aws:rds/cluster:Cluster", {"backupRetentionPeriod": 36}, "to be in the range (1 - 35), got 36"),
        ("aws:rds/cluster:Cluster", {"masterPassword": "x" * 42}, "in the range (8 - 41) characters, got 42"),
        (
            "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
            {"connectionPoolConfig": {"connectionBorrowTimeout": 301}},
            "(0 - 300), got 301",
        ),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {"rules": [{"expiration": {"days": 0}}]},
            "at least (1), got 0",
        ),
        ("aws:eks/cluster:Cluster", {"accessConfig": {"authenticationMode": "TRUST"}}, "to be one of"),
    ],
)
def test_a_row_refuses(type_: str, inputs: dict[str, object], words: str) -> None:
    reasons = [one.reason for one in constraints.violations(tables.constraints()[type_], inputs)]
    assert any(words in reason for reason in reasons), reasons


def test_what_nobody_knows_is_refused_by_no_generated_row() -> None:
    for type_, rows in tables.generated().items():
        inputs = {row["path"].split(".")[0].split("[")[0]: UNKNOWN for row in rows}
        assert list(constraints.violations(rows, inputs)) == [], type_
