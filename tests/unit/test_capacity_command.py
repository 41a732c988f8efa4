"""`ascent capacity`: the sums it shows are the ones that Settings judges by, and its advice works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from infra.config.loading import parse
from infra.config.problems import SECRETS, SettingsError
from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.capacity.report import verdict
from ops.commands.capacity import capacity
from ops.stackfile import ROOT
from tests.unit.configs import FILE, config

BOTH = {name: {"image": "registry.example.com/app:1.0.0", "weight": 50} for name in ("blue", "green")}


def unjudged(**changes: Any) -> Settings:
    return parse(config(**changes), FILE, encrypted=SECRETS, judged=False)


@pytest.mark.parametrize("runtime", ["ec2", "kubernetes", "both"])
@pytest.mark.parametrize("stage", STAGES)
def test_who_connects_adds_up_to_the_budget_and_every_stage_holds(stage: int, runtime: str) -> None:
    settings = unjudged(stage=stage, runtime=runtime, rollout=BOTH)
    found = verdict(settings)
    assert found.total == settings.connections.total
    assert found.limit == settings.connections.limit
    assert found.holds
    assert found.todo == ()
    places = {(load.region, load.runtime, load.color) for load in found.loads}
    runtimes = {"ec2", "kubernetes"} if runtime == "both" else {runtime}
    assert places == {(region, one, color) for region in settings.active_regions for one in runtimes for color in BOTH}


@pytest.mark.parametrize("stage", STAGES)
def test_shares_of_the_traffic_add_up_in_each_region(stage: int) -> None:
    settings = unjudged(stage=stage, runtime="both", rollout={**BOTH, "kubernetesShare": 20})
    for region in settings.active_regions:
        loads = [load for load in verdict(settings).loads if load.region == region]
        assert sum(load.traffic for load in loads) == 100
        assert sum(load.users for load in loads) >= settings.row.users
        assert {load.runtime: load.traffic for load in loads} == {"ec2": 40, "kubernetes": 10}


def test_before_pooling_every_runtime_and_region_is_a_row() -> None:
    found = verdict(unjudged(runtime="both", rollout=BOTH, fleet={"maximum": 4}, hpa={"maximum": 7}))
    rows = [(use.runtime, use.region, use.connections) for use in found.uses if use.who == "application"]
    assert rows == [("ec2", "us-east-1", 4 * 2 * 20), ("kubernetes", "us-east-1", 7 * 2 * 20)]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"database": {"maxAcu": 1}, "fleet": {"maximum": 20}}, "ascent:database.maxAcu from 1 to 4 or more"),
        (
            {"database": {"instanceClass": "db.t4g.medium"}, "fleet": {"maximum": 20}},
            "ascent:database.instanceClass from db.t4g.medium to db.t4g.large",
        ),
        ({"fleet": {"minimum": 1, "maximum": 1}}, "ascent:fleet.maximum to 2 or more"),
        ({"runtime": "kubernetes", "stage": 6, "hpa": {"maximum": 10}}, "ascent:hpa.maximum to 30 or more"),
    ],
)
def test_what_does_not_hold_says_what_to_change(changes: dict[str, Any], word: str) -> None:
    found = verdict(unjudged(**changes))
    assert not found.holds
    (todo,) = found.todo
    assert word in todo


@pytest.mark.parametrize("runtime", ["kubernetes", "both"])
@pytest.mark.parametrize("stage", STAGES)
def test_pods_fit_their_nodes_and_a_drain_goes_on(stage: int, runtime: str) -> None:
    found = verdict(unjudged(stage=stage, runtime=runtime, rollout=BOTH))
    assert found.nodes is not None
    assert found.nodes.holds
    drained = {load.drained for load in found.loads if load.runtime == "kubernetes"}
    assert None not in drained
    assert 0 not in drained


def test_nodes_that_are_too_few_say_how_many_are_enough() -> None:
    many = {"runtime": "kubernetes", "stage": 3, "hpa": {"maximum": 30}}
    found = verdict(unjudged(**many))
    assert not found.holds
    cpu, memory = (re.search(rf"ascent:nodes.{key} to (\d+)", " ".join(found.todo)) for key in ("cpu", "memory"))
    assert cpu
    assert memory
    enough = {"cpu": int(cpu[1]), "memory": int(memory[1])}
    assert verdict(unjudged(**many, nodes=enough)).holds
    assert not verdict(unjudged(**many, nodes={**enough, "cpu": enough["cpu"] - 1})).holds


def test_nodes_of_a_cluster_that_is_there_already_are_not_ours() -> None:
    own = {"kubeconfig": "apiVersion: v1", "context": "team"}
    found = verdict(unjudged(runtime="kubernetes", cluster=own))
    assert (found.nodes, found.as_dict()["nodes"]) == (None, None)


def test_the_advice_works_and_nothing_less_does() -> None:
    base = {"stage": 6, "fleet": {"maximum": 29}}
    assert "fleet.maximum to 30" in verdict(unjudged(**base)).todo[0]
    assert verdict(unjudged(stage=6, fleet={"maximum": 30})).holds
    crowd = {"fleet": {"maximum": 40}}
    assert "maxAcu from 1 to 4" in verdict(unjudged(**crowd, database={"maxAcu": 1})).todo[0]
    assert verdict(unjudged(**crowd, database={"maxAcu": 4, "minAcu": 1})).connects
    assert not verdict(unjudged(**crowd, database={"maxAcu": 3.5, "minAcu": 1})).connects


def test_a_replica_that_takes_too_few_is_a_no_as_well() -> None:
    sizes = {"stage": 7, "rollout": BOTH, "fleet": {"maximum": 100}, "database": {"minAcu": 1, "maxAcu": 16}}
    found = verdict(unjudged(**sizes))
    assert found.limit is not None
    assert found.total <= found.limit
    assert found.replica is not None
    assert (found.replica.holds, found.connects, found.holds) == (False, False, False)
    assert found.todo[0].startswith(f"{found.replica.total} could connect and the database takes {found.limit}")
    with pytest.raises(SettingsError, match="more could connect to a region's replica than it takes"):
        parse(config(**sizes), FILE, encrypted=SECRETS)


def test_an_external_database_keeps_its_own_limit() -> None:
    url = "postgresql://a:b@c/d"
    found = verdict(unjudged(externalDatabase={"directUrl": url, "pooledUrl": url}))
    assert (found.limit, found.as_dict()["connections"]["headroom"], found.holds) == (None, None, True)


def ascent(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ops", "capacity", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_people_and_machines_read_the_same_numbers() -> None:
    told = json.loads(ascent("--stack", "prod", "--stage", "7", "--json").stdout)
    shown = ascent("--stack", "prod", "--stage", "7")
    assert shown.returncode == 0, shown.stderr
    budget = told["connections"]
    assert f"{budget['used']} of {budget['limit']} connections: {budget['headroom']} to spare" in shown.stdout
    assert budget["used"] == sum(use["connections"] for use in budget["by"])
    assert told["holds"]
    assert {fleet["region"] for fleet in told["fleets"]} == set(stackfile.settings("prod").regions)
    assert "\x1b" not in shown.stdout


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "Pulumi.sandbox.yaml").read_text()
    lines = "  ascent:database: {minAcu: 0.5, maxAcu: 1}\n  ascent:fleet: {maximum: 30}\n  ascent:stage: 1\n"
    kept = "".join(f"{line}\n" for line in text.splitlines() if "ascent:stage" not in line)
    (tmp_path / "Pulumi.crowded.yaml").write_text(kept.rstrip() + "\n" + lines)
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)


@pytest.mark.usefixtures("crowded")
def test_a_refused_budget_is_explained_and_exits_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingsError, match="more could connect than the database takes"):
        stackfile.settings("crowded")
    with pytest.raises(typer.Exit) as left:
        capacity(stack="crowded")
    assert left.value.exit_code == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "620 of 189 connections: 431 too many" in shown
    assert "Pulumi.crowded.yaml: 620 could connect and the database takes 189" in shown
    with pytest.raises(typer.Exit) as left:
        capacity(stack="crowded", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (left.value.exit_code, told["holds"], told["connections"]["headroom"]) == (1, False, -431)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stage", "8"], "less than or equal to 7"),
        (["--stack", "nope"], "Pulumi.nope.yaml: there is no such file"),
        (["--stack", "dev", "--stage", "5"], "Pulumi.dev.yaml: ascent:domain.dns"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_two(arguments: list[str], said: str) -> None:
    done = ascent(*arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
