"""Rows of the catalog: each has a source, and those that AWS' own models say are made from the models."""

from __future__ import annotations

import json

import pytest

from catalog import constraints, tables
from catalog.values import UNKNOWN
from tests.aws.generate import ABOUT, FOLDER, areas, files
from tests.aws.test_plans import planned

TESTS = ("one_of", "pattern", "range", "length")


def test_make_facts_would_change_nothing() -> None:
    made = files(planned())
    assert {path.name for path in made} == {path.name for path in FOLDER.glob("*.json")}
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


def test_no_row_is_written_by_hand_that_a_generated_one_says() -> None:
    twice = [
        f"{type_}: {row['path']}: {test}"
        for type_, rows in tables.documented().items()
        for row in rows
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
