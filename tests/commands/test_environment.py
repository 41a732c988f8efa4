"""The virtual environment: when it counts as finished, and the locks around it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from scripts import environment, places
from scripts.places import digest, locked
from tests.commands import fakes


@pytest.fixture
def venv(tmp_path: Path) -> tuple[Path, Path]:
    """A finished environment and the lock it was made from."""
    home, lock = tmp_path / ".venv", tmp_path / "requirements.txt"
    fakes.program(home / "bin" / "python")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.12.1\n")
    lock.write_text("pulumi==1\n")
    stamp = {"lock": digest(lock), "python": "3.12.1", "path": str(home)}
    environment.stamp_file(home).write_text(json.dumps(stamp))
    return home, lock


def test_a_finished_environment_is_current(venv: tuple[Path, Path]) -> None:
    assert environment.is_current(*venv)


def test_another_lock_is_noticed(venv: tuple[Path, Path]) -> None:
    venv[1].write_text("pulumi==2\n")
    assert not environment.is_current(*venv)


def test_an_interrupted_installation_is_noticed(venv: tuple[Path, Path]) -> None:
    (venv[0] / "ascent-unfinished").touch()
    assert not environment.is_current(*venv)


@pytest.mark.parametrize("name", ["ascent-stamp.json", "bin/python", "pyvenv.cfg"])
def test_a_missing_part_is_noticed(venv: tuple[Path, Path], name: str) -> None:
    (venv[0] / name).unlink()
    assert not environment.is_current(*venv)


def test_a_moved_environment_is_noticed(venv: tuple[Path, Path]) -> None:
    moved = venv[0].rename(venv[0].with_name("moved"))
    assert not environment.is_current(moved, venv[1])


def test_one_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []

    def work(number: int) -> bool:
        with locked(tmp_path / "a lock", "the other one"):
            inside.append(number)
            time.sleep(0.02)
            alone = len(inside) == 1
            inside.remove(number)
            return alone

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_the_second_is_told_for_whom_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    told = Event()

    def say(text: str) -> None:
        said.append(text)
        told.set()

    def second() -> None:
        with locked(tmp_path / "a lock", "the other one"):
            pass

    monkeypatch.setattr(places, "say", say)
    with ThreadPoolExecutor(1) as pool:
        with locked(tmp_path / "a lock", "the other one"):
            waiting = pool.submit(second)
            assert told.wait(10)
            assert not waiting.done()
        waiting.result(10)
    assert said == ["Waiting for the other one..."]
