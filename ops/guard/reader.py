"""Reads what `pulumi preview --json` prints. It streams, as a preview may be far larger than the part that is kept."""

from __future__ import annotations

import re
from typing import BinaryIO

import ijson  # type: ignore[import-untyped]

from ops.guard.collector import Collector
from ops.guard.preview import Preview

_CHUNK = 1 << 20
# The parts of the engine's document that are read, as ijson calls them.
_STEPS, _CONFIG, _DIAGNOSTICS, _COUNTS = "steps.item", "config", "diagnostics.item", "changeSummary"
_UTF8, _UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_EVENT = re.compile(rb'\{\s*"(sequence|timestamp)"')
_EXPECTED = "Expected what `pulumi preview --json` prints on stdout"


class UnreadablePreviewError(Exception):
    """The file is no preview. The message says what it is instead."""


def read(file: BinaryIO, name: str) -> Preview:
    """The preview in `file`, which may end in the middle.

    Args:
        file: what the engine printed.
        name: what to call it in messages.

    Raises:
        UnreadablePreviewError: when it is empty, or something else than a preview.
    """
    collector = Collector()
    try:
        broken = _stream(file, name, collector)
    except RecursionError:
        raise UnreadablePreviewError(f"{name}: this is no preview: it is nested too deeply. {_EXPECTED}") from None
    if collector.is_empty:
        what = f"it {broken}" if broken else "no step, config, diagnostic or summary is in it"
        raise UnreadablePreviewError(f"{name}: this is no preview: {what}. {_EXPECTED}")
    return collector.preview(name, broken)


def _stream(file: BinaryIO, name: str, collector: Collector) -> str | None:
    """Feed the file to the collector. Returns what is wrong with its end."""
    chunk = file.read(_CHUNK)
    _refuse(chunk, name)
    chunk = chunk.removeprefix(_UTF8)
    # ijson follows one path, so each part has a parser of its own; they are fed side by side.
    found = {path: ijson.sendable_list() for path in (_STEPS, _CONFIG, _DIAGNOSTICS, _COUNTS)}
    parsers = {path: ijson.items_coro(values, path, use_float=True) for path, values in found.items()}
    problem = None
    try:
        while chunk:
            for parser in parsers.values():
                parser.send(chunk)
            _hand_over(found[_STEPS], collector)
            if found[_CONFIG]:
                # It comes once, and first, so its parser stops after it.
                parsers.pop(_CONFIG, None)
            chunk = file.read(_CHUNK)
        for parser in parsers.values():
            parser.close()
    except ijson.IncompleteJSONError as error:
        # The parser's own words would quote the file, secrets included.
        wrong = "premature EOF" not in str(error) and re.search("(parse|lexical) error", str(error))
        problem = "is not valid JSON" if wrong else "ends in the middle"
    except (ijson.JSONError, UnicodeDecodeError):
        problem = "is not valid JSON"
    _hand_over(found[_STEPS], collector)
    collector.surroundings(found[_CONFIG], found[_DIAGNOSTICS], found[_COUNTS])
    return problem


def _hand_over(steps: list[object], collector: Collector) -> None:
    for raw in steps:
        collector.take(raw)
    del steps[:]


def _refuse(start: bytes, name: str) -> None:
    """Refuse a file that its first bytes show to be something else.

    Raises:
        UnreadablePreviewError: with what it is.
    """
    if start.startswith(_UTF16):
        raise UnreadablePreviewError(f"{name}: this is UTF-16, as PowerShell's > writes it; write it as UTF-8")
    text = start.removeprefix(_UTF8).lstrip()
    if not text:
        raise UnreadablePreviewError(
            f"{name}: this is empty: the preview printed nothing. Its output on stderr has the reason"
        )
    if not text.startswith(b"{"):
        raise UnreadablePreviewError(f"{name}: this is no preview: it does not start with {{. {_EXPECTED}")
    if _EVENT.match(text):
        raise UnreadablePreviewError(
            f"{name}: these are the engine's events, one a line; run the preview without "
            "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
        )
