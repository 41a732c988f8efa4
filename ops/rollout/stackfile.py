"""Changes `ascent:rollout` in a stack's file, and not a byte of the rest: comments and layout are the team's."""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from infra.choices import Rollout
from infra.settings import Settings, SettingsError
from ops import stackfile

KEY = f"{stackfile.PROJECT}:rollout"
WIDTH = 4096  # never wrap a line that its author did not


class BusyError(Exception):
    """Another rollout command holds the file."""


class StackFile:
    """One stack's file. Within `held`, nobody else's rollout command changes it."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self.name = f"Pulumi.{stack}.yaml"
        # Not the link, where the file is one: renaming would replace it.
        self._path = (stackfile.ROOT / self.name).resolve()
        self._lock: int | None = None

    def settings(self, rollout: Rollout | None = None) -> Settings:
        """The stack's settings, with `rollout` in place of the file's own.

        Raises:
            SettingsError: when they are not allowed, as when both colors together open too many connections.
        """
        return stackfile.settings(self.stack, rollout=None if rollout is None else plain(rollout))

    def rollout(self) -> Rollout:
        """What the file says now.

        Raises:
            SettingsError: when the file is no usable config.
        """
        return self.settings().rollout

    def write(self, old: Rollout, new: Rollout) -> None:
        """Put `new` in place of `old`, whole or not at all.

        Raises:
            SettingsError: when `new` is not allowed, or the file does not say `old` (any more).
        """
        self.settings(new)
        if self.rollout() != old:
            raise SettingsError(
                [f"{self.name}: {KEY} was changed by somebody else meanwhile; look at it, and try again"]
            )
        text = edited(self._path.read_text(encoding="utf-8"), new, self.name)
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".ascent-{self.name}.")
        try:
            # The lock goes along with the name: whoever opens the file from now on meets it.
            fcntl.flock(handle, fcntl.LOCK_EX)
            with os.fdopen(os.dup(handle), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(self._path, temporary)
            Path(temporary).replace(self._path)
        except BaseException:
            os.close(handle)
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
        self._release()
        self._lock = handle

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other rollout commands out. The kernel lets go of the lock when we die, however we die.

        Raises:
            BusyError: when another one is at work.
        """
        while True:
            self._lock = os.open(self._path, os.O_RDONLY)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._release()
                raise BusyError(f"another `ascent rollout` is at work on {self.name}; let it end, or stop it") from None
            with suppress(FileNotFoundError):
                if os.fstat(self._lock).st_ino == self._path.stat().st_ino:
                    break
            # Renamed over between opening and locking.
            self._release()
        for leftover in self._path.parent.glob(f".ascent-{self.name}.*"):
            # Of one that was killed while it wrote: nobody else does.
            leftover.unlink(missing_ok=True)
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def plain(rollout: Rollout) -> dict[str, Any]:
    """A rollout as its file says it: camelCase, and without what is left out."""
    said = rollout.model_dump(mode="json", by_alias=True, exclude_none=True)
    for color in rollout.colors:
        if said[color] == {"weight": 0}:
            del said[color]
    if not rollout.kubernetes_share:
        del said["kubernetesShare"]
    return said


def edited(text: str, rollout: Rollout, name: str) -> str:
    """The text of a stack's file with `rollout` in it.

    Raises:
        SettingsError: when the place of `ascent:rollout` cannot be told, as with anchors from elsewhere in the file.
    """
    lines = text.splitlines(keepends=True)
    start, end = _extent(lines, name)
    block = "".join(lines[start:end])
    margin = re.match(r" *", block)
    indent = margin[0] if margin else ""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    try:
        node = yaml.load(textwrap.dedent(block))
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise SettingsError([f"{name}: {KEY} cannot be edited in place ({reason}); write it without anchors"]) from None
    _merge(node[KEY], plain(rollout))
    out = io.StringIO()
    yaml.dump(node, out)
    return "".join([*lines[:start], textwrap.indent(out.getvalue(), indent), *lines[end:]])


def _extent(lines: list[str], name: str) -> tuple[int, int]:
    """First line of the key, and the line after its last one; comments that follow belong to what comes next."""
    pattern = re.compile(rf"^( *)(['\"]?){re.escape(KEY)}\2:(\s|$)")
    found = [(index, match) for index, line in enumerate(lines) if (match := pattern.match(line))]
    if len(found) != 1:
        raise SettingsError([f"{name}: {KEY} should be on a line of its own, once, and is so {len(found)} times"])
    start, match = found[0]
    indent = len(match[1])
    end = start + 1
    for index in range(start + 1, len(lines)):
        stripped = lines[index].strip()
        depth = len(lines[index]) - len(lines[index].lstrip())
        if stripped and depth <= indent and (depth < indent or stripped[0] not in "}]"):
            break
        if stripped and (not stripped.startswith("#") or depth > indent):
            end = index + 1
    return start, end


def _merge(node: CommentedMap, values: dict[str, Any]) -> None:
    """Make `node` say `values`, touching only what differs."""
    for key in [key for key in node if key not in values]:
        del node[key]
    flow = any(isinstance(one, CommentedMap) and one.fa.flow_style() for one in node.values())
    for position, (key, value) in enumerate(values.items()):
        if isinstance(value, dict) and isinstance(node.get(key), CommentedMap):
            _merge(node[key], value)
        elif key not in node:
            fresh = CommentedMap(value) if isinstance(value, dict) else value
            # A color looks like its neighbor; the progress is long enough for lines of its own.
            if isinstance(fresh, CommentedMap) and flow and key != "progress":
                fresh.fa.set_flow_style()
            node.insert(position, key, fresh)
        elif node[key] != value:
            node[key] = value
