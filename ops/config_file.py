"""A stack's file as the engine reads it, value for value.

The engine is written in Go, and its YAML is not Python's: `yes` and `1:30` are text to it, `0o17` and `017` are 15,
and a date is a moment. This module reads a value as the program gets it from the engine. A test compares the two.

Sources: gopkg.in/yaml.v3, resolve.go and decode.go; pulumi, sdk/go/common/workspace/loaders.go and
sdk/go/common/resource/config.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

CONFIG = "config"
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHING = ("", "~", "null", "Null", "NULL")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# Go's own: each underscore stands between two digits. What begins with a digit loses all of them before it is read.
_DOTTED = re.compile(r"\.\d(_?\d)*([eE][-+]?\d(_?\d)*)?", re.ASCII)
# With the prefixes of Go's own numbers, and a leading zero for octal.
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(0[xX](?P<hex>[0-9a-fA-F]+)|0[oO]?(?P<octal>[0-7]+)|0[bB](?P<binary>[01]+)|(?P<plain>0|[1-9][0-9]*))"
)
_BASES = {"hex": 16, "octal": 8, "binary": 2, "plain": 10}
_BIGGEST = 2**64
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{1,2}-\d{1,2})"
    r"(?:(?P<mark>[Tt ])(?P<time>\d{1,2}:\d{1,2}:\d{1,2})(?P<fraction>\.\d{1,9})?(?P<zone>Z|[-+]\d\d:\d\d)?)?"
)
# From this size on, Go writes a float with an exponent, so it stays a float.
_WHOLE = 1e21


class ConfigFileError(Exception):
    """The file is missing, or is no stack's file. The text is one line that begins with the file's name."""


def read(path: Path, project: str) -> dict[str, Any]:
    """A stack's file: its mapping, with the values under `config` by whole key.

    Keys without a namespace are the project's, and `project:config:key` is `project:key`.

    Args:
        path: the file.
        project: name of the project.

    Raises:
        ConfigFileError: when the engine would not take it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise ConfigFileError(f"{path.name} cannot be read: {reason}.") from None
    return parse(text, path.name, project)


def parse(text: str, name: str, project: str) -> dict[str, Any]:
    """As `read`, of a file's text.

    Raises:
        ConfigFileError: when the engine would not take it.
    """
    data = _document(text, name)
    return {**data, CONFIG: {whole: value for whole, _, value in _named(data.get(CONFIG) or {}, name, project)}}


def _document(text: str, name: str) -> dict[str, Any]:
    """The first document of a file: the engine reads only that one.

    Raises:
        ConfigFileError: when it is no stack's file.
    """
    try:
        data = _Loader(text).get_data()
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark or error.context_mark, error.problem or error.context
        if error.context == "while scanning a simple key":
            # YAML reports this error on the next line.
            mark, problem = error.context_mark, "after a key there should be a colon and a space"
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigFileError(f"{name} is not valid YAML: {where}{problem}.") from None
    except yaml.reader.ReaderError as error:
        raise ConfigFileError(f"{name} is not valid YAML: character {error.position + 1}: {error.reason}.") from None
    if data is None:
        return {}
    if not isinstance(data, dict) or not isinstance(data.get(CONFIG), dict | None):
        raise ConfigFileError(f"{name} is not a stack's config file: it should hold a mapping named config.")
    return data


def spelled(text: str, name: str, project: str) -> dict[str, str]:
    """How a file's text spells its keys under `config`, by whole key.

    Raises:
        ConfigFileError: as `parse` does.
    """
    return {whole: key for whole, key, _ in _named(_document(text, name).get(CONFIG) or {}, name, project)}


def whole_key(key: str, project: str) -> str:
    """The key with its namespace, as the engine reads it.

    Raises:
        ValueError: when it is none.
    """
    parts = key.split(":") if ":" in key else [project, key]
    if len(parts) == 3 and parts[1] == CONFIG:
        del parts[1]
    if len(parts) != 2:
        raise ValueError(key)
    return ":".join(parts)


