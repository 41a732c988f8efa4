"""The world file: shared, readable, never half written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.provider.errors import WorldError
from sandbox.provider.world import Entry, World

_ROOT = Path(__file__).resolve().parents[2]
_TOKEN = "aws:sqs/queue:Queue"
_WRITER = """
import sys
from pathlib import Path
from sandbox.provider.world import Entry, World
world = World(Path(sys.argv[1]))
for number in range(40):
    name = f"{sys.argv[2]}-{number}"
    world.transact(lambda view: view.put("aws:sqs/queue:Queue", name, Entry("us-east-1", name, {"name": name}, {})))
"""


def _put(world: World, name: str) -> None:
    world.transact(lambda view: view.put(_TOKEN, name, Entry("us-east-1", name, {"name": name}, {})))


def test_two_processes_lose_nothing(world: World) -> None:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(world.path), name], env=environment) for name in "ab"
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert len(world.transact(lambda view: list(view.all(_TOKEN)))) == 80


def test_threads_share_a_write_and_lose_nothing(world: World) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: _put(world, f"q{number}"), range(500)))
    assert time.monotonic() - began < 5
    assert len(World(world.path).transact(lambda view: list(view.all(_TOKEN)))) == 500


def test_the_file_is_sorted_json(world: World) -> None:
    for name in ("b", "a"):
        _put(world, name)
    raw = json.loads(world.path.read_text())
    assert list(raw["resources"]["aws"][_TOKEN]) == ["a", "b"]
    assert raw["resources"]["aws"][_TOKEN]["a"] == {
        "scope": "us-east-1",
        "name": "a",
        "inputs": {"name": "a"},
        "outputs": {},
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ not json", "is not JSON"),
        ("[]", "malformed"),
        ('{"format": 9, "resources": {}}', "format 9"),
        ('{"format": 1, "resources": {"aws": {"t": {"id": {"inputs": 1, "outputs": {}}}}}}', "malformed"),
    ],
)
def test_a_damaged_file_is_named(world: World, text: str, words: str) -> None:
    world.path.write_text(text)
    with pytest.raises(WorldError, match=words) as failure:
        world.transact(lambda view: list(view.all(_TOKEN)))
    assert str(world.path) in str(failure.value)
    assert world.path.read_text() == text


def test_a_full_disk_leaves_the_old_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(world, "first")
    before = world.path.read_text()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("sandbox.provider.world.os.fsync", full)
    with pytest.raises(WorldError, match="No space left"):
        _put(world, "second")
    monkeypatch.undo()
    assert world.path.read_text() == before
    assert [path.name for path in world.path.parent.glob(".world-*")] == []
    assert world.transact(lambda view: [key for key, _ in view.all(_TOKEN)]) == ["first"]


def test_an_entry_keeps_its_place_when_its_namesake_elsewhere_goes(world: World) -> None:
    def put(region: str, value: int) -> None:
        world.transact(lambda view: view.put(_TOKEN, "q", Entry(region, "q", {"value": value}, {})))

    put("us-east-1", 1)
    put("eu-west-1", 1)
    world.transact(lambda view: view.remove(_TOKEN, "q", "us-east-1"))
    put("eu-west-1", 2)
    assert world.transact(lambda view: [(key, entry.inputs) for key, entry in view.all(_TOKEN)]) == [
        ("q", {"value": 2})
    ]


def test_an_operation_that_fails_changes_nothing(world: World) -> None:
    def refuse(_view: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        world.transact(refuse)
    assert not world.path.exists()
