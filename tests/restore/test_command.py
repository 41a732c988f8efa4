"""`ascent restore`, as its users see it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from botocore import xform_name  # type: ignore[import-untyped]
from botocore.session import get_session  # type: ignore[import-untyped]
from typer.testing import CliRunner

from ops import stackfile, steps
from ops.cli import app
from ops.commands import restore as command
from ops.cost.move import Bill
from ops.engine.updates import UnaskedError
from tests.restore.aurora import NOW, Aurora
from tests.restore.support import KEPT, NAME, RESTORED, SECRET, TO, TODAYS, Machine, aws, state


class Clock:
    """It is noon, in this test."""

    @staticmethod
    def now(_zone: object) -> Any:
        return NOW


@cache
def bill() -> Bill:
    """What it costs, worked out once: rendering takes seconds."""
    planned: Any = SimpleNamespace(stack="prod", region="us-east-1")
    return command._bill(planned, stackfile.settings("prod"))


@pytest.fixture
def sky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aurora:
    resources, cost = state(roles=True), replace(bill(), budget=100_000)
    one = aws(resources)
    monkeypatch.setattr(command, "_bill", lambda *_: cost)
    text = (stackfile.ROOT / "Pulumi.prod.yaml").read_text()
    (tmp_path / "Pulumi.test.yaml").write_text(text)
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    monkeypatch.setattr(command, "datetime", Clock)
    monkeypatch.setattr(command, "clients", lambda _role: one.client)
    monkeypatch.setattr(command, "Automation", lambda *_: Machine(resources))
    monkeypatch.setattr(time, "sleep", one.step)
    monkeypatch.setattr(steps, "answers", lambda *_: True)
    monkeypatch.setenv("COLUMNS", "80")
    return one


def restore(*arguments: str, text: str | None = None) -> Any:
    return CliRunner().invoke(app, ["restore", "--stack", "test", *arguments], input=text)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_without_apply_it_prints_the_steps_and_what_is_lost_and_touches_nothing(sky: Aurora) -> None:
    shown = restore("--to", TO)
    assert shown.exit_code == 0, shown.output
    assert sky.told == []
    told = flat(shown.stdout)
    assert f"test: {NAME} in us-east-1 is restored to {TO}" in told
    assert f"Lost (RPO): what was written since {TO}, 1 h 29 min by now, and what will be until the swap" in told
    assert "Takes (RTO): about 1 h 22 min" in told
    assert "no writes for about 6 min of it" in told
    assert f"Stays: the database as it is now, as {KEPT}, guarded against deletion" in told
    assert "aws rds restore-db-cluster-to-point-in-time --region us-east-1" in told
    assert "\x1b" not in shown.stdout


def test_it_fits_eighty_columns(sky: Aurora) -> None:
    del sky
    assert max(len(line) for line in restore("--to", TO).stdout.splitlines()) <= 80


def test_as_json_it_is_what_it_promises(sky: Aurora) -> None:
    del sky
    told = json.loads(restore("--to", TO, "--json").stdout)
    promised = {"stack", "cluster", "region", "to", "snapshot", "restored", "kept", "host", "health", "begun"}
    assert set(told) == promised | {"steps", "rpo", "rto", "outage", "cost"}
    assert set(told["cost"]) == {"before", "after", "budget", "unpriced"}
    assert [one["id"] for one in told["steps"]] == [
        "check", "restore", "instances", "password", "look", "names", "swap", "readers", "update", "verify",
    ]  # fmt: skip
    assert set(told["steps"][0]) == {"id", "title", "command", "seconds"}
    assert (told["rpo"], told["outage"]) == (5385, 360)
    assert told["rto"] == sum(one["seconds"] for one in told["steps"])


def test_each_command_of_the_steps_is_one_that_the_aws_cli_takes(sky: Aurora) -> None:
    """By botocore's models, from which the CLI makes its options."""
    del sky
    told = json.loads(restore("--to", TO, "--json").stdout)
    lines = [line for one in told["steps"] for line in one["command"].splitlines() if line.startswith("aws ")]
    commands = [part.strip() for line in lines for part in line.split(" | ") if part.strip().startswith("aws ")]
    assert len(commands) > 20
    for line in commands:
        _, service, operation, *words = line.split()
        if operation == "wait":
            assert words[0] in ("db-cluster-available", "db-instance-available")
            operation, words = f"describe-{words[0].removesuffix('-available')}s", words[1:]
        model = get_session().get_service_model(service)
        names = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(names[operation]).input_shape
        known = {xform_name(name, "-") for name in shape.members} | {"region", "query", "output", "cli-input-json"}
        options = [word.removeprefix("--") for word in words if word.startswith("--")]
        assert {one.removeprefix("no-") if one not in known else one for one in options} <= known, line
        required = {xform_name(name, "-") for name in shape.required_members}
        assert "cli-input-json" in options or required <= set(options), line


