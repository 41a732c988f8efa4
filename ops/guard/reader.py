"""Reads what `pulumi preview --json` prints. Streams, and keeps of each step only what rules look at."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]

from ops.guard.preview import OPS, Op, Preview, State, Step
from ops.recorder import STACK_TYPE, Recorded
from policy.model import SECRET, UNKNOWN

_CHUNK = 1 << 20
# The parts of the engine's document that are read, as ijson calls them.
_STEPS, _CONFIG, _ERRORS, _COUNTS = "steps.item", "config", "diagnostics.item", "changeSummary"
# What the engine writes for a secret: this text, or a map with a key of its own.
MASKED, SECRET_KEY = "[secret]", "4dabf18193072939515e22adb298388d"
# What it writes for values that are not known yet, one for each kind.
_UNKNOWNS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
# Longer text is a document that no rule looks at, such as a dashboard: policies are at most as long as S3's.
_LONGEST = 20_480
_DOES: dict[str, Op] = {
    "same": "same",
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
}
_COLOR = re.compile(r"<\{%[^}]*%\}>|\x1b\[[0-9;]*m")
_EVENT = re.compile(rb'^\s*\{\s*"(sequence|timestamp)"')


class UnreadableError(Exception):
    """This is no preview at all; the message says what it is instead."""


def read(file: BinaryIO, name: str) -> Preview:
    """The preview in `file`, as far as it goes.

    Args:
        file: what the engine printed.
        name: what to call it in messages.

    Raises:
        UnreadableError: when it is empty, or something else than a preview.
    """
    reader = _Reader()
    try:
        broken = _stream(file, name, reader)
    except RecursionError:
        raise UnreadableError(f"{name}: this is no preview: it is nested too deeply") from None
    return reader.preview(name, broken)


def _stream(file: BinaryIO, name: str, reader: _Reader) -> str | None:
    """Feed the file to the reader. Returns what is wrong with its end."""
    chunk = file.read(_CHUNK)
    _refuse(chunk, name)
    # ijson follows one path, so each part has a parser of its own; they are fed side by side.
    steps, parts = ijson.sendable_list(), {path: ijson.sendable_list() for path in (_CONFIG, _ERRORS, _COUNTS)}
    parsers = {path: ijson.items_coro(found, path, use_float=True) for path, found in ((_STEPS, steps), *parts.items())}
    problem = None
    try:
        chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        while chunk:
            for parser in parsers.values():
                parser.send(chunk)
            for raw in steps:
                reader.take(raw)
            del steps[:]
            if parts[_CONFIG]:
                # It comes once, and first.
                parsers.pop(_CONFIG, None)
            chunk = file.read(_CHUNK)
        for parser in parsers.values():
            parser.close()
    except ijson.IncompleteJSONError as error:
        # The parser's own words would quote the file, secrets included.
        wrong = "premature EOF" not in str(error) and re.search("(parse|lexical) error", str(error))
        problem = "is no JSON any more" if wrong else "ends in the middle"
    except (ijson.JSONError, UnicodeDecodeError):
        problem = "is no JSON any more"
    for raw in steps:
        reader.take(raw)
    reader.rest = {path: list(found) for path, found in parts.items()}
    return problem


def _refuse(start: bytes, name: str) -> None:
    """Tell at once what can be told by the first bytes."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError(f"{name}: this is UTF-16, as PowerShell's > writes it; write it as UTF-8")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise UnreadableError(
            f"{name}: this is empty: the preview printed nothing. What it said to stderr has the reason"
        )
    if not text.startswith(b"{"):
        raise UnreadableError(
            f"{name}: this is no preview: it does not start with {{. Expected what `pulumi preview --json` prints, "
            "without what it says to stderr"
        )
    if _EVENT.match(text):
        raise UnreadableError(
            f"{name}: these are the engine's events, one a line; run the preview without "
            "PULUMI_ENABLE_STREAMING_JSON_PREVIEW and without --event-log"
        )


