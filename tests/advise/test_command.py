"""`ascent advise`: what it prints, for people and for machines, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.stages import STAGES
from ops import cli
from ops.advise.judge import judge
from ops.advise.move import on_the_way, stage_move
from ops.advise.reading import read
from ops.stackfile import ROOT
from tests.advise import scenarios
from tests.advise.test_scenarios import AT

TIME = "2026-12-01T18:00:00Z"
PROCEDURES = (ROOT / "docs" / "procedures.md").read_text()


def run(name: str, *arguments: str, columns: int = 80) -> Result:
    path = str(scenarios.FOLDER / scenarios.file(name))
    environment = {"COLUMNS": str(columns), "NO_COLOR": "1"}
    return CliRunner().invoke(cli.app, ["advise", path, "--at", TIME, *arguments], env=environment)


@pytest.fixture(scope="module")
def egress() -> Result:
    return run("egress", "--stage", "2", "--json")


@pytest.fixture(scope="module")
def document(egress: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(egress.stdout)
    return found


def test_the_document_says_what_binds_and_where_that_is_from(egress: Result, document: dict[str, Any]) -> None:
    assert egress.exit_code == 1
    assert (document["stage"], document["recommended"], document["direction"]) == (2, 5, "up")
    assert document["binding"] == "egress"
    row = next(one for one in document["triggers"] if one["measure"] == "egress")
    assert row == {
        "stage": 5, "measure": "egress", "unit": "GB/month", "value": 263, "threshold": 200,
        "source": "Narfe Backend Scaling Runbook, Stage 5: storage bandwidth > 200 GB/month",
        "headroom": pytest.approx(-0.315), "rise": pytest.approx(263 / 140), "state": "held",
    }  # fmt: skip
    assert document["config"] == {"file": "Pulumi.sandbox.yaml", "key": "ascent:stage", "before": 2, "after": 5}
    assert document["next"] == "ascent transition 2 5 --stack sandbox"


def test_stages_between_say_what_they_add_and_that_nothing_asks_for_them(document: dict[str, Any]) -> None:
    assert [(one["stage"], one["needed"]) for one in document["passed"]] == [(3, False), (4, False), (5, True)]
    for one in document["passed"]:
        assert one["adds"] == [str(capability) for capability in STAGES[one["stage"]].adds]
        assert one["rise"] > 0
    whole = document["move"]["cost"]
    rise = whole["after"]["expected"] - whole["before"]["expected"]
    assert sum(one["rise"] for one in document["passed"]) == pytest.approx(rise, abs=0.05)


def test_what_does_without_the_stages_between_is_told(document: dict[str, Any]) -> None:
    assert "CloudFront distribution of your own" in document["without"]["says"]
    assert document["without"]["source"] == "Scaling to 1000 Users, CDN Setup, Alternative: CloudFront"


def test_the_move_is_that_of_the_other_commands(document: dict[str, Any]) -> None:
    found = CliRunner().invoke(cli.app, ["transition", "2", "5", "--json"])
    theirs = json.loads(found.stdout)
    assert document["move"]["cost"] == theirs["cost"]
    assert document["move"]["clear"] is True
    assert document["move"]["updates"] == [f"stage {one['stage']}" for one in theirs["updates"]]


def test_first_comes_what_is_cheaper(document: dict[str, Any]) -> None:
    first = document["first"][0]
    assert first["run"] == '<img loading="lazy" src="...">'
    assert "Storage Bandwidth Exceeded, short-term" in first["source"]
    assert {"says", "how", "run", "source"} == set(first)


@pytest.mark.parametrize(("name", "stage"), [("egress", 2), ("incident", 3), ("pool-exhausted", 4), ("steady", 3)])
def test_no_line_is_broken_at_80_columns(name: str, stage: int) -> None:
    lines = run(name, "--stage", str(stage)).stdout.splitlines()
    # A statement, a line or a command is not broken: it is copied.
    runs = [line for line in lines if line.startswith("  ")]
    assert [line for line in lines if len(line) > 80 and line not in runs] == []


def test_people_read_all_of_it() -> None:
    found = run("egress", "--stage", "2")
    assert found.exit_code == 1
    text = " ".join(found.stdout.split())
    for words in (
        "Time for stage 5 (cdn). egress: 263 GB/month; threshold 200 (Narfe, Stage 5",
        "Stage 3 (database) lies between, and is not what the bottleneck needs: +$",
        "Stage 4 (replicas) lies between, and is not what the bottleneck needs: +$",
        "It adds readers, zonal-egress, warm-pool.",
        "Without them: a CloudFront distribution of your own",
        'First, as it is cheaper than a stage - Load images only when they come into view',
        "Pulumi.sandbox.yaml: ascent:stage: 2 → 5 Nothing is lost. Updates: stage 5. Cost: $",
        "Next: ascent transition 2 5 --stack sandbox",
    ):  # fmt: skip
        assert words in text, words
    assert "\x1b[" not in found.stdout


def test_an_incident_names_headings_that_are_there() -> None:
    found = run("incident", "--stage", "3")
    assert found.exit_code == 1
    assert "An incident, and not growth: no other stage." in found.stdout
    headings = {line.rpartition("#")[2] for line in found.stdout.splitlines() if line.startswith("What to do: ")}
    assert headings == {"high-error-rate", "high-latency", "database-cpu", "slow-statements"}
    anchors = {line[3:].lower().replace(" ", "-") for line in PROCEDURES.splitlines() if line.startswith("## ")}
    assert headings <= anchors
    assert "ascent:stage" not in found.stdout
    document = json.loads(run("incident", "--stage", "3", "--json").stdout)
    assert (document["config"], document["move"], document["passed"]) == (None, None, [])
    assert document["next"] == "docs/procedures.md#high-error-rate"


@pytest.mark.parametrize("name", ["steady", "spike"])
def test_a_fine_stack_ends_with_zero_and_offers_nothing(name: str) -> None:
    found = run(name, "--stage", "3", "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert (document["fine"], document["first"], document["next"]) == (True, [], None)
    assert "No other stage is needed." in run(name, "--stage", "3").stdout


def test_what_cannot_be_judged_is_told() -> None:
    text = " ".join(run("spike", "--stage", "3").stdout.split())
    assert "Not judged: stage 5 by egress: not measured" in text
    assert "Not judged: stage 6 by database-reads: not measured" in text


def test_a_stage_that_the_stack_cannot_be_at_is_refused_with_the_reason() -> None:
    """dev has its DNS elsewhere, and stage 5 needs Cloudflare."""
    found = run("egress", "--stage", "4", "--stack", "dev")
    assert found.exit_code == 1
    assert "The stack cannot yet: Pulumi.dev.yaml: ascent:domain.dns" in found.stdout
    document = json.loads(run("egress", "--stage", "4", "--stack", "dev", "--json").stdout)
    assert document["move"]["refused"]
    assert document["move"]["cost"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "METRICS, --cloudwatch: given both or neither"),
        (["examples/metrics/steady.json", "--cloudwatch"], "METRICS, --cloudwatch: given both or neither"),
        (["nowhere.json"], "nowhere.json: it cannot be read: No such file"),
        (["examples/metrics/steady.json", "--at", "noon"], "--at: given 'noon'; allowed: ISO 8601"),
        (["examples/metrics/steady.json", "--stage", "9"], "Invalid value for '--stage'"),
        (["examples/metrics/steady.json", "--stack", "nowhere"], "Pulumi.nowhere.yaml: there is no such file"),
        (["examples/metrics/stale.json", "--at", TIME], "5 days before 2026-12-01T18:00:00Z"),
    ],
)
def test_input_that_is_not_usable_ends_with_two(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = CliRunner().invoke(cli.app, ["advise", *arguments, "--json"])
    assert found.exit_code == 2, found.output
    document = json.loads(found.stdout)
    assert words in document["error"]["message"] + found.stderr
    assert document["error"]["code"] == 2


def test_a_refusal_has_its_parts_for_machines() -> None:
    problem = json.loads(run("stale", "--json").stdout)["error"]["problems"][0]
    assert problem["file"] == "stale.json"
    assert problem["key"] == "metrics[0]"
    assert "5 days before" in problem["given"]


def test_without_prices_of_a_stage_on_the_way_the_rest_is_told(tmp_path: Path) -> None:
    del tmp_path
    found = judge(read(scenarios.FOLDER / "egress.json", AT), 2, AT)
    way = on_the_way(found, lambda _before, _after: None)
    assert [(one.stage, one.bill) for one in way] == [(3, None), (4, None), (5, None)]


def test_a_move_down_passes_nothing() -> None:
    found = judge(read(scenarios.FOLDER / "quiet.json", AT), 2, AT)
    move = stage_move("sandbox", found, lambda _: None)
    assert (move.clear, move.passed) == (True, ())
    assert move.bill is not None
    assert move.bill.rise < 0


def test_the_example_of_the_help_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = CliRunner().invoke(cli.app, ["advise", "--help"], env={"COLUMNS": "400"}).stdout
    (line,) = [one.split() for one in text.splitlines() if "ascent advise examples/" in one]
    monkeypatch.chdir(ROOT)
    assert CliRunner().invoke(cli.app, line[line.index("advise") :]).exit_code == 1


def test_the_help_has_every_key(document: dict[str, Any]) -> None:
    text = CliRunner().invoke(cli.app, ["advise", "--help"], env={"COLUMNS": "400"}).stdout
    for key in document:
        assert key in text, key