def test_no_leaves_the_restored_one_beside_and_ends_with_one(sky: Aurora) -> None:
    done = restore("--to", TO, "--apply", text="n\n")
    assert done.exit_code == 1
    assert f"Put it in the place of {NAME}? Nothing can be written for about 360 s." in flat(done.stderr)
    assert f"{RESTORED} is at {RESTORED}.cluster-abc.us-east-1.rds.amazonaws.com" in done.stderr
    assert f"{RESTORED} stays beside {NAME}" in done.stderr
    assert f"--secret-id {SECRET}" in done.stderr
    assert set(sky.clusters) == {NAME, RESTORED}
    # And the same command goes on.
    again = restore("--to", TO, "--apply", text="y\n")
    assert again.exit_code == 0, again.output
    assert "It has been begun; what is left is done." in again.stdout
    assert set(sky.clusters) == {NAME, KEPT}


def test_interrupted_it_says_how_to_go_on(sky: Aurora, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    done = restore("--to", TO, "--apply", "--yes")
    assert done.exit_code == 130
    assert "to go on from here, run the same command again" in flat(done.stderr)
    monkeypatch.setattr(time, "sleep", sky.step)
    assert restore("--to", TO, "--apply", "--yes").exit_code == 0
    assert set(sky.clusters) == {NAME, KEPT}


def test_without_a_terminal_to_ask_on_it_stays_beside(sky: Aurora) -> None:
    done = restore("--to", TO, "--apply", text="")
    assert done.exit_code == 2
    assert "there is no terminal to ask on: use --yes" in done.stderr
    assert set(sky.clusters) == {NAME, RESTORED}


def test_applied_it_takes_every_step_and_says_so(sky: Aurora) -> None:
    done = restore("--to", "2026-11-29T12:30:15+02:00", "--apply", "--yes", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["to"] == TO
    assert list(told["results"]) == [one["id"] for one in told["steps"]]
    assert set(sky.clusters) == {NAME, KEPT}
    assert TODAYS not in done.output


def test_a_failed_step_ends_it_with_one_and_says_so_in_json(sky: Aurora) -> None:
    sky.clusters[NAME]["Status"] = "upgrading"
    done = restore("--to", TO, "--apply", "--yes", "--json")
    assert done.exit_code == 1
    assert "is not available" in json.loads(done.stdout)["error"]
    assert sky.told == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say one of the two: --to TIME, or --snapshot ID"),
        (("--to", TO, "--snapshot", "a"), "say one of the two"),
        (("--to", "yesterday"), "given yesterday, which is no time in ISO 8601; say it as 2026-11-29T10:30:00Z"),
        (("--to", "2026-11-29T10:30:00"), "given 2026-11-29T10:30:00, which says no zone"),
        (("--to", "2026-11-29T12:00:01Z"), "which is still to come; it is 2026-11-29T12:00:00Z"),
        (("--to", "2026-11-29T11:58:00Z"), "2026-11-29T11:55:00Z at the latest, which follows about 5 minutes behind"),
        (("--to", "2026-10-01T00:00:00Z"), "can be restored to 2026-10-25T12:00:00Z at the earliest"),
        (("--snapshot", "no-such"), "given no-such; there is none. These are: aws rds describe-db-cluster-snapshots"),
    ],
)
def test_what_cannot_be_restored_is_bad_input(sky: Aurora, arguments: tuple[str, ...], said: str) -> None:
    refused = restore(*arguments, "--apply", "--yes")
    assert refused.exit_code == 2
    assert said in flat(refused.stderr)
    assert sky.told == []


