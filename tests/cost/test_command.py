"""`ascent cost`: what it prints, for people and for machines, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops import cli
from ops.commands.cost import changes
from ops.cost.rules import RULES
from ops.cost.span import CostSpan


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["cost", *arguments], env={"COLUMNS": "120", "NO_COLOR": "1"})


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    result = _run("--stack", "prod", "--stage", "2", "--from", "1", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_document_is_complete(document: dict[str, Any]) -> None:
    assert (document["stack"], document["stage"], document["currency"]) == ("prod", 2, "USD")
    assert document["unpriced"] == []
    assert sum(one["low"] for one in document["rows"]) == pytest.approx(document["low"], abs=0.5)
    assert document["low"] < document["budget"] < document["high"]
    row = next(one for one in document["rows"] if one["item"] == "vpc.nat-hour")
    assert row["region"] == "us-east-1"
    assert row["component"] == "Network"
    assert row["price"] == {
        "usd": 0.045, "source": "Amazon VPC Pricing", "date": row["price"]["date"], "confidence": "list",
    }  # fmt: skip
    assert row["low"] == row["high"] == 32.85


def test_a_move_is_priced_by_component(document: dict[str, Any]) -> None:
    move = document["transition"]
    assert move["from"] == 1
    # The pooler comes with stage 2: eight ACUs at least.
    assert move["components"]["Proxy"]["low"] == pytest.approx(8 * 0.015 * 730, abs=25)
    assert sum(one["low"] for one in move["components"].values()) == pytest.approx(move["low"], abs=0.5)


def test_people_get_tables_a_budget_and_where_it_comes_from() -> None:
    result = _run("--stack", "prod", "--stage", "1", "--details")
    assert result.exit_code == 0, result.output
    for words in (
        "prod at stage 1 (foundation)",
        "Network",
        "total",
        "A budget that fits",
        "List prices of",
        "vpc.nat",
    ):
        assert words in result.stdout
    assert "\x1b[" not in result.stdout


def test_where_prices_of_another_region_stand_for_a_regions_own_it_says_so() -> None:
    said = " ".join(_run("--stack", "prod", "--stage", "7").stdout.split())
    # Of m5.large: 0.107 and 0.12 dollars an hour, to 0.096 in us-east-1.
    assert "it is that of us-east-1, times: eu-west-1 1.11, ap-southeast-2 1.25." in said
    assert "it is that of us-east-1" not in _run("--stack", "prod", "--stage", "1").stdout


def test_one_region_is_its_part_and_has_no_budget() -> None:
    result = _run("--stack", "prod", "--stage", "1", "--region", "eu-west-1", "--json")
    found = json.loads(result.stdout)
    assert set(found["regions"]) == {"eu-west-1"}
    assert found["budget"] is None


def test_what_has_no_price_ends_with_one_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "aws:ec2/natGateway:NatGateway")
    result = _run("--stack", "prod", "--stage", "1")
    assert result.exit_code == 1
    assert "not priced: 1 x aws:ec2/natGateway:NatGateway: no price rule for this type" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--stack", "nowhere"), "there is no such file"),
        (("--stack", "prod", "--region", "moon-1"), "--region: given 'moon-1'; the regions of prod are us-east-1"),
        (("--stack", "dev", "--stage", "5"), "domain.dns"),
    ],
)
def test_bad_input_is_refused_in_one_message(arguments: tuple[str, ...], message: str) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_changes_leave_out_what_stays_and_name_what_goes() -> None:
    before = {"Network": CostSpan(3, 4), "WarmPool": CostSpan(1, 1)}
    after = {"Network": CostSpan(3, 4), "Proxy": CostSpan(2, 9)}
    assert changes(before, after) == {"Proxy": CostSpan(2, 9), "WarmPool": CostSpan(-1, -1)}
