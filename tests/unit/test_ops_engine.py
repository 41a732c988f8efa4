"""What the engine says becomes one message."""

from __future__ import annotations

import os
import socket
from typing import NoReturn

import pytest
from pulumi.automation import CommandError, CommandResult

from ops.engine import Automation, EngineError

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


def test_a_lock_of_somebody_who_is_alive_or_elsewhere_stays() -> None:
    for host, pid in ((socket.gethostname(), os.getpid()), ("elsewhere", 2**22)):
        assert not engine()._freed(f"error: the stack is currently locked: created by me@{host} (pid {pid}) at 10:00")