def config(**keys: Any) -> None:
    """Give the stack's file other values."""
    path = stackfile.ROOT / "Pulumi.test.yaml"
    content = yaml.safe_load(path.read_text())
    content["config"] |= {f"ascent:{key}": value for key, value in keys.items()}
    path.write_text(yaml.safe_dump(content))


def test_a_global_database_is_refused_with_the_way_there_and_back(sky: Aurora) -> None:
    config(stage=7)
    refused = restore("--to", TO)
    assert refused.exit_code == 2
    told = flat(refused.stderr)
    assert "First: ascent transition 7 6 --stack test --apply; then this; then ascent transition 6 7" in told
    config(stage=6)
    sky.worlds["world"] = [sky.clusters[NAME]["DBClusterArn"]]
    assert f"{NAME} belongs to the global database world; first: pulumi up" in flat(restore("--to", TO).stderr)


def test_somebody_elses_database_is_theirs_to_restore(sky: Aurora) -> None:
    del sky
    secure = {"secure": "v1:x"}
    config(externalDatabase={"directUrl": secure, "pooledUrl": secure})
    refused = restore("--to", TO)
    assert refused.exit_code == 2
    assert "its backups are its owner's" in flat(refused.stderr)


def test_a_stack_without_a_database_in_its_state_says_what_to_do(sky: Aurora, monkeypatch: pytest.MonkeyPatch) -> None:
    del sky
    monkeypatch.setattr(command, "Automation", lambda *_: Machine([]))
    refused = restore("--to", TO)
    assert refused.exit_code == 2
    assert f"has no database {NAME}; first: pulumi up --stack test" in flat(refused.stderr)


def test_what_the_engine_and_aws_refuse_is_one_line(sky: Aurora, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> Any:
        raise UnaskedError("there is no stack test")

    del sky.clusters[NAME]
    refused = restore("--to", TO)
    assert refused.exit_code == 2
    assert "AWS has kept no automated backups of it; restore a snapshot" in flat(refused.stderr)
    monkeypatch.setattr(Machine, "resources", refuses)
    refused = restore("--to", TO)
    assert (refused.exit_code, refused.stderr.strip()) == (2, "there is no stack test")


def test_help_has_examples_and_exit_codes() -> None:
    told = re.sub(r"[│\s]+", " ", CliRunner().invoke(app, ["restore", "--help"]).stdout)
    assert "Exit codes: 0 printed or done, 1 a step failed or you said no, 2" in told
    assert told.count("ascent restore --stack prod") == 4


def test_both_databases_cost_and_above_the_budget_somebody_has_to_agree(
    sky: Aurora, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost = bill()
    database = [row for row in cost.after.rows if row.type.startswith("aws:rds/cluster")]
    assert cost.before is not None
    twice = [row for row in cost.before.rows if row in database]
    assert cost.after.cost.low == pytest.approx(cost.before.cost.low + sum(row.cost.low for row in twice))
    assert twice
    assert f"Cost while both are there: ${cost.before.expected:,.0f} → " in flat(restore("--to", TO).stdout)
    monkeypatch.setattr(command, "_bill", lambda *_: replace(cost, budget=100))
    shown = restore("--to", TO)
    assert shown.exit_code == 0
    assert "over the budget of $100" in flat(shown.stdout)
    refused = restore("--to", TO, "--apply", "--yes")
    assert refused.exit_code == 1
    assert "Nothing was done: a normal month would cost $" in refused.stderr
    assert "agree with --over-budget" in flat(refused.stderr)
    assert sky.told == []
    assert restore("--to", TO, "--apply", "--yes", "--over-budget").exit_code == 0
    assert sky.told
