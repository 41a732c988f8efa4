"""A failover's steps, taken: in order, each once, and taken up again where they were left."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import yaml

from catalog.engine_steps import EngineState, EngineStep
from infra.thresholds import RESTART_WAIT, WORKER_STOP_GRACE
from ops.failover.cloud import CONNECTED, FailoverCloud, Members
from ops.failover.errors import CloudBusyError, CloudError, StepError
from ops.failover.fence import Fence
from ops.failover.instances import FailoverInstances
from ops.failover.keys import Keys
from ops.failover.left import left
from ops.failover.perform import FailoverRun
from ops.failover.plan import FailoverPlan, around
from ops.failover.restart import Restart
from tests.unit.test_failover import HOME, OTHER, THIRD, planned

WORKER = "worker"


@dataclass
class Sky:
    """A cloud in memory. A move is done by the time it has been looked at `looks` times.

    busy: how often it refuses a move because of something else, by what is moved. copy: what it says of a copy.
    booting: looks until Systems Manager reaches an instance.
    """

    writer: str = HOME
    cache_writer: str = HOME
    behind: float | None = 0.5
    looks: int = 3
    under_way: dict[str, int] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    copy: str = ""
    readable_again: bool = False
    silent: bool = False
    fenced: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    fleet: tuple[str, ...] = ("a",)
    booting: dict[str, int] = field(default_factory=dict)
    ill: tuple[str, ...] = ()
    ends: str = "Success"
    replaces: tuple[str, ...] = ()
    replaced: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    asked: int = 0

    def _seen(self, what: str, name: str, writer: str) -> Members:
        left = self.under_way.get(what, 0)
        if left == 1:
            writer = OTHER
            setattr(self, "writer" if what == "database" else "cache_writer", writer)
        self.under_way[what] = left = max(left - 1, 0)
        by_region = {HOME: f"{what}-home", OTHER: f"{what}-other", THIRD: f"{what}-third"}
        # AWS tells where a database is going; of a datastore it says "modifying", whatever the change.
        heading = OTHER if left and what == "database" else ""
        copies = dict.fromkeys(by_region, self.copy)
        ready = not left and not self.busy.get(what)
        return Members(id=name, by_region=by_region, writer=writer, ready=ready, heading=heading, copies=copies)

    def _refuse(self, what: str) -> None:
        if self.under_way.get(what) or self.busy.get(what):
            self.busy[what] = max(self.busy.get(what, 0) - 1, 0)
            raise CloudBusyError(f"{what}: modifying")

    def database(self, name: str, _region: str) -> Members:
        return self._seen("database", name, self.writer)

    def cache(self, name: str, _region: str) -> Members:
        return self._seen("cache", name, self.cache_writer)

    def move_database(self, _name: str, *, arn: str, region: str, lost: bool) -> None:
        self._refuse("database")
        self.told.append(f"{'failover' if lost else 'switchover'} to {arn}, in {region}")
        self.under_way["database"] = self.looks

    def move_cache(self, _identifier: str, to: str, *, group: str) -> None:
        self._refuse("cache")
        self.told.append(f"promote {group} in {to}")
        self.under_way["cache"] = self.looks

    def readable(self, arn: str) -> bool:
        assert arn in ("database-third", "database-home")
        return self.readable_again

    def put(self, cluster: str, region: str) -> None:
        if self.silent:
            raise CloudError(f"ec2 in {region}: timed out")
        self.fenced.append(f"{cluster} in {region}")

    def lift(self, cluster: str, region: str) -> bool:
        self.fenced.remove(f"{cluster} in {region}")
        return True

    def said(self, region: str) -> str | None:
        if self.silent:
            raise CloudError(f"rds in {region}: timed out")
        return "Attempt to block writes for DB cluster a in Region b succeeded." if region == OTHER else None

    def lag(self, _arn: str) -> float | None:
        return self.behind

    def running(self, project: str, stack: str, region: str) -> list[str]:
        assert (project, stack) == ("ascent", "test")
        return [f"{region} {one}" for one in self.fleet if one not in self.replaced]

    def serving(self, groups: list[str], region: str) -> set[str]:
        assert groups == [f"group in {region}"]
        ill = self.ill if self.told and "restart" in self.told[-1] else ()
        return {f"{region} {one}" for one in self.fleet if one not in (WORKER, *ill)}

    def reached(self, instances: list[str], region: str) -> set[str]:
        left = {one: self.booting.get(one.removeprefix(f"{region} "), 0) for one in instances}
        self.booting = {name: looks - 1 for name, looks in self.booting.items()}
        return {one for one, looks in left.items() if looks <= 0}

    def restart(self, instances: list[str], region: str) -> str:
        names = [one.removeprefix(f"{region} ") for one in instances]
        assert not {one for one in names if self.booting.get(one, 0) > 0}, "AWS refuses the whole command"
        self.told.append(f"restart {' '.join(names)} in {region}")
        self.replaced += self.replaces
        self.last = list(instances)
        return "command"

    def restarted(self, command: str, region: str) -> dict[str, str]:
        del command, region
        self.asked += 1
        # The first look is too early.
        return dict.fromkeys(self.last, self.ends) if self.asked % 2 == 0 else {}


@dataclass
class Under:
    """A failover under way, and what it did."""

    sky: Sky
    run: FailoverRun
    updates: list[tuple[str, ...]]
    waited: list[float]
    said: list[str]

    def all(self) -> dict[str, str]:
        return {step.id: self.run.take(step.id) for step in self.run.plan.steps}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text("config:\n  ascent:regions: [us-east-1, eu-west-1, ap-southeast-2]\n")
    return path


def under(
    file: Path,
    sky: Sky,
    one: FailoverPlan,
    *,
    updated: bool = True,
    undone: tuple[str, ...] = (),
    healthy: bool = True,
    complete: bool = True,
) -> Under:
    updates: list[tuple[str, ...]] = []
    waited: list[float] = []
    said: list[str] = []

    def update(*arguments: str) -> bool:
        updates.append(arguments)
        return updated

    run = FailoverRun(
        plan=one,
        cloud=cast("FailoverCloud", sky),
        file=file,
        update=update,
        left=lambda: undone,
        fence=cast("Fence", sky),
        keys=cast("Keys", SimpleNamespace(move=lambda lost, target: (lost, target) == (HOME, OTHER))),
        restart=Restart(
            stack="test",
            instances=cast("FailoverInstances", sky),
            groups=lambda region: [f"group in {region}"],
            wait=waited.append,
        ).region,
        complete=lambda region: complete and region == one.target,
        answers=lambda url: healthy and url == "https://app.example.com/api/health",
        wait=waited.append,
        tell=said.append,
    )
    return Under(sky, run, updates, waited, said)


def test_clients_are_kept_away_from_the_old_writer_before_another_one_is_promoted(file: Path) -> None:
    one = under(file, Sky(), planned(lost=True))
    order = [step.id for step in one.run.plan.steps]
    assert order.index("fence") < order.index("database")
    results = one.all()
    assert one.sky.fenced == [f"test-use1-db in {HOME}"]
    assert results["database"] == "done; Aurora: Attempt to block writes for DB cluster a in Region b succeeded."


def test_a_region_that_does_not_answer_is_done_without_its_fence(file: Path) -> None:
    one = under(file, Sky(silent=True), planned(lost=True))
    results = one.all()
    assert results["fence"] == f"not done, so only Aurora's own fence is left: ec2 in {HOME}: timed out"
    assert results["database"] == f"done; Aurora has not said yet whether it blocked writes in {HOME}: see its events"


def test_a_lost_region_is_taken_back_once_it_can_read_and_gets_visitors_last(file: Path) -> None:
    under(file, Sky(), planned(lost=True)).all()
    back = planned(writer=OTHER, unreachable=HOME)
    sky = Sky(writer=OTHER, cache_writer=OTHER, fenced=[f"test-use1-db in {HOME}"])
    with pytest.raises(StepError, match=f"{HOME} cannot read the database yet"):
        under(file, sky, back).all()
    assert sky.fenced
    sky.readable_again = True
    one = under(file, sky, back)
    told = one.all()
    assert (sky.fenced, told["returned"]) == ([], "done")
    # All regions are updated, and the last update lets visitors in.
    assert one.updates == [("--stack", "test")] * 2
    assert told["readers"] == f"{HOME} gets traffic again; done"
    config = yaml.safe_load(file.read_text())["config"]
    assert set(config) == {"ascent:regions", "ascent:writer"}


def test_the_key_is_moved_from_the_lost_region(file: Path) -> None:
    assert under(file, Sky(), planned(lost=True)).run.take("key") == "done"
    assert under(file, Sky(), planned()).run.take("key") == "already so"


def test_a_switchover_moves_data_then_addresses_then_instances(file: Path) -> None:
    one = under(file, Sky(), planned())
    results = one.all()
    assert one.sky.told == [
        "switchover to database-other, in us-east-1",
        "promote cache-other in eu-west-1",
        *(f"restart a in {region}" for region in (HOME, OTHER, THIRD)),
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
    one = under(file, Sky(under_way={"database": 6}), planned())
    # Whoever was interrupted amid it goes on, rather than be told to wait.
    assert one.run.take("check") == "already so"
    assert one.run.take("database") == "done"
    assert one.sky.told == []


@pytest.mark.parametrize("what", ["database", "cache"])
def test_one_that_is_busy_with_something_else_is_asked_again_and_then_moved(file: Path, what: str) -> None:
    one = under(file, Sky(busy={what: 3}), planned(lost=True))
    assert one.run.take(what).startswith("done")
    assert [told.split()[0] for told in one.sky.told] == ["failover" if what == "database" else "promote"]
    # Said once, at once: half an hour is long.
    assert one.said == [f"{what}: modifying. Asked again, for up to 1800 s"]
    with pytest.raises(StepError, match=rf"not written in eu-west-1 after 1800 s; {what}: modifying"):
        under(file, Sky(busy={what: 10_000}), planned(lost=True)).run.take(what)


def test_a_move_that_aws_called_off_is_asked_for_again(file: Path) -> None:
    class CalledOff(Sky):
        def move_database(self, name: str, *, arn: str, region: str, lost: bool) -> None:
            super().move_database(name, arn=arn, region=region, lost=lost)
            if len(self.told) == 1:
                self.under_way.clear()

    one = under(file, CalledOff(), planned())
    assert one.run.take("database") == "done"
    assert len(one.sky.told) == 2


def test_a_switchover_goes_by_what_aws_says_of_the_copy_where_nobody_measured(file: Path) -> None:
    assert "AWS says connected" in under(file, Sky(behind=None, copy=CONNECTED), planned()).run.take("check")


def test_a_lost_region_is_neither_updated_nor_restarted(file: Path) -> None:
    one = under(file, Sky(), planned(lost=True), updated=False)
    results = one.all()
    assert one.sky.told[0] == "failover to database-other, in eu-west-1"
    assert [told for told in one.sky.told if "restart" in told] == [
        f"restart a in {region}" for region in (OTHER, THIRD)
    ]
    assert one.updates == [("--stack", "test", *around("test", HOME))]
    assert "what is in us-east-1 and ap-southeast-2, or needs it, can wait" in results["update"]
    config = yaml.safe_load(file.read_text())["config"]
    assert (config["ascent:unreachable"], config["ascent:drained"]) == (HOME, [THIRD])


def test_an_update_that_left_out_what_the_new_writer_needs_is_not_done(file: Path) -> None:
    many = ("update test-euw1-app", *(f"create test-euw1-workers-{number}" for number in range(6)))
    one = under(file, Sky(), planned(lost=True), updated=False, undone=many)
    with pytest.raises(
        StepError, match=re.escape("(update test-euw1-app, create test-euw1-workers-0, ") + ".* and 2 more"
    ):
        one.all()
    # The instances would fetch the old addresses.
    assert not [told for told in one.sky.told if "restart" in told]


@pytest.mark.parametrize("stack", ["test", "a-stack-named-test-use1"])
def test_what_is_left_is_what_the_new_writer_needs(stack: str) -> None:
    def urn(kind: str, name: str) -> str:
        return f"urn:pulumi:{stack}::ascent::{kind}::{name}"

    def provider(region: str) -> EngineStep:
        new = EngineState(inputs={"region": region})
        return EngineStep(op="update", urn=urn("pulumi:providers:aws", region), new=new)

    def change(op: str, kind: str, name: str, region: str = "") -> EngineStep:
        by = f"{urn('pulumi:providers:aws', region)}::an-id" if region else ""
        return EngineStep(op=op, urn=urn(kind, f"{stack}-{name}"), provider=by, new=EngineState())

    secret, board = "aws:secretsmanager/secretVersion:SecretVersion", "aws:cloudwatch/dashboard:Dashboard"
    steering = "cloudflare:index/loadBalancer:LoadBalancer"
    foreseen = [
        change("update", secret, "euw1-app", "eu-west-1"),
        change("same", secret, "euw1-jobs", "eu-west-1"),
        # By the home's name, and yet elsewhere: Cloudflare still sends traffic to the lost region.
        change("update", steering, "use1-traffic"),
        change("update", secret, "use1-app", HOME),
        # By the home's name, and yet in the region that is to write.
        change("create", "aws:kms/replicaKey:ReplicaKey", "use1-key", "eu-west-1"),
        change("update", secret, "apse2-app", THIRD),
        change("update", board, "euw1", "eu-west-1"),
        change("create", "ascent:infra:Workers", "euw1-workers"),
        *map(provider, (HOME, "eu-west-1", THIRD)),
    ]
    found = [one.replace(f"{stack}-", "") for one in left(foreseen, (HOME, THIRD))]
    assert found == ["update euw1-app", "update use1-traffic", "create use1-key"]


def test_a_region_gets_visitors_again_once_its_copy_is_there(file: Path) -> None:
    waiting = under(file, Sky(writer=OTHER, cache_writer=OTHER), planned(lost=True))
    told = waiting.all()
    assert told["readers"].startswith(f"{THIRD} gets no traffic until Aurora has made its copy anew")
    assert len(waiting.updates) == 1
    sky = Sky(writer=OTHER, cache_writer=OTHER, readable_again=True)
    again = under(file, sky, planned(lost=True, writer=OTHER, unreachable=HOME, drained=[THIRD]))
    assert again.run.take("readers") == f"{THIRD} gets traffic again; done"
    # Its instances have the addresses that are true now before anybody is sent there.
    assert (sky.told, again.updates) == ([f"restart a in {THIRD}"], [("--stack", "test", *around("test", HOME))])
    config = yaml.safe_load(file.read_text())["config"]
    assert (config["ascent:unreachable"], config.get("ascent:drained")) == (HOME, None)
    # Whatever its cluster's status is, a copy that is not in step is not read.
    stale = under(file, Sky(writer=OTHER, copy="pending-resync", readable_again=True), planned(lost=True))
    assert "gets no traffic" in stale.run.take("readers")


def test_instances_that_cannot_read_do_not_stop_a_failover(file: Path) -> None:
    class Unread(Sky):
        def serving(self, groups: list[str], region: str) -> set[str]:
            restarted = any(told.endswith(THIRD) for told in self.told)
            return super().serving(groups, region) if region != THIRD or not restarted else set()

    sky = Unread(fleet=("a", "b"), writer=OTHER, cache_writer=OTHER)
    told = under(file, sky, planned(lost=True)).run.take("restart")
    assert told.startswith(f"2 in {OTHER}, not all in {THIRD}, which gets no traffic (")
    with pytest.raises(StepError, match=f"{THIRD} a in {THIRD}: not healthy"):
        under(file, Unread(fleet=("a", "b")), planned()).run.take("restart")


@pytest.mark.parametrize(
    ("sky", "said"),
    [
        (Sky(behind=6), "eu-west-1 is 6 s behind, and should be 5 s at most"),
        (Sky(behind=None), "there is no measurement of"),
        (Sky(copy="pending-resync"), "AWS says of the copy in eu-west-1: pending-resync"),
        (Sky(writer=THIRD), "is written in ap-southeast-2, and Pulumi.test.yaml says us-east-1"),
        (Sky(under_way={"cache": 9}), "eu-west-1 is not ready in the cache"),
    ],
)
def test_a_switchover_does_not_begin_before_all_is_well(file: Path, sky: Sky, said: str) -> None:
    one = under(file, sky, planned())
    with pytest.raises(StepError, match=re.escape(said)):
        one.run.take("check")
    assert sky.told == []


EIGHT = ("a", "b", "c", "d", "e", "f", "g", WORKER)


def test_instances_are_restarted_a_quarter_at_a_time(file: Path) -> None:
    one = under(file, Sky(fleet=EIGHT), planned(regions=[HOME, OTHER]))
    assert one.run.take("restart") == f"8 in {HOME}, 8 in {OTHER}"
    pairs = ("a b", "c d", "e f", f"g {WORKER}")
    assert one.sky.told == [f"restart {pair} in {region}" for region in (HOME, OTHER) for pair in pairs]
    assert one.waited


@pytest.mark.parametrize(
    ("sky", "said"),
    [
        (Sky(fleet=EIGHT, ill=("b",)), "us-east-1 b in us-east-1: not healthy 600 s after the restart"),
        (Sky(fleet=EIGHT, ends="Failed"), "us-east-1 a in us-east-1 did not restart the application (Failed)"),
    ],
)
def test_the_next_share_is_left_alone_where_one_does_not_come_back(file: Path, sky: Sky, said: str) -> None:
    with pytest.raises(StepError, match=re.escape(said)):
        under(file, sky, planned()).run.take("restart")
    assert sky.told == ["restart a b in us-east-1"]


def test_one_that_boots_is_waited_for_as_a_command_to_it_is_refused_as_a_whole(file: Path) -> None:
    sky = Sky(fleet=EIGHT, booting={"b": 3})
    one = under(file, sky, planned(regions=[HOME, OTHER], lost=True))
    assert one.run.take("restart") == f"8 in {OTHER}"
    assert sky.told[0] == f"restart a b in {OTHER}"
    with pytest.raises(StepError, match="AWS Systems Manager does not reach it after 600 s"):
        under(file, Sky(fleet=EIGHT, booting={"b": 10_000}), planned()).run.take("restart")


def test_a_worker_has_the_time_to_end_its_job() -> None:
    assert RESTART_WAIT.value > WORKER_STOP_GRACE.value


def test_one_that_was_not_healthy_before_and_one_that_is_gone_hold_nothing_up(file: Path) -> None:
    sky = Sky(fleet=EIGHT, replaces=("b", "c"))
    assert under(file, sky, planned(regions=[HOME, OTHER], lost=True)).run.take("restart") == f"8 in {OTHER}"
    assert sky.told[:2] == [f"restart a b in {OTHER}", f"restart d e in {OTHER}"]


@pytest.mark.parametrize(
    ("lost", "said"), [(False, "first: ascent backfill --stack test --wait"), (True, "use --without-old-objects")]
)
def test_buckets_that_took_the_place_of_complete_ones_are_not_complete(file: Path, lost: bool, said: str) -> None:  # noqa: FBT001
    assert (
        under(file, Sky(), planned(lost=lost)).run.take("objects")
        == f"{OTHER} has those that are older than its replication"
    )
    one = under(file, Sky(), planned(lost=lost), complete=False)
    with pytest.raises(StepError, match=re.escape(said)):
        one.run.take("objects")
    assert one.sky.told == []


def test_a_step_that_fails_says_what_to_do(file: Path) -> None:
    with pytest.raises(StepError, match="mend it, then try again"):
        under(file, Sky(), planned(), updated=False).run.take("update")
    with pytest.raises(StepError, match="does not answer with 200"):
        under(file, Sky(writer=OTHER, cache_writer=OTHER), planned(), healthy=False).run.take("verify")
    with pytest.raises(StepError, match="is written in us-east-1, not in eu-west-1"):
        under(file, Sky(), planned()).run.take("verify")
    with pytest.raises(StepError, match="Aurora is not written in eu-west-1 after 1800 s"):
        under(file, Sky(under_way={"database": 10_000}), planned()).run.take("database")
