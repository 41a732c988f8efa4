"""Reads a file of metrics, JSON or CSV, and says of each that is not usable where and why."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from infra.config.problems import Problem
from ops.advise.checks import Complaint, checked_series, instant, number, seconds, statistic, unit
from ops.advise.measures import MEASURES, Measure
from ops.advise.series import Sample, Series
from ops.errors import AscentError

KEYS = {
    "name", "unit", "statistic", "period", "series", "from", "to", "values", "value", "expected",
}  # fmt: skip
COLUMNS = ("name", "unit", "period", "time", "value")
FORMS = "series and period; or from, period and values; or from, to, statistic and value; or expected"
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_LONGEST = 120  # characters of what was given
_MANY = 20  # problems that are shown


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is known of a stack.

    series: by measure. expected: values that are planned for, such as the users of a launch, by measure.
    absent: why a measure is not there, where the reason is worth telling.
    """

    series: Mapping[str, Series]
    expected: Mapping[str, float] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


def read(path: Path, now: float) -> Metrics:
    """The metrics of a file.

    Args:
        path: a file whose name ends with .json or .csv.
        now: the time of the judgment, in seconds since 1970.

    Raises:
        AscentError: with one line for each metric that is not usable.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise AscentError(_line(path.name, "", "bytes that are no text", "JSON or CSV in UTF-8")) from None
    except OSError as error:
        raise AscentError(f"{path}: it cannot be read: {error.strerror}") from None
    if path.suffix not in (".json", ".csv"):
        raise AscentError(_line(path.name, "", f"a name that ends with {path.suffix!r}", ".json or .csv"))
    rows = _from_json(path.name, text) if path.suffix == ".json" else _from_csv(path.name, text)
    return _metrics(path.name, rows, now)


def _metrics(file: str, rows: Sequence[tuple[str, Mapping[str, Any]]], now: float) -> Metrics:
    parts: dict[str, list[Sample]] = {}
    expected: dict[str, float] = {}
    where_of: dict[str, str] = {}
    refused: set[str] = set()
    problems: list[str] = []
    for where, row in rows:
        try:
            measure = _measure(row)
            unit(measure, row.get("unit"))
            if "expected" in row:
                expected[measure.name] = _expected(measure, row, expected)
                continue
            samples = _samples(measure, row)
            where_of.setdefault(measure.name, where)
            parts.setdefault(measure.name, []).extend(samples)
        except Complaint as complaint:
            refused.add(str(row.get("name")))
            problems.append(_line(file, f"{where}{complaint.key}", complaint.given, complaint.allowed))
    series: dict[str, Series] = {}
    # The rest of a metric of which a part is refused would only be too short.
    for name, samples in ((name, samples) for name, samples in parts.items() if name not in refused):
        try:
            series[name] = checked_series(MEASURES[name], samples, now)
        except Complaint as complaint:
            problems.append(_line(file, f"{where_of[name]}{complaint.key}", complaint.given, complaint.allowed))
    if not problems and not series and not expected:
        problems.append(_line(file, "metrics", "none", f"at least one of {', '.join(MEASURES)}"))
    if problems:
        more = len(problems) - _MANY
        raise AscentError(*problems[:_MANY], *([f"{file}: {more} more like these"] if more > 0 else []))
    return Metrics(series, expected)


def _line(file: str, key: str, given: str, allowed: str) -> Problem:
    where = f"{file}: {key}" if key else file
    given = given if len(given) <= _LONGEST else f"{given[:_LONGEST]}..."
    return Problem(f"{where}: given {given}; allowed: {allowed}", file=file, key=key, given=given, allowed=allowed)


def _measure(row: Mapping[str, Any]) -> Measure:
    name = row.get("name")
    if isinstance(name, str) and name in MEASURES:
        return MEASURES[name]
    close = get_close_matches(str(name), MEASURES, n=1, cutoff=0.5)
    meant = f"did you mean {close[0]}? " if close else ""
    given = "no name" if name is None else repr(name)
    raise Complaint(".name", given, f"{meant}{', '.join(MEASURES)}")


def _expected(measure: Measure, row: Mapping[str, Any], before: Mapping[str, float]) -> float:
    if not measure.is_load:
        loads = ", ".join(one.name for one in MEASURES.values() if one.is_load)
        raise Complaint(".expected", f"a plan of {measure.name}", f"only load can be planned: {loads}")
    if measure.name in before:
        raise Complaint(".expected", f"a second plan of {measure.name}", "one of each")
    extra = sorted(set(row) - {"name", "unit", "expected"})
    if extra:
        raise Complaint(f".{extra[0]}", f"{extra[0]} beside expected", "expected alone: a plan has not been measured")
    return number(measure, row["expected"], ".expected")


def _samples(measure: Measure, row: Mapping[str, Any]) -> list[Sample]:
    unknown = sorted(set(row) - KEYS)
    if unknown:
        close = get_close_matches(unknown[0], KEYS, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise Complaint(f".{unknown[0]}", repr(unknown[0]), f"{meant}{', '.join(sorted(KEYS))}")
    statistic(measure, row.get("statistic"), needed="value" in row)
    given = set(row) - {"name", "unit", "statistic"}
    if given == {"series", "period"}:
        return list(_pairs(measure, row))
    if given == {"from", "period", "values"}:
        return list(_regular(measure, row))
    if given == {"from", "to", "value"}:
        start, end = instant(row["from"], ".from"), instant(row["to"], ".to")
        if end <= start:
            raise Complaint(".to", f"{row['to']}, which is not after {row['from']}", "a later time")
        return [Sample(start, end - start, number(measure, row["value"], ".value"))]
    raise Complaint("", ", ".join(sorted(given)) or "no values", FORMS)


def _pairs(measure: Measure, row: Mapping[str, Any]) -> Iterator[Sample]:
    length, pairs = seconds(row["period"]), row["series"]
    if not isinstance(pairs, list) or not pairs:
        raise Complaint(".series", "no list of pairs", 'pairs such as ["2026-12-01T10:00:00Z", 41.5]')
    for index, pair in enumerate(pairs):
        key = f".series[{index}]"
        if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004, RUF100  a time and a value
            raise Complaint(key, repr(pair), 'a pair such as ["2026-12-01T10:00:00Z", 41.5]')
        if pair[1] is not None:
            yield Sample(instant(pair[0], key), length, number(measure, pair[1], key))


def _regular(measure: Measure, row: Mapping[str, Any]) -> Iterator[Sample]:
    length, start, values = seconds(row["period"]), instant(row["from"], ".from"), row["values"]
    if not isinstance(values, list) or not values:
        raise Complaint(".values", "no list of numbers", "a number for each period, null where there is none")
    for index, value in enumerate(values):
        if value is not None:
            yield Sample(start + index * length, length, number(measure, value, f".values[{index}]"))


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object, where each key is there once: Python would take the last, and drop the rest."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if any(key == one for one, _ in pairs[:index]))
        raise ValueError(f"the key {twice!r} twice in one object; keep one")
    return found


def _from_json(file: str, text: str) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        document = json.loads(text, object_pairs_hook=_once)
    # A ValueError also of a number with thousands of digits, which Python does not read.
    except (ValueError, RecursionError) as error:
        raise AscentError(_line(file, "", f"no JSON ({error})", 'an object {"metrics": [...]}')) from None
    rows = document.get("metrics") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise AscentError(_line(file, "metrics", "no list of metrics", 'an object {"metrics": [{"name": ...}, ...]}'))
    extra = sorted(set(document) - {"metrics"})
    if extra:
        raise AscentError(_line(file, extra[0], repr(extra[0]), "metrics alone"))
    return [(f"metrics[{index}]", one) for index, one in enumerate(rows)]


def _from_csv(file: str, text: str) -> list[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text))
    try:
        header = tuple(reader.fieldnames or ())
    except csv.Error as error:
        raise AscentError(_line(file, "line 1", f"no CSV ({error})", f"the columns {','.join(COLUMNS)}")) from None
    if set(header) != set(COLUMNS) or len(header) != len(COLUMNS):
        raise AscentError(_line(file, "line 1", ",".join(header) or "nothing", f"the columns {','.join(COLUMNS)}"))
    rows: list[tuple[str, Mapping[str, Any]]] = []
    for row in _rows(file, reader):
        where = f"line {reader.line_num}"
        if None in row or None in row.values():
            raise AscentError(_line(file, where, "another number of fields", f"the columns {','.join(COLUMNS)}"))
        period, value = (_number(row[key]) for key in ("period", "value"))
        rows.append(
            (where, {"name": row["name"], "unit": row["unit"], "period": period, "series": [[row["time"], value]]})
        )
    return rows


def _rows(file: str, reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise AscentError(_line(file, f"line {reader.line_num}", f"no CSV ({error})", "fields of text")) from None


def _number(text: str) -> float | str | None:
    """A field as JSON would have it: a number, nothing, or else the text, which is then refused."""
    return float(text) if _NUMBER.fullmatch(text.strip()) else text or None