class _Reader:
    """Collects a preview."""

    def __init__(self) -> None:
        self.rest: dict[str, list[Any]] = {}
        self._steps: list[tuple[Step, str]] = []
        self._seen: Counter[str] = Counter()
        self._regions: dict[str, str] = {}
        self._stack: Mapping[str, Any] = {}
        self._urn: str | None = None
        self._malformed = 0

    def take(self, raw: Any) -> None:
        """One step, as the engine wrote it."""
        if not isinstance(raw, dict) or not isinstance(raw.get("urn"), str) or raw["urn"].count("::") < 3:
            self._malformed += 1
            return
        urn, op = raw["urn"], str(raw.get("op"))
        self._urn = self._urn or urn
        self._seen[op] += 1
        before, after = _map(raw.get("oldState")), _map(raw.get("newState"))
        type_ = sys.intern(_type(urn))
        if type_ == STACK_TYPE:
            self._stack = _map(plain(_map(before.get("outputs"))))
            return
        provider = str(raw.get("provider") or before.get("provider") or after.get("provider") or "").rpartition("::")[0]
        if type_.startswith("pulumi:providers:"):
            provider = urn
        self._learn(provider, before, after)
        if op not in _DOES:
            return
        detail = _map(raw.get("detailedDiff"))
        forced = [path for path, one in detail.items() if str(_map(one).get("kind")).endswith("-replace")]
        old = _state(urn, type_, before)
        new = _state(urn, type_, after)
        if old and new and old.resource.inputs == new.resource.inputs:
            old = replace(old, resource=replace(old.resource, inputs=new.resource.inputs))
        step = Step(
            op=_DOES[op],
            urn=urn,
            type=type_,
            before=old,
            after=new,
            changed=tuple(str(one) for one in [*detail, *_list(raw.get("diffReasons"))]),
            replaced_by=tuple(str(one) for one in forced or _list(raw.get("replaceReasons"))),
        )
        self._steps.append((step, provider))

    def preview(self, name: str, broken: str | None) -> Preview:
        """All that was taken.

        Raises:
            UnreadableError: when nothing of it was a preview's.
        """
        if not self._urn and not any(self.rest.values()):
            what = f"it {broken}" if broken else "no step, config, diagnostic or summary is in it"
            raise UnreadableError(f"{name}: this is no preview: {what}. Expected what `pulumi preview --json` prints")
        parts = self._urn.split(":", 3)[2:] if self._urn else []
        stack, project = (parts[0], parts[1][1:].partition("::")[0]) if len(parts) == 2 else (None, None)
        counts = {op: int(count) for op, count in _first(self.rest, _COUNTS).items() if _is_number(count)}
        return Preview(
            stack=stack,
            project=project,
            config={key: str(value) for key, value in _first(self.rest, _CONFIG).items()},
            steps=tuple(self._placed()),
            counts=counts,
            outputs=self._stack,
            errors=tuple(self._errors(name, broken, counts)),
        )

    def _placed(self) -> Iterator[Step]:
        """The steps, now that all regions are known that the preview tells of."""
        for step, provider in self._steps:
            region = self._regions.get(provider)
            sides = {
                side: replace(state, resource=replace(state.resource, region=region))
                for side, state in (("before", step.before), ("after", step.after))
                if state is not None and region is not None
            }
            yield replace(step, **sides) if sides else step  # type: ignore[arg-type]

    def _learn(self, provider: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Note the region that a provider works in, which it says itself or a resource of it does."""
        if not provider.rpartition("::")[0].endswith("pulumi:providers:aws") or provider in self._regions:
            return
        for part in (_map(before.get("outputs")), _map(after.get("inputs")), _map(before.get("inputs"))):
            region = part.get("region")
            if isinstance(region, str) and region not in _UNKNOWNS and region != MASKED:
                self._regions[provider] = sys.intern(region)
                return

    def _errors(self, name: str, broken: str | None, counts: Mapping[str, int]) -> Iterator[str]:
        told = [_map(one) for one in self.rest.get(_ERRORS, ())]
        for one in told:
            if one.get("severity") == "error":
                text = _COLOR.sub("", str(one.get("message", ""))).strip().removeprefix("error: ")
                about = str(one.get("urn") or "").rpartition("::")[2]
                yield f"{about}: {text}" if about else text
        if broken:
            yield f"{name} {broken}, after {sum(self._seen.values())} steps"
        elif not counts:
            yield f"{name} has no changeSummary: the preview did not come to its end"
        if self._malformed:
            yield f"{name}: {self._malformed} of its steps are none that the engine writes"
        for op in OPS[:-1]:
            if counts and not broken and self._seen[op] < counts.get(op, 0):
                yield f"{name}: {counts[op]} {op} steps are announced, and {self._seen[op]} are there"
        unknown = sorted(op for op in self._seen if op not in _DOES and op not in _HARMLESS)
        if unknown:
            yield f"{name}: the engine would do what this does not know: {', '.join(unknown)}"


# Operations that change nothing in a cloud.
_HARMLESS = (
    "read",
    "read-replacement",
    "read-discard",
    "discard",
    "discard-replaced",
    "refresh",
    "remove-pending-replace",
)


def _state(urn: str, type_: str, raw: Mapping[str, Any]) -> State | None:
    if not raw:
        return None
    parent = raw.get("parent")
    resource = Recorded(
        urn=urn,
        type=type_,
        name=urn.rpartition("::")[2],
        parent=None if not isinstance(parent, str) or _type(parent) == STACK_TYPE else parent,
        region=None,
        protect=raw.get("protect") is True,
        inputs=_map(plain(_map(raw.get("inputs")))),
        custom=raw.get("custom") is True,
    )
    ignored = tuple(str(one) for one in _list(raw.get("ignoreChanges")))
    return State(resource, raw.get("retainOnDelete") is True, ignored)


def plain(value: Any) -> Any:
    """A value as policies take it, without what is secret."""
    if isinstance(value, str):
        if value in _UNKNOWNS or len(value) > _LONGEST:
            return UNKNOWN
        return SECRET if value == MASKED else value
    if isinstance(value, dict):
        if SECRET_KEY in value:
            return SECRET
        return {sys.intern(key): plain(one) for key, one in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(rest: Mapping[str, list[Any]], path: str) -> Mapping[str, Any]:
    return _map(next(iter(rest.get(path, ())), {}))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
