"""Stacks that an earlier version of this repository left come up in place with this one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.data_loss import REWRITTEN
from infra.config.loading import parse
from infra.config.problems import SECRETS, SettingsError
from ops.transition.engine_run import of_steps
from ops.transition.model import Op, Transition
from sandbox.commands.engine import Result, Sandbox
from tests.engine.recorded import STATES, Recorded, load

SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
# What rules by host do now. To give them up changes nothing at Cloudflare, whoever else relies on them there: the
# provider's Delete of a setting is empty (cloudflare/terraform-provider-cloudflare, zone_setting/resource.go, v5.22.0).
GIVEN_UP = ("edge-ssl", "edge-always_use_https")
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
FILES = sorted(STATES.glob("*.json.xz"))
# The first ones, from before zones and hosts of public files were looked at.
FIRST = "8c94542"
# Types that are replaced on purpose, because nothing depends on the old one, and why.
REPLACED: dict[str, str] = {}
# What their owners have to say by now. The zone of this one is below another: its app had no certificate otherwise.
SAID: dict[str, dict[str, dict[str, str]]] = {"sandbox": {"domain": {"zone": "sandbox.example.com"}}}
# Host of public files, before and after. The old one was two levels below its zone, where no certificate is good: no
# browser ever got anything from it, so none misses it.
STORAGE = {
    "prod": ("storage.app.example.com", "storage-app.example.com"),
    "sandbox": ("storage.app.sandbox.example.com", "storage-app.sandbox.example.com"),
}


def said(was: Recorded) -> Recorded:
    """A recorded stack with what its owner has to say by now."""
    more = {key: was.config[key] | value for key, value in SAID.get(was.stack, {}).items()}
    return replace(was, config=was.config | more)


def storage(box: Sandbox) -> list[str]:
    """Host names of public files that Cloudflare answers for."""
    records = box.world().get("resources", {}).get("cloudflare", {}).get(RECORD, {})
    return [one["inputs"]["name"] for one in records.values() if one["inputs"]["name"].startswith("storage")]


def settings_left(result: Result) -> set[str]:
    """Settings of the zone that a run gave up."""
    return {step.name for step in result.steps if step.real and step.op == "delete" and step.type == SETTING}


def zones(box: Sandbox) -> dict[str, tuple[str | None, str | None]]:
    """Zones that subnets were asked for in: by name in older stacks, by id since. A subnet cannot move."""
    return {
        one["urn"]: (one["inputs"].get("availabilityZone"), one["inputs"].get("availabilityZoneId"))
        for one in box.resources()
        if one["type"] == "aws:ec2/subnet:Subnet"
    }


def engines(box: Sandbox) -> set[str]:
    """Engines of the caches. A secondary takes that of its primary, and says none."""
    caches = [one for one in box.resources() if one["type"] == CACHE]
    return {one["inputs"]["engine"] for one in caches if one["inputs"].get("engine")}


def moved(result: Result, was: Recorded) -> Transition:
    """What a run did, or would do."""
    regions = was.config["regions"]
    return of_steps(was.stage, was.stage, result.steps, {regions[0]})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".json.xz"))
def test_it_comes_up_in_place(tmp_path: Path, file: Path) -> None:
    was = said(load(file))
    box = was.restored(tmp_path)
    before, after = STORAGE.get(was.stack, (None, None))
    before = before if was.commit == FIRST else after
    assert storage(box) == ([before] if before else [])
    placed = zones(box)
    assert placed
    physical = {one["urn"]: one.get("id") for one in box.resources()}
    ran = engines(box)
    result = box.up(was.stage)
    assert result.ok, result.output
    done = moved(result, was)
    assert [one.urn for one in done.losses] == []
    assert [one.urn for one in done.changes if one.op is Op.REPLACE and one.type not in {*REWRITTEN, *REPLACED}] == []
    assert zones(box) == placed
    # All of these are from before there was another engine than Redis.
    assert engines(box) == ran == ({"redis"} if was.stage > 5 else set())
    # What is still there is the very same thing.
    now = {one["urn"]: one.get("id") for one in box.resources()}
    other = {one.urn for one in done.changes if one.op is Op.REPLACE}
    assert {urn for urn in physical.keys() & now.keys() if physical[urn] != now[urn]} <= other
    assert settings_left(result) == ({f"{was.stack}-{name}" for name in GIVEN_UP} if before != after else set())
    # One record, whose name has changed.
    assert storage(box) == ([after] if after else [])
    again = box.preview(was.stage)
    assert again.ok, again.output
    assert again.changes == {}


@pytest.mark.parametrize("stack", SAID)
def test_a_stack_that_does_not_say_so_is_told_what_to_say(stack: str) -> None:
    (was,) = (one for one in map(load, FILES) if (one.stack, one.commit) == (stack, FIRST))
    config = {key: value for key, value in was.config.items() if key not in SECRETS} | {"stage": was.stage}
    with pytest.raises(SettingsError, match=r"set domain\.zone"):
        parse(config, f"Pulumi.{stack}.yaml", encrypted=SECRETS)


def test_there_are_some() -> None:
    assert {load(file).stack for file in FILES} == {"dev", "staging", "prod", "sandbox"}
