"""The world: one readable file of everything that "exists", shared by the provider processes.

Operations run one after another under a file lock. Those of one process that wait at the same time are written to disk
together, and only what changed is turned into text again, so that a stack of hundreds of resources stays quick.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from catalog import tables as data
from sandbox.provider.errors import WorldError

ENVIRONMENT: Final = "ASCENT_SANDBOX_WORLD"
DEFAULT: Final = ".sandbox/world.json"
FORMAT: Final = 1
_INDENT: Final = 2
_DEPTH: Final = 4  # levels above an entry: file, resources, provider, type
T = TypeVar("T")


def default_path() -> Path:
    """Where the world file is: absolute, whatever the process does next."""
    return Path(os.environ.get(ENVIRONMENT) or DEFAULT).absolute()


@dataclass
class Entry:
    """A resource that exists."""

    scope: str  # region, cluster or zone it is in; empty when global
    name: str  # physical name; empty when it has none
    inputs: dict[str, Any]  # what was asked for, secrets as digests
    outputs: dict[str, Any]  # what the cloud added
    text: str = field(default="", repr=False, compare=False)

    def rendered(self) -> str:
        """This entry as JSON, indented to its place in the file."""
        if not self.text:
            body = {"scope": self.scope, "name": self.name, "inputs": self.inputs, "outputs": self.outputs}
            text = json.dumps(body, indent=_INDENT, sort_keys=True, ensure_ascii=False)
            self.text = text.replace("\n", "\n" + " " * _INDENT * _DEPTH)
        return self.text

    @property
    def properties(self) -> dict[str, Any]:
        """All that a reader of the cloud would see; the cloud's own word wins."""
        return self.inputs | self.outputs


Tables = dict[str, dict[str, dict[str, Entry]]]


