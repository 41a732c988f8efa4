"""What the engine says becomes one message."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from pulumi.automation import CommandError, CommandResult

from infra import half_written
from ops.engine import deployment, runs
from ops.engine.updates import Automation, EngineError

NOT_LOGGED_IN = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"


def engine() -> Automation:
    return Automation("prod", lambda _: None, lambda _: None)


def fails(kind: type[CommandError], said: str) -> NoReturn:
    raise kind(CommandResult(stdout="", stderr=said, code=255))


@pytest.mark.parametrize(
    ("said", "message"),
    [(NOT_LOGGED_IN, 'run: pulumi login; for the sandbox: eval "$(make -s env)"'), ("error: no space", "no space")],
)
def test_a_failure_is_told_without_what_the_sdk_wraps_around_it(said: str, message: str) -> None:
    with pytest.raises(EngineError) as error:
        engine()._turn(lambda: fails(CommandError, said))
    assert message in str(error.value)
    assert "code:" not in str(error.value)


HALF_WRITTEN = f"error: {half_written.SAYS}"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, without sleeping."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def test_a_state_that_is_being_written_is_read_again(pauses: list[float]) -> None:
    left = len(half_written.PAUSES)

    def run() -> str:
        if len(pauses) < left:
            fails(CommandError, HALF_WRITTEN)
        return "read"

    assert engine()._turn(run) == "read"
    assert pauses == list(half_written.PAUSES)
    left = 1000
    with pytest.raises(EngineError, match=r"delete \.pulumi/stacks/ascent/prod\.json\.attrs"):
        engine()._turn(run)


@pytest.mark.parametrize(("said", "asked"), [(HALF_WRITTEN, 3), ("error: no stack named prod", 1)])
def test_a_state_that_is_being_written_is_exported_again(
    said: str, asked: int, pauses: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"""#!/bin/sh
echo asked >> '{tmp_path}/log'
[ "$(wc -l < '{tmp_path}/log')" -lt 3 ] && {{ echo '{said}' >&2; exit 255; }}
echo '{{"version": 3}}'
"""
    (tmp_path / "pulumi").write_text(script)
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    if asked > 1:
        assert deployment.exported(deployment.printed, "prod") == {"version": 3}
    else:
        with pytest.raises(deployment.PulumiError, match="pulumi stack export failed"):
            deployment.exported(deployment.printed, "prod")
    assert len((tmp_path / "log").read_text().splitlines()) == asked
    assert len(pauses) == asked - 1


GONE = 2**22


def lock(host: str = socket.gethostname(), pid: int = GONE, late: float = 0) -> str:
    at = datetime.now(UTC) - timedelta(seconds=late)
    return f"error: the stack is currently locked: created by me@{host} (pid {pid}) at {at:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is noted which engines were started here: one just now."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    runs.noted("prod")
    return tmp_path / "ascent" / "prod.json"


def test_the_lock_of_an_engine_that_was_started_here_and_killed_is_ours(here: Path) -> None:
    assert here.exists()
    assert runs.left_by_a_killed_one("prod", lock())
    # From another time zone, as Go writes it.
    zoned = lock().replace("Z", "+00:00")
    assert runs.left_by_a_killed_one("prod", zoned)


@pytest.mark.parametrize(
    "said",
    [
        lambda: lock(pid=os.getpid()),
        lambda: lock(host="elsewhere"),
        lambda: lock(late=120),
        lambda: lock(late=-120),
        lambda: lock() + lock(host="elsewhere"),
        lambda: "error: the stack is currently locked by somebody",
    ],
)
@pytest.mark.usefixtures("here")
def test_a_lock_of_somebody_who_is_alive_or_elsewhere_or_of_another_time_stays(said: Callable[[], str]) -> None:
    assert not runs.left_by_a_killed_one("prod", said())


def test_who_is_locked_out_in_between_does_not_make_forget_whose_the_lock_is(here: Path) -> None:
    killed = lock()
    note = json.loads(here.read_text())
    for _ in range(30):
        runs.noted("prod")
        assert runs.left_by_a_killed_one("prod", killed)
        runs.locked_out("prod")
    assert json.loads(here.read_text()) == note


@pytest.mark.parametrize("key", ["boot", "processes"])
def test_a_lock_from_before_a_boot_or_of_another_container_of_the_same_name_stays(here: Path, key: str) -> None:
    here.write_text(json.dumps({**json.loads(here.read_text()), key: "another"}))
    assert not runs.left_by_a_killed_one("prod", lock())


def test_nothing_is_taken_for_ours_where_nothing_was_noted_or_nobody_tells(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not runs.left_by_a_killed_one("staging", lock())
    here.write_text("{")
    assert not runs.left_by_a_killed_one("prod", lock())
    monkeypatch.setattr(runs, "BOOT", here / "nowhere")
    runs.noted("staging")
    assert not runs.left_by_a_killed_one("staging", lock())
