"""Reads objects of which some values may not be known yet: what is not there, or not known, is simply not seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.constraints import Failure
from catalog.values import Properties, Unknown


def at(where: str, name: str | int) -> str:
    """The path of `name` below `where`, as the API server writes it."""
    if isinstance(name, int):
        return f"{where}[{name}]"
    return f"{where}.{name}" if where else name


def mapping(parent: Properties, name: str) -> Properties:
    """The object under `name`; empty where there is none."""
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def texts(parent: Properties, name: str) -> list[str]:
    """The texts of the list under `name`."""
    value = parent.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def each(parent: Properties, where: str, name: str) -> Iterator[tuple[str, Properties]]:
    """Path and content of every object of the list under `name`, `where` being the parent's own path."""
    value = parent.get(name)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield at(at(where, name), index), item


def number(parent: Properties, name: str) -> int | None:
    """The whole number under `name`."""
    value = parent.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(parent: Properties, name: str) -> str | None:
    """The text under `name`."""
    value = parent.get(name)
    return value if isinstance(value, str) else None


def hidden(parent: Properties, name: str) -> bool:
    """Whether what is under `name` is not known yet."""
    return isinstance(parent.get(name), Unknown)


def invalid(where: str, value: Any, why: str) -> Failure:
    """The API server's word on a wrong value."""
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return Failure(where, f"{where}: Invalid value: {shown}: {why}")


def required(where: str, why: str = "") -> Failure:
    """The API server's word on a missing value."""
    return Failure(where, f"{where}: Required value{': ' if why else ''}{why}")


def unsupported(where: str, value: str, allowed: tuple[str, ...]) -> Failure:
    """The API server's word on a value that is none of those it takes."""
    listed = ", ".join(f'"{one}"' for one in allowed)
    return Failure(where, f'{where}: Unsupported value: "{value}": supported values: {listed}')


def duplicate(where: str, value: Any) -> Failure:
    """The API server's word on a value that is there already."""
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return Failure(where, f"{where}: Duplicate value: {shown}")


def forbidden(where: str, why: str) -> Failure:
    """The API server's word on a value that may not be set."""
    return Failure(where, f"{where}: Forbidden: {why}")
