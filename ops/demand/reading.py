"""Reads a load as it is typed, `users=5000,egress=300`, or from a YAML file with the same names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from infra.config.problems import Problem
from ops.demand.model import FIELDS, Demand, derived

_OPTION = "--load"
_MOST = 1e9  # Ascent: more than a billion of anything here is a slip of the keys
_AMOUNT = re.compile(r"(?P<number>[-+]?(\d+(_\d+)*(\.\d*)?|\.\d+)([eE][-+]?\d+)?)\s*(?P<unit>\S.*)?")


class DemandError(Exception):
    """A load that makes no sense. `problems` holds one message for each mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def demand_of(text: str) -> Demand:
    """The load that `--load` was given: pairs with `=`, or a file's name.

    Raises:
        DemandError: where it is neither, or a key or a value of it makes no sense.
    """
    if not text.strip():
        raise DemandError([Problem(f"{_OPTION}: nothing is given; it should be as users=5000,egress=300, or a file")])
    where, pairs = (_OPTION, _typed(text)) if "=" in text else (text, _in_file(text))
    problems: list[Problem] = []
    values: dict[str, float] = {}
    for key, given in pairs:
        if key in values:
            problems.append(Problem(f"{where}: {key}: given twice; keep one", key=key))
            continue
        try:
            values[key] = _value(key, given)
        except ValueError as error:
            problems.append(Problem(f"{where}: {key}: {error}", key=key, given=given))
    if not problems and not values:
        problems.append(Problem(f"{where}: nothing is given; {_known()}"))
    if problems:
        raise DemandError(problems)
    found = derived(values)
    if not found.users > 0:
        raise DemandError([Problem(f"{where}: it is no load: {text}; give users or requests above 0")])
    return found


def _typed(text: str) -> Iterator[tuple[str, Any]]:
    for part in text.split(","):
        key, sign, value = part.partition("=")
        if not sign:
            hint = "; write a thousand without a comma" if part.strip().isdigit() else ""
            raise DemandError(
                [Problem(f"{_OPTION}: {part.strip()!r} is no key=value, as in users=5000,egress=300{hint}")]
            )
        yield key.strip(), value.strip()


def _in_file(name: str) -> Iterator[tuple[str, Any]]:
    path = Path(name)
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        asked = "" if path.suffix else "; a load is typed as users=5000,egress=300, or is the name of a YAML file"
        raise DemandError([Problem(f"{name}: cannot be read: {reason}{asked}", file=name)]) from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise DemandError([Problem(f"{name}: line {line}: it is no YAML", file=name)]) from None
    if not isinstance(tree, yaml.MappingNode):
        raise DemandError([Problem(f"{name}: it should be a map, a line for each key; {_known()}", file=name)])
    for key, value in tree.value:
        plain = isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
        yield (key.value, value.value) if plain else (str(getattr(key, "value", key)), "a list or a map")


def _value(key: str, given: str) -> float:
    """Raises ValueError, whose text says what is wrong with it, and what is allowed."""
    if key not in FIELDS:
        close = get_close_matches(key.lower(), FIELDS, n=1)
        raise ValueError(f"unknown key. {f'Did you mean {close[0]}? ' if close else ''}{_known()}")
    field = FIELDS[key]
    found = _AMOUNT.fullmatch(given)
    if found is None:
        raise ValueError(f"given {given!r}; it should be a number, in {field.unit}")
    unit = (found["unit"] or "").strip()
    if unit not in field.units:
        raise ValueError(f"given {given!r}; {unit!r} is no unit of it: {_units(field.unit, field.units)}")
    number = float(found["number"])
    value = number * field.units[unit]
    if number < 0 or (field.positive and number == 0):
        raise ValueError(f"given {given!r}; it should be {'above 0' if field.positive else '0 or more'}")
    if not math.isfinite(value) or value > _MOST:
        raise ValueError(f"given {given!r}; it should be {_MOST:,.0f} at most, in {field.unit}")
    return value


def _units(unit: str, units: Mapping[str, float]) -> str:
    named = " or ".join(one for one in units if one)
    return f"a number in {unit}, {f'or with {named}' if named else 'without a unit'}"


def _known() -> str:
    return f"Known here: {', '.join(f'{name} ({field.unit})' for name, field in FIELDS.items())}."
