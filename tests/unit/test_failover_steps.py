"""A failover's steps, taken: in order, each once, and taken up again where they were left."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import yaml

from ops.failover.cloud import Cloud, Members
from ops.failover.perform import Performance, StepError
from ops.failover.plan import Plan, around
from tests.unit.test_failover import HOME, OTHER, THIRD, planned


@dataclass
class Sky:
    """A cloud in memory. A move is done by the time it has been looked at `looks` times."""

    writer: str = HOME
    cache_writer: str = HOME
    behind: float | None = 0.5
    looks: int = 3
    under_way: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def _seen(self, what: str, name: str, writer: str) -> Members:
        left = self.under_way.get(what, 0)
        if left == 1:
            writer = OTHER
            setattr(self, "writer" if what == "database" else "cache_writer", writer)
        self.under_way[what] = left = max(left - 1, 0)
        by_region = {HOME: f"{what}-home", OTHER: f"{what}-other"}
        return Members(id=name, by_region=by_region, writer=writer, ready=not left, moving=left > 0)

    def database(self, name: str, _region: str) -> Members:
        return self._seen("database", name, self.writer)

    def cache(self, name: str, _region: str) -> Members:
        return self._seen("cache", name, self.cache_writer)

    def move_database(self, _name: str, *, arn: str, region: str, lost: bool) -> None:
        self.told.append(f"{'failover' if lost else 'switchover'} to {arn}, in {region}")
        self.under_way["database"] = self.looks

    def move_cache(self, _identifier: str, to: str, *, group: str) -> None:
        self.told.append(f"promote {group} in {to}")
        self.under_way["cache"] = self.looks

    def lag(self, _arn: str) -> float | None:
        return self.behind

    def restart(self, _stack: str, region: str) -> str:
        self.told.append(f"restart in {region}")
        return "id"


@dataclass
class Under:
    """A failover under way, and what it did."""

    sky: Sky
    run: Performance
    updates: list[tuple[str, ...]]
    waited: list[float]

    def all(self) -> dict[str, str]:
        return {step.id: self.run.take(step.id) for step in self.run.plan.steps}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text("config:\n  ascent:regions: [us-east-1, eu-west-1, ap-southeast-2]\n")
    return path


def under(file: Path, sky: Sky, one: Plan, *, updated: bool = True, healthy: bool = True) -> Under:
    updates: list[tuple[str, ...]] = []
    waited: list[float] = []

    def update(*arguments: str) -> bool:
        updates.append(arguments)
        return updated

    run = Performance(
        plan=one,
        cloud=cast("Cloud", sky),
        file=file,
        update=update,
        answers=lambda url: healthy and url == "https://app.example.com/api/health",
        wait=waited.append,
    )
    return Under(sky, run, updates, waited)


def test_a_switchover_moves_data_then_addresses_then_instances(file: Path) -> None:
    one = under(file, Sky(), planned())
    results = one.all()
    assert one.sky.told == [
        "switchover to database-other, in us-east-1",
        "promote cache-other in eu-west-1",
        *(f"restart in {region}" for region in (HOME, OTHER, THIRD)),
    ]
    assert one.updates == [("--stack", "test")]
    assert yaml.safe_load(file.read_text())["config"]["ascent:writer"] == OTHER
    assert results["check"] == "eu-west-1 is 0.5 s behind"
    assert one.waited


def test_taken_again_only_what_is_not_known_to_be_done_is_done(file: Path) -> None:
    under(file, Sky(), planned()).all()
    again = under(file, Sky(writer=OTHER, cache_writer=OTHER), planned(writer=OTHER))
    results = again.all()
    assert {results[step] for step in ("check", "database", "cache", "config")} == {"already so"}
    assert not any("database" in told or "cache" in told for told in again.sky.told)


def test_one_that_is_under_way_is_waited_for_and_not_begun_again(file: Path) -> None:
    one = under(file, Sky(under_way={"database": 3}), planned())
    assert one.run.take("database") == "done"
    assert one.sky.told == []


def test_a_lost_region_is_neither_updated_nor_restarted(file: Path) -> None:
    one = under(file, Sky(), planned(lost=True), updated=False)
    results = one.all()
    assert one.sky.told[0] == "failover to database-other, in eu-west-1"
    assert "restart in us-east-1" not in one.sky.told
    assert one.updates == [("--stack", "test", *around("test", HOME))]
    assert "us-east-1 can wait" in results["update"]
    assert yaml.safe_load(file.read_text())["config"]["ascent:unreachable"] == HOME


@pytest.mark.parametrize(
    ("sky", "said"),
    [
        (Sky(behind=6), "eu-west-1 is 6 s behind, and should be 5 s at most"),
        (Sky(behind=None), "nobody measured"),
        (Sky(writer=THIRD), "is written in ap-southeast-2, and Pulumi.test.yaml says us-east-1"),
        (Sky(under_way={"cache": 9}), "eu-west-1 is not ready in the cache"),
    ],
)
def test_a_switchover_does_not_begin_before_all_is_well(file: Path, sky: Sky, said: str) -> None:
    one = under(file, sky, planned())
    with pytest.raises(StepError, match=re.escape(said)):
        one.run.take("check")
    assert sky.told == []


def test_a_step_that_fails_says_what_to_do(file: Path) -> None:
    with pytest.raises(StepError, match="mend it, then try again"):
        under(file, Sky(), planned(), updated=False).run.take("update")
    with pytest.raises(StepError, match="does not answer with 200"):
        under(file, Sky(writer=OTHER, cache_writer=OTHER), planned(), healthy=False).run.take("verify")
    with pytest.raises(StepError, match="is written in us-east-1, not in eu-west-1"):
        under(file, Sky(), planned()).run.take("verify")
    with pytest.raises(StepError, match="Aurora is not written in eu-west-1 after 1800 s"):
        under(file, Sky(under_way={"database": 10_000}), planned()).run.take("database")
