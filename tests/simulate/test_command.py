"""`ascent simulate`: what it prints, and its exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops import cli
from ops.commands.simulate import simulate
from ops.cost.prices import shipped
from ops.stackfile import ROOT

TRACES = ROOT / "examples/traces"
NARROW = {"NO_COLOR": "1", "COLUMNS": "80"}


def _ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["simulate", *arguments], env=NARROW)


def _found(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = _ask(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def test_a_load_that_is_carried() -> None:
    code, found = _found(str(TRACES / "weekday.csv"), "--stage", "4", "--stack", "prod")
    assert code == 0
    assert found["holds"]
    assert found["breaks"] is None
    assert found["requests"]["dropped"] == 0
    assert (found["stage"], found["runtime"], found["seconds"]) == (4, "ec2", 86_400)


def test_a_load_that_is_too_much() -> None:
    code, found = _found(str(TRACES / "newsletter.csv"), "--stage", "4", "--stack", "prod")
    assert code == 1
    assert not found["objectives"]["availability"]["met"]
    assert found["requests"]["arrived"] == found["requests"]["served"] + found["requests"]["dropped"]
    firsts = [limit["first"] for limit in found["limits"]]
    assert firsts == sorted(firsts)
    assert found["breaks"] == next(limit["limit"] for limit in found["limits"] if limit["dropped"])


def test_the_documented_keys_are_those_that_are_printed() -> None:
    _, found = _found("--shape", "zone-loss", "--stage", "4")
    said = re.search(r"JSON: \{(.*?)\}\.\s", (simulate.__doc__ or "").replace("\n", " "), re.DOTALL)
    assert said
    words = set(re.findall(r"[A-Za-z_0-9]+", said[1]))

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(keys(one) for one in value.values()))
        return set().union(*(keys(one) for one in value)) if isinstance(value, list) else set()

    free = set(found["assumptions"]) | set(found["requests"]["by"])
    assert keys(found) - free - words == set()
    assert set(found) <= words


def test_the_cost_is_of_the_price_table() -> None:
    _, found = _found("--shape", "daily", "--stage", "1")
    hours, prices = found["hours"], shipped()
    # Two instances all day; a user of a hundred makes less than half a unit of work.
    assert hours["instances"] == 48
    expected = 48 * prices.price("ec2.t4g.small", "us-east-1").usd
    expected += hours["acu"] * prices.price("aurora.acu-hour", "us-east-1").usd
    assert found["cost"]["total"] == pytest.approx(expected, abs=0.01)
    assert found["cost"]["month"] == pytest.approx(expected * 730 / 24, abs=0.2)


def test_a_number_of_ones_own_changes_the_answer() -> None:
    slow, quick = (_found("--shape", "daily", "--stage", "4", "--assume", f"cpu-ms={cpu}")[1] for cpu in (140, 10))
    assert slow["objectives"]["latency"]["p95"] > quick["objectives"]["latency"]["p95"]
    assert quick["assumptions"]["cpu-ms"] == 10


def test_more_users_in_more_regions() -> None:
    _, found = _found("--shape", "daily", "--stage", "7", "--stack", "prod")
    # 10 000 users in each of three regions.
    assert found["traffic"] == "daily of 30000 users"


@pytest.mark.parametrize("runtime", ["ec2", "kubernetes"])
def test_it_reads_well_at_80_columns(runtime: str) -> None:
    result = _ask(str(TRACES / "newsletter.csv"), "--stage", "4", "--stack", "prod", "--runtime", runtime)
    lines = result.stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    text = " ".join(result.stdout.split())
    assert f"prod at stage 4 (replicas) on {runtime}" in text
    assert "A model, not a load test" in text
    assert "It breaks first at 09:0" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "traffic: given neither; give a CSV file or --shape daily, launch, region-loss, zone-loss"),
        (["--shape", "flat"], "--shape: given 'flat'; the shapes are daily, launch, region-loss, zone-loss"),
        ([str(TRACES / "weekday.csv"), "--shape", "daily"], "weekday.csv and --shape daily; give a CSV file or"),
        ([str(TRACES / "weekday.csv"), "--users", "5"], "--users: is for --shape; a file says itself"),
        ([str(TRACES / "weekday.csv"), "--days", "1"], "--days: is for --shape; a file says itself how long it is"),
        (["--shape", "daily", "--lose-zone", "25:00"], "--lose-zone: given '25:00'; the traffic ends after 1 d"),
        (["--shape", "daily", "--assume", "speed=1"], "--assume: given 'speed=1'; write KEY=NUMBER"),
        (["--shape", "daily", "--stack", "nowhere"], "Pulumi.nowhere.yaml: there is no such file"),
        (["nowhere.csv"], "nowhere.csv: cannot be read"),
        (["--fit", "--days", "2"], "--fit: given with --days; it takes --stack, --runtime and --assume alone"),
        (["--fit", "--stage", "4"], "--fit: given with --stage; it takes --stack, --runtime and --assume alone"),
    ],
)
def test_input_that_is_not_usable(arguments: list[str], said: str) -> None:
    result = _ask(*arguments, "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert said in error["message"]
    assert error["code"] == 2


def test_a_directory_that_cannot_be_made_is_said_before_anything_is_worked_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = _ask("--shape", "daily", "--days", "92", "--out", str(tmp_path / "file" / "charts"))
    assert result.exit_code == 2
    assert "--out" in result.stderr
    assert "give a directory that can be written" in " ".join(result.stderr.split())


def test_no_directory_is_made_for_a_load_that_is_refused(tmp_path: Path) -> None:
    result = _ask("--shape", "daily", "--lose-zone", "later", "--out", str(tmp_path / "charts"))
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_charts_are_written_and_named(tmp_path: Path) -> None:
    code, found = _found("--shape", "daily", "--stage", "1", "--out", str(tmp_path / "charts"))
    assert code == 0
    assert sorted(Path(one).name for one in found["charts"]) == sorted(
        f"{name}{ending}"
        for name in ("load", "serving", "connections", "database", "answers")
        for ending in (".png", ".svg")
    )
    assert all(Path(one).stat().st_size > 1000 for one in found["charts"])
