"""The virtual environment: when it counts as finished, and the locks around it."""

import errno
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from scripts import environment, places
from scripts.places import digest, locked
from scripts.say import ProblemError
from tests.commands import fakes


@pytest.fixture
def venv(tmp_path: Path) -> tuple[Path, Path]:
    """A finished environment and the lock it was made from."""
    home, lock = tmp_path / ".venv", tmp_path / "requirements.txt"
    fakes.program(home / "bin" / "python")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.12.1\n")
    lock.write_text("pulumi==1\n")
    stamp = {
        "lock": digest(lock), "byteCode": digest(environment.BYTE_CODE), "python": "3.12.1", "path": str(home),
    }  # fmt: skip
    environment.stamp_file(home).write_text(json.dumps(stamp))
    return home, lock


def test_a_finished_environment_is_current(venv: tuple[Path, Path]) -> None:
    assert environment.is_current(*venv)


def test_another_lock_is_noticed(venv: tuple[Path, Path]) -> None:
    venv[1].write_text("pulumi==2\n")
    assert not environment.is_current(*venv)


def test_another_python_is_noticed(venv: tuple[Path, Path]) -> None:
    (venv[0] / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.13.0\n")
    assert not environment.is_current(*venv)


class Installer:
    """A uv that is killed while it does one of its commands, or does them all."""

    def __init__(self, home: Path, dies_at: str = "") -> None:
        self.home, self.dies_at, self.did = home, dies_at, list[str]()

    def __call__(self, command: list[str | Path], env: dict[str, str]) -> None:
        del env
        what = str(command[1])
        self.did.append(what)
        assert not environment.stamp_file(self.home).exists(), "nothing that is half there may look whole"
        if what == self.dies_at:
            raise KeyboardInterrupt
        fakes.program(self.home / "bin" / "python")


# What is whole, but of another lock, is brought up to date: there, too, a kill leaves nothing that is used.
@pytest.mark.parametrize(
    ("had", "at", "did"),
    [
        ("nothing", "venv", ["venv"]),
        ("nothing", "pip", ["venv", "pip"]),
        ("an older one", "pip", ["pip"]),
    ],
)
def test_what_was_interrupted_starts_over(
    venv: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, had: str, at: str, did: list[str]
) -> None:
    (home, lock), whole = venv, environment.is_current
    for name, value in {"VENV": home, "LOCK": lock, "TOOLCHAIN": home.parent}.items():
        monkeypatch.setattr(environment, name, value)
    monkeypatch.setattr(environment, "is_current", lambda: whole(home, lock))
    monkeypatch.setattr(environment, "find_uv", lambda: Path("uv"))
    packages = home / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    if had == "nothing":
        environment.stamp_file(home).unlink()
    lock.write_text("pulumi==2\n")
    killed = Installer(home, dies_at=at)
    monkeypatch.setattr(environment, "_must", killed)
    with pytest.raises(KeyboardInterrupt):
        environment.ensure_environment()
    assert killed.did == did
    assert not whole(home, lock)
    again = Installer(home)
    monkeypatch.setattr(environment, "_must", again)
    environment.ensure_environment()
    assert again.did == ["venv", "pip"]
    assert whole(home, lock)
    assert (packages / "ascent_byte_code.pth").read_text() == "import ascent_byte_code\n"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    places.put(file, "before")

    def half(self: Path, text: str, encoding: str) -> None:
        self.write_bytes(text[:3].encode(encoding))
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space left"):
        places.put(file, "after")
    assert file.read_text() == "before"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "Cannot write to {place}: Read-only file system.\nMake the checkout writable"),
        (errno.EACCES, "Cannot write to {place}: Permission denied.\nMake the checkout writable"),
        (errno.ENOSPC, "The disk is full: {place} has "),
    ],
)
def test_a_place_that_takes_nothing_is_one_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, said: str
) -> None:
    monkeypatch.setattr(places, "ROOT", tmp_path)

    def mkdir(self: Path, **options: bool) -> None:
        del options
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    place = tmp_path / ".toolchain"
    with pytest.raises(ProblemError) as problem, locked(place / "setup.lock", "the other one"):
        pass
    assert str(problem.value).startswith(said.format(place=place))


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