def _named(config: dict[str, Any], name: str, project: str) -> Iterator[tuple[str, str, Any]]:
    """Whole key, key as it is written, and value."""
    seen: dict[str, str] = {}
    for key, value in config.items():
        try:
            if isinstance(key, _Odd):
                raise ValueError(key)
            whole = whole_key(key, project)
        except ValueError:
            raise ConfigFileError(
                f"{name}: config: given the key {key}; it should be like {project}:stage, or stage for short."
            ) from None
        if whole in seen:
            # The engine takes one of the two, not always the same one.
            raise ConfigFileError(f"{name}: {seen[whole]} and {key} are the same key; keep {whole} alone.")
        seen[whole] = key
        # A key without a value is an empty text, and within a map it is null (pulumi's warning says until when).
        yield whole, key, "" if value is None else value


class _Loader(yaml.SafeLoader):
    """Resolves plain scalars as Go's YAML does, and as it does, refuses a key that is given twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  none of YAML 1.1

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """A plain scalar's tag is left to its own constructor."""
        if kind is yaml.ScalarNode and implicit[0]:
            return "tag:yaml.org,2002:merge" if value == "<<" else "!plain"
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """A mapping whose keys are text, each given once."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is no text", key.start_mark)
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in lines:
                said = f"{key.value} is given twice; the first is in line {lines[key.value]}"
                raise yaml.constructor.ConstructorError(None, None, said, key.start_mark)
            lines[key.value] = key.start_mark.line + 1
        self.flatten_mapping(node)
        return {_key(self.construct_object(key)): self.construct_object(value, deep=deep) for key, value in node.value}


class _Odd(str):
    """A key that is not a text in the file."""

    __slots__ = ()


def _key(key: Any) -> str:
    """A key as the text that Go makes of it."""
    if isinstance(key, str):
        return key
    return _Odd("<nil>" if key is None else str(key).lower() if isinstance(key, bool) else key)


def _plain(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = str(loader.construct_scalar(node))
    if text in _NOTHING:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if text[0] in "0123456789+-" and (moment := _moment(text)):
        return moment
    number = _number(text) if text[0] in "0123456789+-." else None
    if number is not None and (number != number or abs(number) == float("inf")):
        raise yaml.constructor.ConstructorError(None, None, f"{text} is no number that can be stored", node.start_mark)
    return text if number is None else number


def _float(loader: _Loader, node: yaml.ScalarNode) -> Any:
    return _whole(loader.construct_yaml_float(node))


_Loader.add_constructor("!plain", _plain)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)
# As a value it is text.
_Loader.add_constructor("tag:yaml.org,2002:merge", lambda _, node: str(node.value))


def _number(text: str) -> int | float | None:
    """The number that a plain scalar is, or None."""
    if text.lower() in (".nan", ".inf", "+.inf", "-.inf") and text[-3:] in ("nan", "NaN", "NAN", "inf", "Inf", "INF"):
        return float(text.replace(".", ""))
    if text[0] == "." and not _DOTTED.fullmatch(text):
        return None
    bare = text.replace("_", "")
    if match := _INTEGER.fullmatch(bare):
        (base, digits) = next((name, found) for name, found in match.groupdict().items() if name in _BASES and found)
        number = int(digits, _BASES[base]) * (-1 if match["sign"] == "-" else 1)
        if -_BIGGEST // 2 <= number < _BIGGEST:
            return number
    if not _FLOAT.fullmatch(bare):
        return None
    return _whole(float(bare))


def _whole(number: float) -> int | float:
    """A float as the program gets it: the engine writes and reads it once more, so that 1.0 becomes 1."""
    return int(Decimal(repr(number))) if number.is_integer() and abs(number) < _WHOLE else number


def _moment(text: str) -> str | None:
    """A date or a time, as the text that Go makes of it; None where it is neither."""
    match = _MOMENT.fullmatch(text)
    if match is None or (match["time"] and (match["mark"] == " ") == bool(match["zone"])):
        return None
    zone = UTC
    name = "UTC"
    if match["zone"] not in (None, "Z"):
        hours, minutes = (int(part) for part in match["zone"][1:].split(":"))
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if match["zone"][0] == "-" else 1)
        zone, name = (timezone(offset), "") if offset else (UTC, "UTC")
    try:
        day = [int(part) for part in match["day"].split("-")]
        time = [int(part) for part in (match["time"] or "0:0:0").split(":")]
        moment = datetime(*(*day, *time), tzinfo=zone)  # type: ignore[arg-type, misc]
    except ValueError:
        return None
    fraction = (match["fraction"] or "").rstrip("0").rstrip(".")
    offset_ = moment.strftime("%z")
    return f"{moment.year:04}-{moment:%m-%d %H:%M:%S}{fraction} {offset_} {name or offset_}"
