"""What earlier runs leave behind: locks of the dead, damaged states, things half created."""

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.commands import recovery, state
from sandbox.commands.layout import Layout
from sandbox.provider.world import Entry, World
from scripts import places
from scripts.say import ProblemError

STACK = "prod"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
PROVIDER = "urn:pulumi:prod::ascent::pulumi:providers:aws::p"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A project with a stack that has an empty state."""
    (tmp_path / "Pulumi.yaml").write_text("name: ascent\n")
    made = Layout(tmp_path / ".sandbox", tmp_path)
    state.ensure_stack(made, STACK)
    return made


def lock(layout: Layout, pid: int, host: str | None = None) -> Path:
    file = layout.engine_locks(STACK) / f"{pid}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"pid": pid, "hostname": host or socket.gethostname(), "username": "me"}))
    return file


def save(layout: Layout, *resources: dict[str, Any], pending: tuple[dict[str, Any], ...] = ()) -> str:
    latest = {"resources": list(resources), "pending_operations": list(pending)}
    text = json.dumps({"version": 3, "checkpoint": {"stack": STACK, "latest": latest}})
    layout.checkpoint(STACK).write_text(text)
    return text


def group(identifier: str, provider: str = "use1") -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:prod::ascent::{GROUP}::{identifier}", "type": GROUP, "id": identifier,
        "custom": True, "provider": f"{PROVIDER}::{provider}",
    }  # fmt: skip


def provider(identifier: str, region: str) -> dict[str, Any]:
    return {"urn": PROVIDER, "type": "pulumi:providers:aws", "id": identifier, "inputs": {"region": region}}


def test_an_empty_stack_is_made_once(layout: Layout) -> None:
    assert state.stacks(layout) == [STACK]
    text = save(layout, group("/a"))
    state.ensure_stack(layout, STACK)
    assert layout.checkpoint(STACK).read_text() == text


def test_locks_of_dead_processes_go(layout: Layout) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    file = lock(layout, gone.pid)
    unreadable = file.with_name("half.json")
    unreadable.write_text('{"pid": ')
    assert state.clear_stale_locks(layout, STACK) == 2
    assert not file.exists()
    assert not unreadable.exists()
    assert state.clear_stale_locks(layout, STACK) == 0


def test_a_process_id_that_was_used_again_is_no_engine(layout: Layout) -> None:
    lock(layout, os.getpid())
    assert state.clear_stale_locks(layout, STACK) == 1


def test_a_lock_of_a_living_engine_is_respected(layout: Layout, tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sleep")
    with subprocess.Popen([engine, "30"]) as alive:
        try:
            file = lock(layout, alive.pid)
            with pytest.raises(ProblemError, match=rf"Another pulumi \(process {alive.pid}\) is at work"):
                state.clear_stale_locks(layout, STACK)
            assert file.exists()
        finally:
            alive.kill()


def test_a_lock_from_another_host_is_respected(layout: Layout) -> None:
    lock(layout, 1, "elsewhere")
    with pytest.raises(ProblemError, match="process 1 on elsewhere"):
        state.clear_stale_locks(layout, STACK)


def test_a_damaged_state_goes_back_to_the_one_before(layout: Layout) -> None:
    checkpoint = layout.checkpoint(STACK)
    before = save(layout, group("/a"))
    checkpoint.with_name("prod.json.bak").write_text(before)
    checkpoint.write_text(before[: len(before) // 2])
    note = state.mend_checkpoint(layout, STACK)
    assert note is not None
    assert "went back" in note
    assert checkpoint.read_text() == before
    assert state.mend_checkpoint(layout, STACK) is None


def test_where_a_full_disk_damaged_all_copies_the_next_run_finds_what_the_last_one_found(layout: Layout) -> None:
    before = save(layout, group("/a"))
    layout.world.write_text('{"format": "before"}')
    state.keep(layout, STACK)
    # Both are only ever replaced.
    for file, text in ((layout.checkpoint(STACK), before[: len(before) // 2]), (layout.world, '{"format": "after"}')):
        places.put(file, text)
    layout.checkpoint(STACK).with_name("prod.json.bak").write_text("")
    note = state.mend_checkpoint(layout, STACK)
    assert note == "The state of prod was damaged; went back to how everything was before the last run."
    assert layout.checkpoint(STACK).read_text() == before
    assert layout.world.read_text() == '{"format": "before"}'


def test_what_a_first_run_made_goes_with_its_damaged_state(layout: Layout) -> None:
    before = layout.checkpoint(STACK).read_text()
    state.keep(layout, STACK)
    layout.checkpoint(STACK).unlink()
    layout.checkpoint(STACK).write_text("{")
    layout.world.write_text("{}")
    state.mend_checkpoint(layout, STACK)
    assert layout.checkpoint(STACK).read_text() == before
    assert not layout.world.exists()


def test_the_newest_readable_backup_is_used(layout: Layout) -> None:
    backups = layout.backups(STACK)
    backups.mkdir(parents=True)
    for age, identifier in enumerate(("/new", "/old")):
        backup = backups / f"prod.{9 - age}.json"
        backup.write_text(save(layout, group(identifier)))
        os.utime(backup, (1_000 - age, 1_000 - age))
    layout.checkpoint(STACK).write_text("")
    layout.checkpoint(STACK).with_name("prod.json.bak").write_text("{")
    state.mend_checkpoint(layout, STACK)
    assert [resource["id"] for resource in state.resources(layout, STACK)] == ["/new"]


def test_a_state_beyond_help_is_one_message(layout: Layout) -> None:
    layout.checkpoint(STACK).write_text("[]")
    with pytest.raises(ProblemError, match="make clean starts over"):
        state.mend_checkpoint(layout, STACK)


def test_facts_cut_short_are_thrown_away(layout: Layout) -> None:
    whole = layout.checkpoint(STACK).with_name("prod.json.bak.attrs")
    empty = layout.checkpoint(STACK).with_name("prod.json.attrs")
    whole.write_text('{"user.content_type": "text/plain"}')
    empty.touch()
    state.clear_damaged_sidecars(layout)
    assert whole.exists()
    assert not empty.exists()


def test_protected_resources_are_found(layout: Layout) -> None:
    save(layout, group("/a") | {"protect": True}, group("/b"))
    assert state.protected(layout, STACK) == [f"urn:pulumi:prod::ascent::{GROUP}::/a"]


def test_only_what_an_interrupted_creation_left_is_removed(layout: Layout) -> None:
    world = World(layout.world)

    def put(view: Any) -> None:
        for region, identifier in [("us-east-1", "/known"), ("us-east-1", "/half"), ("eu-west-1", "/known")]:
            view.put(GROUP, identifier, Entry(region, identifier, {}, {}))
        view.put("aws:s3/bucket:Bucket", "by hand", Entry("us-east-1", "by hand", {}, {}))

    world.transact(put)
    pending = {"type": "creating", "resource": {"urn": "u", "type": GROUP, "custom": True}}
    save(layout, provider("use1", "us-east-1"), group("/known"), pending=(pending,))
    removed = recovery.remove_leftovers(layout, STACK)
    assert removed == [f"{GROUP} /half", f"{GROUP} /known"]

    def left(view: Any) -> list[tuple[str, str]]:
        return [(identifier, entry.scope) for identifier, entry in view.all(GROUP)]

    assert World(layout.world).transact(left) == [("/known", "us-east-1")]
    assert "by hand" in layout.world.read_text()


def test_what_another_stack_owns_is_left_alone(layout: Layout) -> None:
    World(layout.world).transact(lambda view: view.put(GROUP, "/theirs", Entry("us-east-1", "", {}, {})))
    other = {"resources": [provider("use1", "us-east-1"), group("/theirs")]}
    layout.checkpoint("dev").write_text(json.dumps({"version": 3, "checkpoint": {"latest": other}}))
    save(layout, pending=({"type": "creating", "resource": {"urn": "u", "type": GROUP}},))
    assert recovery.remove_leftovers(layout, STACK) == []


def test_a_pending_deletion_removes_nothing(layout: Layout) -> None:
    World(layout.world).transact(lambda view: view.put(GROUP, "/x", Entry("us-east-1", "", {}, {})))
    save(layout, pending=({"type": "deleting", "resource": group("/x")},))
    assert recovery.remove_leftovers(layout, STACK) == []


def test_what_no_stack_owns_is_listed(layout: Layout) -> None:
    assert recovery.ownerless(layout) == set()
    world = World(layout.world)
    world.transact(lambda view: view.put(GROUP, "/kept", Entry("us-east-1", "", {}, {})))
    world.transact(lambda view: view.put(GROUP, "/retained", Entry("us-east-1", "", {}, {})))
    save(layout, provider("use1", "us-east-1"), group("/kept"))
    assert {stray[:2] for stray in recovery.ownerless(layout)} == {(GROUP, "/retained")}


def test_what_is_in_no_region_belongs_to_the_stack_that_knows_its_id(layout: Layout) -> None:
    World(layout.world).transact(lambda view: view.put(GROUP, "/global", Entry("", "", {}, {})))
    pending = {"type": "creating", "resource": {"urn": "u", "type": GROUP, "custom": True}}
    save(layout, provider("use1", "us-east-1"), group("/global"), pending=(pending,))
    assert recovery.remove_leftovers(layout, STACK) == []
    assert recovery.ownerless(layout) == set()
