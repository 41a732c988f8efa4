"""`ascent failover`, as its users see it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import stackfile, steps
from ops.cli import app
from ops.commands import failover as command
from ops.cost.move import Bill
from ops.engine.updates import Automation
from ops.failover.plan import plan
from ops.stackedit import edited
from scripts.places import ROOT
from tests.unit.test_backfill import FOUND, TOLD
from tests.unit.test_failover import BACKFILLED, HOME, OTHER
from tests.unit.test_failover_steps import Sky

BILL = command._bill


def written(directory: Path) -> Path:
    path = directory / "Pulumi.test.yaml"
    text = (ROOT / "Pulumi.prod.yaml").read_text()
    text = text.replace("ascent:stage: 5", "ascent:stage: 7")
    path.write_text(edited(text, "backfilled", BACKFILLED, path.name))
    return path


def priced(*, lost: bool = False) -> tuple[Bill | None, str]:
    settings = stackfile.settings("test")
    return BILL(plan(settings, "test", OTHER, lost=lost, lag=0, without_old_objects=True, key=None), settings)


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Bill:
    """What it costs, worked out once: rendering takes seconds."""
    directory = tmp_path_factory.mktemp("bill")
    written(directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stackfile, "ROOT", directory)
        found, why = priced()
    assert found is not None, why
    return found


@pytest.fixture
def stack(tmp_path: Path, bill: Bill, monkeypatch: pytest.MonkeyPatch) -> Path:
    affordable = replace(bill, budget=100_000)
    monkeypatch.setattr(command, "_bill", lambda *_: (affordable, ""))
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    return written(tmp_path)


def failover(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["failover", "--stack", "test", *arguments])


def test_without_apply_it_prints_the_steps_and_the_file_after_them_and_touches_nothing(stack: Path) -> None:
    before = stack.read_text()
    shown = failover("--to", OTHER, "--lost", "--lag", "3")
    assert shown.exit_code == 0
    assert "Expected loss (RPO): database up to 3 s, cache up to 3 s, objects up to 900 s" in shown.stdout
    assert "+  ascent:writer: eu-west-1" in shown.stdout
    assert "+  ascent:unreachable: us-east-1" in shown.stdout
    assert "+  ascent:drained: [ap-southeast-2]" in shown.stdout
    assert "reads go on, but not in ap-southeast-2" in " ".join(shown.stdout.split())
    assert stack.read_text() == before


def test_as_json_it_is_what_it_promises(stack: Path) -> None:
    del stack
    told = json.loads(failover("--to", OTHER, "--json").stdout)
    promised = {"stack", "home", "source", "target", "lost", "database", "cache"}
    promised |= {"drained", "returned", "fenced", "regions", "host", "health", "steps", "rpo", "rto", "diff", "cost"}
    assert set(told) == promised
    assert set(told["steps"][0]) == {"id", "title", "command", "seconds"}
    assert (told["source"], told["target"], told["lost"]) == (HOME, OTHER, None)


def test_in_a_checkout_that_is_read_only_it_prints_and_begins_nothing(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Modes say nothing to root, who may be running this.
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != stack.parent or not mode & os.W_OK)
    assert failover("--to", OTHER).exit_code == 0
    monkeypatch.setattr(steps, "take", lambda *_: pytest.fail("a step was taken"))
    refused = failover("--to", OTHER, "--apply", "--yes")
    assert refused.exit_code == 2
    assert "Pulumi.test.yaml cannot be changed" in refused.stderr


def test_a_switchover_that_costs_more_than_the_budget_wants_to_be_agreed_to_and_a_failover_does_not(
    stack: Path, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bill.before is not None
    # The same is there in all regions, whoever takes the writes.
    assert abs(bill.rise) < bill.before.expected / 10
    assert f"Cost: ${bill.before.expected:,.0f} → " in " ".join(failover("--to", OTHER).stdout.split())
    dear = replace(bill, budget=100, before=replace(bill.before, rows=()))
    monkeypatch.setattr(command, "_bill", lambda *_: (dear, ""))
    taken: list[Any] = []
    monkeypatch.setattr(steps, "take", lambda *_: taken.append(1))
    refused = failover("--to", OTHER, "--apply", "--yes")
    assert refused.exit_code == 1
    assert "agree with --over-budget" in refused.stderr
    assert not taken
    assert failover("--to", OTHER, "--apply", "--yes", "--over-budget").exit_code == 0
    assert failover("--to", OTHER, "--apply", "--yes", "--lost").exit_code == 0
    assert len(taken) == 2
    assert stack.exists()


@pytest.mark.usefixtures("stack")
def test_a_cost_that_cannot_be_told_keeps_nobody_from_a_failover(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise LookupError("no answer")

    monkeypatch.setattr("ops.engine.render.render", broken)
    assert priced(lost=True) == (None, "unknown (no answer)")


def test_applied_it_takes_every_step_and_says_so(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sky = Sky(looks=1)
    monkeypatch.setattr(command, "FailoverCloud", lambda _: sky)
    monkeypatch.setattr(command, "FailoverInstances", lambda _: sky)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(command, "_update", lambda *_: True)
    monkeypatch.setattr(steps, "answers", lambda *_: True)
    monkeypatch.setattr(command, "_complete", lambda *_: True)
    monkeypatch.setattr(command, "_groups", lambda _, region: [f"group in {region}"])
    done = failover("--to", OTHER, "--apply", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert list(json.loads(done.stdout)["results"]) == [
        "check", "objects", "database", "cache", "config", "update", "restart", "verify",
    ]  # fmt: skip
    assert "ascent:writer: eu-west-1" in stack.read_text()


def test_interrupted_it_says_how_to_go_on(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stack.read_text()

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "FailoverCloud", lambda _: Sky())
    monkeypatch.setattr(command, "_complete", lambda *_: True)
    monkeypatch.setattr("time.sleep", interrupt)
    done = failover("--to", OTHER, "--apply", "--yes")
    assert done.exit_code == 130
    assert "to go on from here, run the same command again" in " ".join(done.stderr.split())
    assert stack.read_text() == before


def test_a_failed_step_ends_it_with_one(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stack.read_text()
    monkeypatch.setattr(command, "FailoverCloud", lambda _: Sky(behind=60))
    done = failover("--to", OTHER, "--apply", "--yes", "--json")
    assert done.exit_code == 1
    assert "60 s behind" in json.loads(done.stdout)["error"]
    assert stack.read_text() == before


def test_old_objects_that_may_be_missing_are_bad_input_unless_done_without(stack: Path) -> None:
    stack.write_text(edited(stack.read_text(), "backfilled", None, stack.name))
    refused = failover("--to", OTHER, "--lost")
    assert refused.exit_code == 2
    assert "--without-old-objects" in refused.output
    shown = failover("--to", OTHER, "--lost", "--without-old-objects")
    assert shown.exit_code == 0
    assert "objects all older than their replication" in " ".join(shown.stdout.split())


@pytest.mark.parametrize("same", [True, False])
def test_the_buckets_that_the_last_update_left_are_compared_with_the_file(
    stack: Path,
    monkeypatch: pytest.MonkeyPatch,
    same: bool,  # noqa: FBT001
) -> None:
    noted = {OTHER: {"date": "2026-11-29", "buckets": FOUND.mark(OTHER) if same else "b0123456789ab"}}
    stack.write_text(edited(stack.read_text(), "backfilled", noted, stack.name))
    monkeypatch.setattr(Automation, "outputs", lambda _: TOLD)
    assert command._complete(stackfile.settings("test"), "test", OTHER) is same


def test_no_is_an_answer(stack: Path) -> None:
    before = stack.read_text()
    done = CliRunner().invoke(app, ["failover", "--stack", "test", "--to", OTHER, "--apply"], input="n\n")
    assert done.exit_code == 1
    assert stack.read_text() == before


@pytest.mark.parametrize("to", ["mars-1", "us-west-2"])
def test_a_region_that_is_no_standby_is_bad_input(stack: Path, to: str) -> None:
    del stack
    assert failover("--to", to).exit_code == 2
