"""Changes single keys of a stack's file, and not a byte of the rest: comments and layout belong to the team."""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from infra.config.problems import SettingsError
from ops import config_file, stackfile
from ops.errors import NO

WIDTH = 4096  # Never wrap a line.
SHORT = 3  # keys of a map that fits on one line


class FileBusyError(Exception):
    """Another command that changes the file holds it."""

    code = NO


def refuse_read_only(path: Path) -> None:
    """Refuse a command before it does anything, if the file that it has to change cannot be replaced.

    Raises:
        SettingsError: with its directory.
    """
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise SettingsError(
            [f"{path.name} cannot be changed: {path.parent} is read-only here, so nothing was begun. Make it writable"]
        )


class EditedFile:
    """One stack's file. Within `held`, no other command of ascent's changes it."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self.name = f"Pulumi.{stack}.yaml"
        # The target of a symbolic link: renaming would replace the link.
        self._path = (stackfile.ROOT / self.name).resolve()
        self._lock: int | None = None

    def text(self) -> str:
        """What is in it."""
        return self._path.read_text(encoding="utf-8")

    def replace(self, text: str) -> None:
        """Replace its content with `text`, atomically."""
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".ascent-{self.name}.")
        try:
            # The new file is locked before it gets the name, so every later open meets the lock.
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
    def held(self, meanwhile: Callable[[], None] | None = None) -> Iterator[None]:
        """Keep other commands out. The kernel releases the lock when this process ends, however it ends.

        Args:
            meanwhile: called repeatedly while another command holds the file; it waits, or raises.

        Raises:
            FileBusyError: when another command holds it, and `meanwhile` is None.
            SettingsError: when it cannot be changed at all.
        """
        refuse_read_only(self._path)
        while True:
            self._lock = os.open(self._path, os.O_RDONLY)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._release()
                if meanwhile is not None:
                    meanwhile()
                    continue
                raise FileBusyError(
                    f"another ascent command is at work on {self.name}; let it end, or stop it"
                ) from None
            with suppress(FileNotFoundError):
                if os.fstat(self._lock).st_ino == self._path.stat().st_ino:
                    break
            # Replaced between opening and locking.
            self._release()
        for leftover in self._path.parent.glob(f".ascent-{self.name}.*"):
            # Left by a process that was killed while it wrote.
            leftover.unlink(missing_ok=True)
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def edited(text: str, key: str, value: Any, name: str, after: str = "stage") -> str:
    """The text of the stack file `name` with `value` under `ascent:key`, or without that key where None.

    A key that is not there yet comes after `ascent:after`. One that is keeps the spelling that it has: `stage` is
    `ascent:stage` to the engine.

    Raises:
        SettingsError: when the place of the key is not clear, as with anchors from elsewhere in the file.
    """
    try:
        spelled = config_file.spelled(text, name, stackfile.PROJECT)
    except config_file.ConfigFileError as error:
        raise SettingsError([str(error)]) from None
    lines = text.splitlines(keepends=True)
    whole = spelled.get(f"{stackfile.PROJECT}:{key}", f"{stackfile.PROJECT}:{key}")
    if whole not in spelled.values():
        if value is None:
            return text
        place = f"{stackfile.PROJECT}:{after}"
        start, end = _extent(lines, spelled.get(place, place), name)
        indent = re.match(r" *", lines[start])
        lines[end - 1] = lines[end - 1].rstrip("\n") + "\n"
        block = textwrap.indent(_dumped(_short({whole: value})), indent[0] if indent else "")
        return "".join([*lines[:end], block, *lines[end:]])
    start, end = _extent(lines, whole, name)
    if value is None:
        return "".join([*lines[:start], *lines[end:]])
    block = "".join(lines[start:end])
    margin = re.match(r" *", block)
    try:
        node = _yaml().load(textwrap.dedent(block))
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise SettingsError(
            [f"{name}: {whole} cannot be edited in place ({reason}); write it without anchors"]
        ) from None
    _merge(node, {whole: value})
    return "".join([*lines[:start], textwrap.indent(_dumped(node), margin[0] if margin else ""), *lines[end:]])


def _yaml() -> YAML:
    made = YAML()
    made.preserve_quotes = True
    made.width = WIDTH
    return made


def _dumped(node: CommentedMap) -> str:
    out = io.StringIO()
    _yaml().dump(node, out)
    return out.getvalue()


def _short(values: Mapping[str, Any]) -> CommentedMap:
    """Values with the maps and lists among them on one line."""
    return CommentedMap({key: _on_one_line(value) for key, value in values.items()})


def _on_one_line(value: Any) -> Any:
    if not isinstance(value, dict | list):
        return value
    made = CommentedMap(value) if isinstance(value, dict) else CommentedSeq(value)
    made.fa.set_flow_style()
    return made


def _extent(lines: list[str], key: str, name: str) -> tuple[int, int]:
    """First line of a key, and the line after its last one; comments that follow belong to the next key."""
    pattern = re.compile(rf"^( *)(['\"]?){re.escape(key)}\2:(\s|$)")
    found = [(index, len(match[1])) for index, line in enumerate(lines) if (match := pattern.match(line))]
    if len(found) != 1:
        raise SettingsError([f"{name}: {key} should be on a line of its own once, and is {len(found)} times"])
    start, indent = found[0]
    return start, _end(lines, start, indent)


def _end(lines: list[str], start: int, indent: int) -> int:
    end = start + 1
    for index in range(start + 1, len(lines)):
        stripped = lines[index].strip()
        depth = len(lines[index]) - len(lines[index].lstrip())
        if stripped and depth <= indent and (depth < indent or stripped[0] not in "}]"):
            break
        if stripped and (not stripped.startswith("#") or depth > indent):
            end = index + 1
    return end


def _merge(node: CommentedMap, values: Mapping[str, Any]) -> None:
    """Make `node` say `values`, touching only what differs."""
    for key in [key for key in node if key not in values]:
        del node[key]
    flow = any(isinstance(one, CommentedMap) and one.fa.flow_style() for one in node.values())
    for position, (key, value) in enumerate(values.items()):
        if isinstance(value, dict) and isinstance(node.get(key), CommentedMap):
            _merge(node[key], value)
        elif key not in node:
            fresh = CommentedMap(value) if isinstance(value, dict) else value
            # A new value is laid out as its neighbors, unless it is too long for that.
            if isinstance(fresh, CommentedMap) and flow and len(fresh) <= SHORT:
                fresh.fa.set_flow_style()
            node.insert(position, key, fresh)
        elif node[key] != value:
            node[key] = _on_one_line(value) if isinstance(value, list) else value
