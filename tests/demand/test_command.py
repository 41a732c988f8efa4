"""`ascent capacity --load`: what it prints, for people and for machines, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops import cli, stackfile
from ops.stackfile import ROOT


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["capacity", *arguments], env={"COLUMNS": "80", "NO_COLOR": "1"})


def _json(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = _run(*arguments, "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, found


def test_the_smallest_stage_is_named_and_shown() -> None:
    result = _run("--stack", "prod", "--load", "users=400")
    assert result.exit_code == 0, result.output
    assert "Stage 2 carries it." in result.stdout
    assert "prod at stage 2 (pooling), one region" in result.stdout
    assert "stage 3" not in result.stdout
    assert "The one NAT gateway is in one zone" in result.stdout


def test_people_and_machines_read_the_same_numbers() -> None:
    code, told = _json("--stack", "prod", "--load", "users=12000")
    shown = _run("--stack", "prod", "--load", "users=12000").stdout
    assert (code, told["smallest"], told["carried"]) == (0, 7, True)
    assert [one["stage"] for one in told["stages"]] == list(range(1, 8))
    last = told["stages"][-1]
    assert (last["carried"], last["regionLost"], last["regions"]) == (True, True, 3)
    assert last["first"] == {"resource": "instances", "upTo": 30_000}
    assert "7 global      yes         yes          instances        30,000" in shown
    instances = next(one for one in last["resources"] if one["resource"] == "instances")
    # A third of 12,000 users each, and half of them with a region lost.
    assert {lost: level["needed"] for lost, level in instances["lost"].items()} == {
        "nothing": 8, "zone": 8, "region": 12,
    }  # fmt: skip
    assert {lost: level["limit"] for lost, level in instances["lost"].items()} == {
        "nothing": 30, "zone": 20, "region": 30,
    }  # fmt: skip
    assert instances["lost"]["region"]["upTo"] == 30_000
    assert instances["upTo"] == 30_000
    assert last["changes"] == []


def test_a_stage_that_does_not_carry_it_ends_with_one_and_says_what_to_do() -> None:
    result = _run("--stack", "prod", "--stage", "7", "--load", "users=50000")
    assert result.exit_code == 1
    assert "Stage 7 does not carry it." in result.stdout
    assert "Pulumi.prod.yaml: ascent:fleet.maximum: raise from 30 to 51" in result.stdout
    code, told = _json("--stack", "prod", "--stage", "7", "--load", "users=50000")
    assert (code, told["smallest"], told["stages"][0]["changes"]) == (
        1, None, [{"key": "ascent:fleet.maximum", "before": 30, "after": 51}],
    )  # fmt: skip


def test_where_the_runbooks_move_up_no_size_helps() -> None:
    result = _run("--stack", "prod", "--stage", "3", "--load", "users=1200")
    said = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert "No sizes of stage 3 are enough for: users." in said
    assert "The runbooks move up a stage by then" in said
    assert _json("--stack", "prod", "--stage", "3", "--load", "users=1200")[1]["stages"][0]["changes"] is None


def test_where_nothing_of_the_stack_is_enough_it_says_so() -> None:
    said = " ".join(_run("--stack", "prod", "--load", "users=900000").stdout.split())
    assert "No stage as it is configured carries it." in said
    assert "No sizes of stage 7 are enough for: instances" in said
    assert "Add a region" in said


def test_a_lost_region_that_is_too_much_has_advice_of_its_own() -> None:
    result = _run("--stack", "sandbox", "--stage", "7", "--load", "users=20000")
    assert result.exit_code == 0
    # Two regions: with one lost, the other needs forty of thirty.
    said = " ".join(result.stdout.split())
    assert (
        "To carry it with a region lost as well: Pulumi.sandbox.yaml: ascent:fleet.maximum: raise from 30 to 40" in said
    )


def test_a_stage_that_the_stack_cannot_have_is_named_and_asked_for_it_is_refused() -> None:
    code, told = _json("--stack", "dev", "--load", "users=400")
    assert (code, told["smallest"]) == (0, 2)
    refused = [one for one in told["stages"] if one["refused"]]
    assert [one["stage"] for one in refused] == [5, 6, 7]
    assert "stage 5 puts Cloudflare in front" in refused[0]["refused"]
    shown = _run("--stack", "dev", "--load", "users=400")
    assert "not with this config" in shown.stdout
    assert _run("--stack", "dev", "--stage", "5", "--load", "users=400").exit_code == 2


def test_details_show_every_stage() -> None:
    shown = _run("--stack", "prod", "--load", "users=400", "--details").stdout
    assert [f"prod at stage {stage} (" in shown for stage in range(1, 8)] == [True] * 7


@pytest.mark.parametrize("stack", ["prod", "sandbox", "dev"])
@pytest.mark.parametrize("load", ["users=5000,egress=300", "users=50000", "reads=123456", "users=3"])
def test_it_reads_well_at_eighty_columns(stack: str, load: str) -> None:
    shown = _run("--stack", stack, "--load", load).stdout
    changes = [line for line in shown.splitlines() if len(line.rstrip()) > 80]
    assert all(line.startswith("Pulumi.") for line in changes), changes
    assert "\x1b[" not in shown


@pytest.mark.parametrize("file", sorted(one.name for one in (ROOT / "examples/loads").iterdir()))
def test_every_example_is_a_load_and_says_what_it_is(file: str) -> None:
    path = ROOT / "examples/loads" / file
    assert path.read_text().startswith("# ")
    assert _run("--load", str(path)).exit_code in (0, 1)


def test_every_example_of_the_document_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs/capacity.md").read_text()
    lines = [line.removeprefix("ascent capacity ") for line in text.splitlines() if line.startswith("ascent capacity ")]
    assert len(lines) > 4
    for line in lines:
        words = line.partition("#")[0].partition("|")[0].split()
        assert _run(*words).exit_code in (0, 1), line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--load", "users=-4"), "--load: users: given '-4'; it should be above 0"),
        (("--load", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("--load", "users=4", "--stack", "nope"), "Pulumi.nope.yaml: there is no such file"),
        (("--details",), "--details: it shows what --load is held against"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_two(arguments: tuple[str, ...], said: str) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_a_mistake_is_an_object_with_json() -> None:
    code, told = _json("--load", "egres=4")
    assert code == 2
    (problem,) = told["error"]["problems"]
    assert (problem["key"], problem["given"]) == ("egres", "4")


def test_a_stack_that_overrides_its_sizes_is_held_against_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "Pulumi.sandbox.yaml").read_text()
    (tmp_path / "Pulumi.small.yaml").write_text(text.rstrip() + "\n  ascent:fleet: {minimum: 2, maximum: 3}\n")
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    code, told = _json("--stack", "small", "--stage", "5", "--load", "users=2000")
    # Four thousand requests a minute; with a zone lost, two of three are left.
    assert (code, told["stages"][0]["first"]) == (1, {"resource": "instances", "upTo": 1000})
    assert told["stages"][0]["changes"] == [{"key": "ascent:fleet.maximum", "before": 3, "after": 6}]
