"""Objects against the API's own schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from catalog import paths, tables
from catalog.constraints import Failure
from catalog.values import Properties, Unknown

if TYPE_CHECKING:
    from jsonschema.protocols import Validator  # type: ignore[import-untyped]


@cache
def validator(version: str, kind: str) -> Validator | None:
    """Validator of a kind, None when the API has no such kind."""
    from importlib.resources import files

    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from referencing import Registry

    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    folder = folder / f"v{tables.common()['kubernetes']['version']}.0-local-strict"
    group, _, name = version.rpartition("/")
    file = "-".join(filter(None, [kind.lower(), group.split(".")[0], name]))
    try:
        schema = json.loads((folder / f"{file}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Draft202012Validator(schema, registry=_definitions() @ Registry())


@cache
def _definitions() -> Any:
    from importlib.resources import files

    from referencing import Resource

    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    path = folder / f"v{tables.common()['kubernetes']['version']}.0-local-strict" / "_definitions.json"
    return Resource.from_contents(json.loads(path.read_text(encoding="utf-8")))


def violations(against: Validator, bare: Properties) -> Iterator[Failure]:
    """What the schema refuses, in the API server's words."""
    for error in against.iter_errors(bare):
        # What is not known yet fits any type.
        if not isinstance(error.instance, Unknown):
            path = tuple(error.absolute_path)
            yield Failure(paths.render(path), _wording(error.validator, error.message, path))


def _wording(rule: Any, message: str, path: paths.Path) -> str:
    where = paths.render(path)
    if rule == "additionalProperties":
        names = re.findall(r"'([^']+)'", message.split("(")[-1])
        fields = ", ".join(f'unknown field "{paths.render((*path, name))}"' for name in names)
        return f"strict decoding error: {fields}"
    if rule == "required":
        name = re.findall(r"'([^']+)'", message)[0]
        return f"{paths.render((*path, name))}: Required value"
    return f"{where}: Invalid value: {message}"
