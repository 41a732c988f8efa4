"""`ascent transition` and `ascent matrix`: what they print, for people and for machines, and what they refuse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops import cli, stackfile
from ops.console import console
from ops.engine.updates import Automation, EngineError
from ops.transition import apply, engine
from ops.transition.apply import TransitionRefusedError
from ops.transition.engine import FailedError
from ops.transition.engine_run import of_steps


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments), env={"NO_COLOR": "1"})


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a terminal of this width, whatever the console was made on."""
    # Not by its property, which would leave the width of now behind.
    monkeypatch.setattr(console, "_width", 120)


def test_a_move_is_told_with_what_it_takes() -> None:
    result = run("transition", "4", "6", "--stack", "prod")
    assert result.exit_code == 0, result.output
    for words in (
        "prod from stage 4 (replicas) to 6 (cache)",
        "Nothing that holds data or identity is replaced or deleted.",
        "± aws:secretsmanager:SecretVersion",
        "mixedInstancesPolicy",
        "Created: ",
        "Not in one update: an autoscaling group has a warm pool or mixed instances",
        "Update 1: stage 5\nUpdate 2: stage 6\n",
    ):
        assert words in result.stdout


def test_what_goes_on_the_way_down_says_why_nothing_is_lost() -> None:
    result = run("transition", "7", "6")
    assert result.exit_code == 0, result.output
    head, _, tail = result.stdout.partition("Goes, and loses nothing")
    assert "- aws:rds:Cluster" in tail
    assert "in a region that holds copies alone" in tail
    assert "Deleted:" not in head


def test_after_a_move_to_more_regions_the_old_objects_are_to_be_copied() -> None:
    told = json.loads(run("transition", "6", "7", "--stack", "prod", "--json").stdout)
    assert told["then"] == ["ascent backfill --stack prod --wait"]
    shown = run("transition", "6", "7", "--stack", "prod")
    assert "Then: ascent backfill --stack prod --wait" in shown.stdout
    assert json.loads(run("transition", "7", "6", "--stack", "prod", "--json").stdout)["then"] == []


def test_a_move_as_json() -> None:
    document = json.loads(run("transition", "6", "4", "--json").stdout)
    of_matrix = {"from", "to", "create", "update", "replace", "delete", "stateful"}
    assert set(document) == of_matrix | {"stack", "changes", "errors", "updates", "broken", "then", "cost"}
    cost = document["cost"]
    assert cost["before"]["low"] < cost["before"]["expected"] < cost["before"]["high"]
    assert cost["after"]["expected"] < cost["before"]["expected"]
    assert document["then"] == []
    assert document["updates"] == [{"stage": 5, "sizes": {}}, {"stage": 4, "sizes": {}}]
    (broken,) = document["broken"]
    assert set(broken) == {"law", "reason", "source", "urns"}
    urns = [urn for op in ("create", "update", "replace", "delete") for urn in document[op]]
    assert sorted(one["urn"] for one in document["changes"]) == sorted(urns)
    cache = next(
        one for one in document["changes"] if one["name"] == "sandbox-use1-cache" and "Replication" in one["type"]
    )
    assert (cache["op"], cache["lost"], cache["rebuilt"]) == ("delete", False, "a part that is rebuilt from what stays")


def test_a_stage_that_a_stack_cannot_be_at_is_bad_input() -> None:
    result = run("transition", "4", "5", "--stack", "dev")
    assert result.exit_code == 2
    assert "dev cannot be at stage 5." in result.stderr
    assert "route53" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", [["transition", "1", "2", "--stack", "nowhere"], ["matrix", "--stack", "nowhere"]])
def test_a_stack_without_a_file_is_bad_input(command: list[str]) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert "there is no such file; the stacks are dev, prod" in result.stderr


def test_a_stage_that_there_is_not_is_bad_input() -> None:
    result = run("transition", "1", "8")
    assert result.exit_code == 2
    assert "less than or equal to 7" in result.stderr


def test_the_matrix_of_every_stack_for_machines_and_of_one_for_people() -> None:
    documents = json.loads(run("matrix", "--json").stdout)
    assert [one["stack"] for one in documents] == stackfile.names()
    assert [len(one["transitions"]) for one in documents] == [16, 49, 49, 49]
    shown = run("matrix", "--stack", "dev")
    assert shown.exit_code == 0
    assert "Stage 5: Pulumi.dev.yaml: ascent:domain.dns" in shown.stdout
    assert "Nothing is lost by any move." in shown.stdout
    one = json.loads(run("matrix", "--stack", "dev", "--json").stdout)
    assert one == documents[0]


