"""The price table, and the public lists that it is brought up to date from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.regions import REGIONS
from ops import cli
from ops.commands import prices as command
from ops.cost import price_list
from ops.cost.price_list import PREFIXES, PriceListError, listed, merged, read
from ops.cost.prices import TABLE, PriceError, Prices, shipped

SAMPLE = Path(__file__).parent / "price_list.csv"
DATA: dict[str, Any] = json.loads(TABLE.read_text())


def _sample() -> list[str]:
    return SAMPLE.read_text().splitlines(keepends=True)


def _item(key: str) -> dict[str, Any]:
    return next(one for one in DATA["items"] if one["key"] == key)


def test_every_row_of_the_table_has_its_source_date_and_confidence() -> None:
    items = {one["key"]: one for one in DATA["items"]}
    assert len(items) == len(DATA["items"])
    assert len({(one["key"], one["region"]) for one in DATA["prices"]}) == len(DATA["prices"])
    for one in DATA["prices"]:
        assert items[one["key"]]["source"], one
        assert date.fromisoformat(one["date"]) <= date(2026, 12, 31), one
        assert one["confidence"] in ("list", "estimate"), one
        assert one["usd"] >= 0, one


def test_every_item_has_a_price_in_every_region() -> None:
    for key in shipped().keys:
        for region in REGIONS:
            assert shipped().price(key, region).usd >= 0, (key, region)


def test_a_region_without_a_row_is_an_estimate_and_says_from_what() -> None:
    data = {
        **DATA,
        "items": [_item("vpc.nat-hour")],
        "prices": [
            {"key": "vpc.nat-hour", "region": "us-east-1", "usd": 0.045, "date": "2025-06-01", "confidence": "list"}
        ],
    }
    found = Prices(data).price("vpc.nat-hour", "sa-east-1")
    assert found.usd == pytest.approx(0.045 * 0.153 / 0.096)
    assert found.confidence == "estimate"
    assert "us-east-1, times 1.594" in found.source


def test_a_size_without_a_row_is_a_multiple_of_large() -> None:
    found = shipped().price("ec2.c7g.4xlarge", "us-east-1")
    assert found.usd == pytest.approx(8 * 0.0725)
    assert found.confidence == "estimate"


@pytest.mark.parametrize("key", ["ec2.z9g.large", "ec2.c7g.huge", "moonbase.hour"])
def test_what_has_no_price_says_what_to_do(key: str) -> None:
    with pytest.raises(PriceError, match=r"add it to prices.json, or run: ascent prices"):
        shipped().price(key, "us-east-1")


def test_a_list_is_read_by_usage_type_operation_and_first_tier_that_is_paid() -> None:
    items = [_item(key) for key in ("ec2.t4g.small", "vpc.nat-hour", "transfer.internet-gb", "sqs.request")]
    found = read(_sample(), [*items, _item("ec2.c7g.large")], "eu-west-1")
    assert {row["key"]: row["usd"] for row in found.rows} == {
        "ec2.t4g.small": 0.019,
        "vpc.nat-hour": 0.049,
        "transfer.internet-gb": 0.091,
        "sqs.request": 0.42,  # the list counts requests, the table millions
    }
    assert {row["date"] for row in found.rows} == {"2026-11-02"}
    assert found.missing == ["ec2.c7g.large"]


def test_usage_types_of_another_region_are_not_taken() -> None:
    assert read(_sample(), [_item("vpc.nat-hour")], "us-east-1").rows == []


def test_every_region_that_the_program_knows_has_its_prefix() -> None:
    assert set(REGIONS) <= set(PREFIXES)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "is no AWS price list"),
        (["<html>\n"] * 20, "is no AWS price list"),
        ([*_sample()[:7], '"A1","x"\n'], "damaged in line 8"),
        ([line.replace("0.0190000000", "much") for line in _sample()], "damaged in line 7"),
    ],
)
def test_what_is_no_list_is_refused(lines: list[str], reason: str) -> None:
    with pytest.raises(PriceListError, match=reason):
        read(lines, [_item("ec2.t4g.small")], "eu-west-1")


def test_what_was_read_replaces_the_same_item_and_region_alone() -> None:
    row = {"key": "vpc.nat-hour", "region": "eu-west-1", "usd": 9.0, "date": "2026-11-02", "confidence": "list"}
    after = merged(DATA, [row])
    changed = [one for one in after["prices"] if one not in DATA["prices"]]
    assert changed == [row]
    assert len(after["prices"]) in (len(DATA["prices"]), len(DATA["prices"]) + 1)
    assert Prices(after).price("vpc.nat-hour", "eu-west-1").usd == 9.0


def test_the_table_is_written_as_it_is_read() -> None:
    assert command.written(DATA) == TABLE.read_text()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of one test's own, with what the sample list has."""
    keys = ("ec2.t4g.small", "vpc.nat-hour")
    data = {
        **DATA,
        "items": [one for one in DATA["items"] if one["key"] in keys],
        "prices": [one for one in DATA["prices"] if one["key"] in keys],
    }
    path = tmp_path / "prices.json"
    path.write_text(command.written(data))
    monkeypatch.setattr(command, "TABLE", path)
    return path


def _listen(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def from_sample(service: str, region: str) -> Iterator[list[str]]:
        assert (service, region) == ("AmazonEC2", "eu-west-1")
        yield _sample()

    monkeypatch.setattr(command, "fetch", from_sample)


def test_the_command_writes_what_it_read_and_says_what_changed(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _listen(monkeypatch)
    before = table.read_text()
    dry = CliRunner().invoke(cli.app, ["prices", "--region", "eu-west-1", "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "Nothing was written" in dry.output
    assert table.read_text() == before
    done = CliRunner().invoke(cli.app, ["prices", "--region", "eu-west-1", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["written"] is True
    assert {"key": "ec2.t4g.small", "region": "eu-west-1", "before": 0.0184, "after": 0.019} in report["changed"]
    assert Prices(json.loads(table.read_text())).price("vpc.nat-hour", "eu-west-1").usd == 0.049


def test_without_a_network_the_table_stays_and_the_command_says_so(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_list, "HOST", "https://prices.invalid")
    before = table.read_text()
    done = CliRunner().invoke(cli.app, ["prices", "--region", "eu-west-1"])
    assert done.exit_code == 2
    assert "cannot be fetched" in done.stderr
    assert "The table is as it was" in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert table.read_text() == before


def test_a_region_nobody_knows_is_bad_input() -> None:
    done = CliRunner().invoke(cli.app, ["prices", "--region", "moon-1"])
    assert done.exit_code == 2
    assert "given 'moon-1'" in done.stderr


def test_items_that_a_list_has_name_its_service() -> None:
    assert {"AmazonEC2", "AmazonRDS", "AmazonS3"} <= set(listed(DATA))