class WorldView:
    """What exists, within one operation.

    stale: types whose text is no longer that of the file.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.stale: set[str] = set()

    @property
    def changed(self) -> bool:
        """Whether the file has to be written again."""
        return bool(self.stale)

    def _type(self, token: str) -> dict[str, Entry]:
        return self.of(token.split(":", 1)[0]).get(token, {})

    def find(self, token: str, identifier: str, scope: str) -> Entry | None:
        """The thing of type `token` with that id in `scope`, if it exists."""
        entries = self._type(token)
        for key in (f"{identifier}@{scope}", identifier):
            entry = entries.get(key)
            if entry and entry.scope == scope:
                return entry
        return None

    def all(self, token: str) -> Iterator[tuple[str, Entry]]:
        """Ids and entries of type `token`, in every scope."""
        for key, entry in self._type(token).items():
            suffix = f"@{entry.scope}"
            yield (key.removesuffix(suffix) if entry.scope else key), entry

    def of(self, provider: str) -> dict[str, dict[str, Entry]]:
        """Everything of a provider: types, and their entries."""
        return self._tables.get(provider, {})

    def holding(self, provider: str, text: str) -> Iterator[tuple[str, str, Entry]]:
        """Type, id and entry of everything of `provider` that mentions `text` anywhere."""
        for token, entries in self.of(provider).items():
            for key, entry in entries.items():
                if text in entry.rendered():
                    yield token, key, entry

    def put(self, token: str, identifier: str, entry: Entry) -> None:
        """Make `entry` exist, in place of what had that id in its scope."""
        entries = self._tables.setdefault(token.split(":", 1)[0], {}).setdefault(token, {})
        taken = entries.get(identifier)
        # Ids such as log group names repeat across regions.
        scoped = f"{identifier}@{entry.scope}"
        key = scoped if scoped in entries or (taken and taken.scope != entry.scope) else identifier
        entries[key] = entry
        self.stale.add(token)

    def remove(self, token: str, identifier: str, scope: str) -> None:
        """Remove an entry."""
        provider = token.split(":", 1)[0]
        entries = self._type(token)
        for key in (f"{identifier}@{scope}", identifier):
            if key in entries and entries[key].scope == scope:
                del entries[key]
                self.stale.add(token)
                if not entries:
                    del self._tables[provider][token]
                if not self._tables[provider]:
                    del self._tables[provider]
                return


@dataclass
class _Waiting:
    operation: Callable[[WorldView], Any]
    future: Future[Any]


class World:
    """Access to the world file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._leader = threading.Lock()
        self._queue_lock = threading.Lock()
        self._queue: list[_Waiting] = []
        self._tables: Tables = {}
        self._texts: dict[str, str] = {}  # of a type's entries, as they are in the file
        self._stamp: tuple[int, int, int] | None = None

    def transact(self, operation: Callable[[WorldView], T]) -> T:
        """Run `operation` on what exists, with no other process in between; its changes are on disk when this returns.

        An operation must look first and change last: what it changed before raising stays.

        Raises:
            WorldError: when the file cannot be read or written; the old file is then intact.
            Exception: whatever `operation` raises.
        """
        mine = _Waiting(operation, Future())
        with self._queue_lock:
            self._queue.append(mine)
        with self._leader:
            if not mine.future.done():
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                self._run(batch)
        result: T = mine.future.result()
        return result

    def _run(self, batch: list[_Waiting]) -> None:
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._locked():
                self._refresh()
                view = WorldView(self._tables)
                for waiting in batch:
                    try:
                        outcomes.append((waiting.future, waiting.operation(view), None))
                    except Exception as error:  # noqa: BLE001, RUF100 (handed to the caller)
                        outcomes.append((waiting.future, None, error))
                if view.changed:
                    for token in view.stale:
                        self._texts.pop(token, None)
                    self._write()
        except Exception as error:  # noqa: BLE001, RUF100
            self._stamp = None
            outcomes = [(waiting.future, None, error) for waiting in batch]
        for future, result, failure in outcomes:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.path.with_name(self.path.name + ".lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = lock.open("w", encoding="utf-8")
        except OSError as error:
            raise WorldError(f"cannot lock the sandbox's world: {lock}: {error.strerror}") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _refresh(self) -> None:
        try:
            stat = self.path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp == self._stamp:
                return
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self._tables, self._texts, self._stamp = {}, {}, None
            return
        except (OSError, UnicodeDecodeError) as error:
            raise WorldError(f"cannot read the sandbox's world, {self.path}: {error}") from error
        self._tables, self._texts = self._parsed(text), {}
        self._stamp = stamp

    def _parsed(self, text: str) -> Tables:
        help_text = "mend it by hand, or delete it and destroy or refresh the stack to start over"
        try:
            raw = json.loads(text)
        except ValueError as error:
            raise WorldError(f"the sandbox's world, {self.path}, is not JSON ({error}): {help_text}") from error
        try:
            if raw["format"] != FORMAT:
                raise WorldError(f"the sandbox's world, {self.path}, has format {raw['format']}, not {FORMAT}")
            return {
                provider: {
                    token: {key: self._known(token, key, _entry(token, entry)) for key, entry in entries.items()}
                    for token, entries in by_type.items()
                }
                for provider, by_type in raw["resources"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise WorldError(f"the sandbox's world, {self.path}, is malformed (at {error}): {help_text}") from error

    def _known(self, token: str, key: str, entry: Entry) -> Entry:
        """The entry as it was read before, with its text, where another process changed others alone."""
        before = self._tables.get(token.split(":", 1)[0], {}).get(token, {}).get(key)
        return before if before == entry else entry

    def _write(self) -> None:
        temporary: str | None = None
        try:
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self.path.parent, prefix=".world-", delete=False
            ) as file:
                temporary = file.name
                file.write(render(self._tables, self._texts))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
            stat = self.path.stat()
            self._stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError as error:
            if temporary:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
            raise WorldError(f"cannot write the sandbox's world, {self.path}: {error.strerror}") from error


def _entry(token: str, raw: dict[str, Any]) -> Entry:
    inputs, outputs = raw["inputs"], raw["outputs"]
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise TypeError("inputs and outputs")
    # A file that was written before things of this type had a place has none.
    scope = raw.get("scope") or inputs.get(data.row(token).get("within"), "")
    return Entry(str(scope), str(raw.get("name", "")), inputs, outputs)


def render(tables: Tables, texts: dict[str, str]) -> str:
    """The file's text: sorted, one property a line.

    Args:
        tables: what exists.
        texts: of a type's entries, from the last time; what is missing is added.
    """
    for by_type in tables.values():
        for token, entries in by_type.items():
            if token not in texts:
                texts[token] = _block([(key, entry.rendered()) for key, entry in sorted(entries.items())], 4)
    providers = [
        (provider, _block([(token, texts[token]) for token in sorted(by_type)], 3))
        for provider, by_type in sorted(tables.items())
    ]
    return _block([("format", str(FORMAT)), ("resources", _block(providers, 2))], 1) + "\n"


def _block(items: list[tuple[str, str]], level: int) -> str:
    if not items:
        return "{}"
    pad = " " * _INDENT * level
    lines = ",\n".join(f"{pad}{json.dumps(key, ensure_ascii=False)}: {text}" for key, text in items)
    return "{\n" + lines + "\n" + pad[_INDENT:] + "}"