def test_a_loss_is_said_first_and_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.data_loss.comes_and_goes", lambda *_: False)
    moved = run("transition", "4", "3")
    assert moved.exit_code == 1
    said = moved.stdout.splitlines()[2]
    assert said.startswith("Deletes urn:pulumi:sandbox")
    assert said.endswith("and nothing else holds what it holds")
    shown = run("matrix", "--stack", "sandbox")
    assert shown.exit_code == 1
    assert "lost 2" in shown.stdout
    assert "From 4 to 3: deletes urn:" in shown.stdout


def test_no_way_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.transition.route.shortest", lambda *_: ())
    moved = run("transition", "4", "6")
    assert moved.exit_code == 1
    assert "No updates lead there: an autoscaling group" in moved.stdout
    shown = run("matrix", "--stack", "sandbox")
    assert shown.exit_code == 1
    assert "From 4 to 6: no updates lead there" in shown.stdout


def test_the_engine_may_be_asked_and_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def moves(stack: str, _settings: Any, came_from: int, to: Iterable[int], live: Callable[[str], None]) -> list[Any]:
        live("asking")
        asked.append((stack, came_from, list(to)))
        return [of_steps(came_from, one, [], set()) for one in to]

    monkeypatch.setattr(engine, "moves", moves)
    assert json.loads(run("transition", "4", "5", "--engine", "--json").stdout)["changes"] == []
    assert len(json.loads(run("matrix", "--stack", "dev", "--engine", "--json").stdout)["transitions"]) == 16
    assert asked == [("sandbox", 4, [5]), *(("dev", stage, [1, 2, 3, 4]) for stage in (1, 2, 3, 4))]

    def fails(*_: Any) -> list[Any]:
        raise FailedError("the engine fell over")

    monkeypatch.setattr(engine, "moves", fails)
    for command in (["transition", "4", "5"], ["matrix", "--stack", "dev"]):
        result = run(*command, "--engine")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "he engine fell over" in result.stderr


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """What was walked instead of being taken."""
    found: list[tuple[str, int, int]] = []

    def take(self: apply.TransitionRunner) -> None:
        assert isinstance(self.engine, Automation)
        found.append((self.file.stack, self.came_from, self.to))
        self.tell("Done: it is there.")

    monkeypatch.setattr(apply.TransitionRunner, "take", take)
    return found


def test_apply_walks_and_asks_before_a_protected_stack(walked: list[tuple[str, int, int]]) -> None:
    result = run("transition", "4", "5", "--apply")
    assert result.exit_code == 0, result.output
    assert "Done: it is there." in result.stderr
    quiet = run("transition", "4", "5", "--apply", "--json")
    assert json.loads(quiet.stdout)["done"] == ["Done: it is there."]
    assert quiet.stderr == ""
    refused = run("transition", "5", "6", "--stack", "prod", "--apply")
    assert refused.exit_code == 2
    assert "prod is protected, and there is no terminal to ask on: use --yes." in refused.stderr
    assert run("transition", "5", "6", "--stack", "prod", "--apply", "--yes").exit_code == 0
    assert walked == [("sandbox", 4, 5), ("sandbox", 4, 5), ("prod", 5, 6)]


def test_a_move_above_the_budget_is_told_and_wants_to_be_agreed_to(
    walked: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run("transition", "4", "5")
    assert re.search(
        r"Cost: \$[\d,]+ → \$[\d,]+ in a normal month \(\+\$[\d,]+\); .*; within the budget of \$", shown.stdout
    )
    with monkeypatch.context() as patch:
        patch.setattr("ops.cost.move.Bill.exceeds", True)
        refused = run("transition", "4", "5", "--apply")
        assert refused.exit_code == 1
        assert "Nothing was done: a normal month would cost $" in refused.stderr
        assert "agree with --over-budget, or raise ascent:budget.monthlyUsd" in refused.stderr
        assert walked == []
        assert run("transition", "4", "5", "--apply", "--over-budget").exit_code == 0
    assert walked == [("sandbox", 4, 5)]


def test_apply_does_nothing_where_something_is_lost(
    walked: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.data_loss.comes_and_goes", lambda *_: False)
    result = run("transition", "4", "3", "--apply")
    assert result.exit_code == 1
    assert "Nothing was done: the move is not clear; deletes urn:" in result.stderr
    assert walked == []


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (EngineError("no capacity"), 1, "No capacity"),
        (TransitionRefusedError("stage 5 would lose it"), 1, "Stage 5 would lose it"),
        (KeyboardInterrupt(), 130, "To go on, run the same command again."),
    ],
)
def test_what_stands_in_the_way_is_one_message(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def take(_: apply.TransitionRunner) -> None:
        raise error

    monkeypatch.setattr(apply.TransitionRunner, "take", take)
    result = run("transition", "4", "5", "--apply")
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_help_loads_neither_engine_nor_sdk() -> None:
    code = (
        "import sys, ops.commands.transition, ops.commands.matrix; "
        "print([one for one in ('pulumi', 'boto3', 'ruamel.yaml') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=stackfile.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
