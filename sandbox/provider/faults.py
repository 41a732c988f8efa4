"""Faults on demand, from the environment: failures, a crash, latency. Counted per provider process.

`ASCENT_SANDBOX_FAIL` and `ASCENT_SANDBOX_CRASH` hold rules separated by commas, each `OPERATION[:PATTERN]:N`: the Nth
matching operation fails (or, for a crash, is carried out but never answered, as when a provider is killed). OPERATION
is create, read, update, delete or invoke; PATTERN is a shell pattern over type tokens: `create:aws:lb/*:2`.
"""

from __future__ import annotations

import fnmatch
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.errors import CloudRefusedError

OPERATIONS = ("create", "read", "update", "delete", "invoke")
_CRASH_STATUS = 137  # as if killed


@dataclass
class _Rule:
    operation: str
    pattern: str
    nth: int
    seen: int = 0

    def hits(self, operation: str, token: str) -> bool:
        """Count this operation; whether it is the one."""
        if operation != self.operation or not fnmatch.fnmatchcase(token, self.pattern):
            return False
        self.seen += 1
        return self.seen == self.nth


def _rules(variable: str, text: str) -> list[_Rule]:
    rules = []
    for part in filter(None, (item.strip() for item in text.split(","))):
        operation, _, rest = part.partition(":")
        pattern, _, count = rest.rpartition(":")
        if operation not in OPERATIONS or not count.isdigit() or int(count) < 1:
            raise ValueError(
                f"{variable}: {part!r} is not OPERATION[:PATTERN]:N with OPERATION one of {', '.join(OPERATIONS)}"
            )
        rules.append(_Rule(operation, pattern or "*", int(count)))
    return rules


class Faults:
    """The faults asked for in `environment`.

    Raises:
        ValueError: when a variable is ill-formed.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._fail = _rules("ASCENT_SANDBOX_FAIL", environment.get("ASCENT_SANDBOX_FAIL", ""))
        self._crash = _rules("ASCENT_SANDBOX_CRASH", environment.get("ASCENT_SANDBOX_CRASH", ""))
        latency = environment.get("ASCENT_SANDBOX_LATENCY_MS") or "0"
        if not latency.isdigit():
            raise ValueError(f"ASCENT_SANDBOX_LATENCY_MS: {latency!r} is not a number of milliseconds")
        self._latency = int(latency) / 1000
        self._lock = threading.Lock()

    def before(self, operation: str, token: str) -> None:
        """Wait as long as asked, then fail if this is an operation that must.

        Raises:
            CloudRefusedError: when it must.
        """
        if self._latency:
            time.sleep(self._latency)
        with self._lock:
            hit = any(rule.hits(operation, token) for rule in self._fail)
        if hit:
            raise CloudRefusedError(f"sandbox fault: {operation} of {token} fails, as ASCENT_SANDBOX_FAIL asks")

    def after(self, operation: str, token: str) -> None:
        """End the process, done but unanswered, if this is the operation to do it after."""
        with self._lock:
            hit = any(rule.hits(operation, token) for rule in self._crash)
        if hit:
            os._exit(_CRASH_STATUS)
