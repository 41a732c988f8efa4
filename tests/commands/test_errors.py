"""A command that ends without an answer: the same exit code for the same fault, and with --json an object on stdout."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ops import cli
from ops.commands.stages import Json
from ops.engine.updates import LOGIN, Automation, UnaskedError
from ops.errors import AscentError

NOWHERE = {"NO_COLOR": "1", "COLUMNS": "200"}
# What a command needs beside the stack to be run at all.
NEEDED = {
    "advise": ["--cloudwatch"],
    "transition": ["1", "2"],
    "guard": ["preview.json"],
    "failover": ["--to", "eu-west-1"],
    "restore": ["--to", "2026-11-29T10:30:00Z"],
    "rollout start": ["--strategy", "canary", "--image", "registry.example.com/app:1.1.0"],
}
# Those that are of no stack.
OF_NONE = {"stages", "prices", "guard", "new"}


def names() -> list[str]:
    """Every command of the table, subcommands with their group's name before."""
    found = []
    for name, (module, _) in cli.COMMANDS.items():
        real = getattr(import_module(module), name)
        inner = real.registered_commands if isinstance(real, typer.Typer) else [None]
        found += [name if one is None or one.callback is None else f"{name} {one.callback.__name__}" for one in inner]
    return found


def ascent(name: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli.app, [*name.split(), *NEEDED.get(name, []), *arguments], env=NOWHERE)


def error(result: Result) -> dict[str, Any]:
    """The error that is all there is on standard output."""
    told = json.loads(result.stdout)
    assert set(told) == {"error"}
    assert told["error"]["code"] == result.exit_code
    return dict(told["error"])


@pytest.mark.parametrize("name", names())
def test_a_wrong_option_is_bad_input_of_every_command(name: str) -> None:
    done = ascent(name, "--bogus", "--json")
    assert done.exit_code == 2
    assert error(done)["message"].startswith("No such option: --bogus")
    assert "No such option: --bogus" in done.stderr
    plain = ascent(name, "--bogus")
    assert (plain.exit_code, plain.stdout, plain.stderr) == (2, "", done.stderr)


@pytest.mark.parametrize("name", [name for name in names() if name not in OF_NONE])
def test_an_unknown_stack_is_the_same_fault_of_every_command(name: str) -> None:
    done = ascent(name, "--stack", "nope", "--json")
    message = "Pulumi.nope.yaml: there is no such file; the stacks are dev, prod, sandbox, staging"
    assert done.exit_code == 2
    assert error(done)["problems"] == [
        {"message": message, "file": "Pulumi.nope.yaml", "given": "nope", "allowed": "dev, prod, sandbox, staging"}
    ]
    plain = ascent(name, "--stack", "nope")
    assert (plain.exit_code, plain.stdout, plain.stderr) == (2, "", f"{message}\n")


ASKING = [name for name in names() if name.startswith("rollout ")] + ["fleet", "restore", "drift"]


@pytest.mark.parametrize("name", ASKING)
def test_an_engine_that_is_logged_in_nowhere_is_the_same_fault_of_every_command(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(_: Automation) -> None:
        raise UnaskedError(LOGIN)

    monkeypatch.setattr(Automation, "_opened", nowhere)
    monkeypatch.delenv("ASCENT_SANDBOX_WORLD", raising=False)
    before = Path(cli.__file__).parents[1].joinpath("Pulumi.sandbox.yaml").read_bytes()
    done = ascent(name, "--stack", "sandbox", "--json")
    assert done.exit_code == 2, done.output
    assert LOGIN[1:] in error(done)["message"]
    assert before == Path(cli.__file__).parents[1].joinpath("Pulumi.sandbox.yaml").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [
        (["plan", "--stage", "9"], "--stage", "less than or equal to 7"),
        (["plan", "--stage", "four"], "--stage", "should be a valid integer"),
        (["transition", "4", "9"], "to", "less than or equal to 7"),
        (["transition", "4"], "to", "Missing argument"),
        (["failover", "--stack", "prod"], "--to", "Missing option '--to'"),
        (["backfill"], "--stack", "Missing option '--stack'"),
        (["rollout", "start", "--image", "a:1"], "--strategy", "Missing option '--strategy'"),
        (["rollout", "start", "--strategy", "leap", "--image", "a:1"], "--strategy", "'leap' is not one of 'canary'"),
        (
            ["rollout", "start", "--strategy", "canary", "--image", "app"],
            "--image",
            "given app; it has no tag or digest",
        ),
        (["rollout", "begin"], None, "No such command 'begin'"),
        (["docter"], None, "No such command 'docter'"),
        (["stages", "4"], None, "unexpected extra argument"),
        (["guard"], "preview", "Missing argument"),
        (["guard", "nowhere.json"], None, "nowhere.json: No such file or directory"),
        (["drift", "nowhere.json"], None, "nowhere.json: No such file or directory"),
        (["guard", __file__], None, f"{__file__}: "),
        (["guard", "preview.json", "--max-rise", "a lot"], None, "--max-rise: given 'a lot'; it should be US dollars"),
        (["cost", "--region", "mars-1"], None, "--region: given 'mars-1'; the regions of sandbox are us-east-1, eu-"),
        (["prices", "--region", "mars-1"], None, "--region: given 'mars-1'; the regions are us-east-1,"),
        (["doctor", "--stage", "4"], None, "--stage is of a stack: give --stack as well"),
        (["plan", "--stack", "dev", "--stage", "5"], "ascent:domain.dns", 'given "route53"; stage 5 puts Cloudflare'),
        (
            ["rollout", "start", "--stack", "prod", "--strategy", "canary", "--image", "a:1"],
            None,
            "prod is protected, and",
        ),
        (["restore", "--stack", "prod", "--to", "yesterday"], None, "yesterday"),
        (["failover", "--stack", "prod", "--to", "mars-1"], None, "stage 5 runs in us-east-1 alone"),
    ],
)
def test_a_mistake_on_the_command_line_says_what_it_is_of(arguments: list[str], key: str | None, said: str) -> None:
    done = CliRunner().invoke(cli.app, [*arguments, "--json"], env=NOWHERE)
    assert done.exit_code == 2, done.output
    told = error(done)
    assert said in told["message"]
    assert [one.get("key") for one in told["problems"]] == [key]
    assert "Traceback" not in done.stderr


def test_what_is_known_of_the_answer_stands_beside_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def stages(*, as_json: Json = False) -> None:
        raise AscentError("no more", code=1, document={"stages": [1], "json": as_json})

    monkeypatch.setattr("ops.commands.stages.stages", stages)
    plain = ascent("stages")
    assert (plain.exit_code, plain.stdout, plain.stderr) == (1, "", "no more\n")
    told = {"message": "no more", "code": 1, "problems": [{"message": "no more"}]}
    done = ascent("stages", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"stages": [1], "json": True, "error": told})


def test_what_nobody_foresaw_is_an_object_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "app", fails)
    monkeypatch.setattr(sys, "argv", ["ascent", "plan", "--json"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr()
    assert left.value.code == 1
    assert json.loads(told.out)["error"]["message"] == "the disk: No space left on device"
    assert told.err == "the disk: No space left on device\n"
