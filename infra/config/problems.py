"""Messages about a stack's file: where the problem is, what was given, what is allowed, what to do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from infra.config.invalid_value import FROM_FILE, InvalidValue

_LONGEST = 80
_HIDDEN = "a secret value"
# Keys with secret values, and the rest of the path to one of the values.
SECRETS = {
    "appSecrets": ".NAME",
    "cluster.kubeconfig": "",
    "externalDatabase": ".NAME",
    "externalCache": ".NAME",
    "registry.credentials": '["HOST"]',
}
# In place of pydantic's messages about Python types and patterns. The field's description follows and says the rest.
_REASONS = {
    "string_pattern_mismatch": "it does not have the right form",
    "string_too_short": "it is too short",
    "string_type": "it should be text",
    "tuple_type": "it should be a list",
    "too_short": "it should not be empty",
    "dict_type": "it should be a map of keys",
    "model_type": "it should be a map of keys",
    "bool_type": "it should be true or false",
    "bool_parsing": "it should be true or false",
    "int_type": "it should be a whole number",
    "int_from_float": "it should be a whole number",
    "float_type": "it should be a number",
}


class Problem(str):
    """One line for people. For machines, `parts` has its data, as far as known: file, key, given, allowed."""

    __slots__ = ("parts",)
    parts: dict[str, Any]

    def __new__(cls, text: str, **parts: Any) -> Self:
        made = super().__new__(cls, text)
        made.parts = parts
        return made


class SettingsError(Exception):
    """A stack's config is not usable. `problems` holds one message each, made for the person who edits the file."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def describe(problem: ErrorDetails, model: type[BaseModel], config: Mapping[str, Any], file: str) -> Problem:
    """The message of a problem that pydantic found, as `Pulumi.prod.yaml: ascent:database.maxAcu: given 300; ...`.

    Args:
        problem: pydantic's own account of it. A validator of ours may say the key and the value in its context.
        model: the model that refused.
        config: the values it was given.
        file: the file to name.
    """
    context = problem.get("ctx", {})
    path = context["key"].split(".") if "key" in context else [part for part in problem["loc"] if part != "[key]"]
    kind = problem["type"]
    if kind in ("missing", "extra_forbidden"):
        missing = kind == "missing"
        allowed = _help(model, path) if missing else _known(model, path)
        key, what = f"ascent:{_dotted(path)}", "missing" if missing else "unknown key"
        return Problem(f"{file}: {key}: {what}. {allowed}".rstrip(), file=file, key=key, allowed=allowed)
    given = context.get("given", FROM_FILE)
    reason = _REASONS.get(kind, problem["msg"]).replace("Input should ", "it should ").removeprefix("Value error, ")
    reason = reason.replace("Dictionary should have at most", "it should have at most").replace(" after validation", "")
    if kind == "string_type" and isinstance(_given(path, config), int | float):
        reason += ", in quotes"
    return _problem(path, given, reason, model, config, file)


def describe_invalid(invalid: InvalidValue, model: type[BaseModel], config: Mapping[str, Any], file: str) -> Problem:
    """The message of a value that a rule of ours refused. The other arguments are those of `describe`."""
    return _problem(invalid.key.split("."), invalid.given, invalid.reason, model, config, file)


def _problem(
    path: list[Any], given: object, reason: str, model: type[BaseModel], config: Mapping[str, Any], file: str
) -> Problem:
    key, allowed = f"ascent:{_dotted(path)}", f"{reason}. {_help(model, path)}".rstrip()
    shown = _without_secrets(path, _given(path, config) if given is FROM_FILE else given)
    what = "missing" if given is None else f"given {_shown(shown)}"
    return Problem(f"{file}: {key}: {what}; {allowed}", file=file, key=key, given=shown, allowed=allowed)


def is_echo(problem: ErrorDetails, config: Mapping[str, Any]) -> bool:
    """Whether a problem only repeats another: a list whose items were refused also counts as too short."""
    return problem["type"] == "too_short" and bool(_given(list(problem["loc"]), config))


def _dotted(path: list[Any]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _given(path: list[Any], config: Any) -> Any:
    for part in path:
        try:
            config = config[part]
        except (KeyError, IndexError, TypeError):
            return None
    return config


def plain_secrets(config: Mapping[str, Any], encrypted: Collection[str]) -> list[str]:
    """The secret keys with a value in plain text. `encrypted` lists the keys whose values are encrypted."""
    return [
        key
        for key in SECRETS
        if _given(list(key.split(".")), config) and key not in encrypted and key.partition(".")[0] not in encrypted
    ]


def _without_secrets(path: list[Any], given: Any) -> Any:
    """The given value, with secret values hidden."""
    where = _dotted(path)
    if any(where == key or where.startswith((f"{key}.", f"{key}[")) for key in SECRETS):
        return _HIDDEN
    for key in SECRETS:
        inside = key.removeprefix(f"{where}.")
        if inside != key and isinstance(given, dict) and inside in given:
            given = {**given, inside: _HIDDEN}
    return given


def _shown(given: Any) -> str:
    if given == _HIDDEN:
        return _HIDDEN
    text = json.dumps(given, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _model_at(model: type[BaseModel], path: list[Any]) -> type[BaseModel] | None:
    """The model that holds the last part of `path`, or None where the path leaves the models."""
    # Where a field is a list of models, its number leads no further than the field did.
    for part in [one for one in path[:-1] if not isinstance(one, int)]:
        field = next((one for one in model.model_fields.values() if one.alias == part), None)
        if field is None:
            return None
        candidates = (field.annotation, *get_args(field.annotation))
        inner = next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), None)
        if inner is None:
            return None
        model = inner
    return model


def _help(model: type[BaseModel], path: list[Any]) -> str:
    names = [part for part in path if isinstance(part, str)]
    # A problem inside a list or map of a field is explained by the field.
    for end in range(len(names), 0, -1):
        holder = _model_at(model, names[:end])
        if holder is None:
            continue
        for field in holder.model_fields.values():
            if field.alias == names[end - 1]:
                return field.description or ""
    return ""


def _known(model: type[BaseModel], path: list[Any]) -> str:
    holder = _model_at(model, path)
    keys = [field.alias or "" for field in holder.model_fields.values()] if holder else []
    last = str(path[-1])
    holding = last.partition(".")[0]
    if len(path) == 1 and holding != last and holding in keys:
        return f"It is a key within {holding}: pulumi config set --path 'ascent:{last}' VALUE. Remove this one."
    close = difflib.get_close_matches(last, keys, n=1)
    meant = f"Did you mean {close[0]}? " if close else ""
    return f"{meant}Known here: {', '.join(keys)}."
