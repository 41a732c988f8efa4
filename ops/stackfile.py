"""The stack files in the repository, read without an engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from infra.config.loading import decode, misspelled, parse
from infra.config.models.values import UNREADABLE
from infra.config.problems import Problem, SettingsError
from infra.config.settings import Settings
from ops.config_file import ConfigFileError
from ops.config_file import read as read_file
from scripts import arguments, places

ROOT = places.ROOT
PROJECT = "ascent"


def names() -> list[str]:
    """The stacks that have a file."""
    return arguments.stacks(ROOT)


def settings(
    stack: str,
    stage: int | None = None,
    rollout: Mapping[str, Any] | None = None,
    sizes: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    judged: bool = True,
) -> Settings:
    """Settings of a stack, at its own stage or at `stage`, with its own rollout or with `rollout`.

    `sizes` are on top of the stack's own. Unless `judged`, also where a budget does not hold.

    Raises:
        SettingsError: when there is no such stack, its file is no config, or its values are not allowed.
    """
    values = config(stack)
    if stage is not None:
        values["stage"] = stage
    if rollout is not None:
        values["rollout"] = rollout
    values |= {key: {**(values.get(key) or {}), **own} for key, own in (sizes or {}).items()}
    try:
        return read(values, f"Pulumi.{stack}.yaml", judged=judged)
    except SettingsError as error:
        raise SettingsError([*error.problems, *_from_elsewhere(stack)]) from None


def there(stack: str) -> str:
    """Name of a stack's file.

    Raises:
        SettingsError: when there is none.
    """
    file = f"Pulumi.{stack}.yaml"
    if stack not in names():
        known = ", ".join(names()) or "none yet"
        raise SettingsError(
            [Problem(f"{file}: there is no such file; the stacks are {known}", file=file, given=stack, allowed=known)]
        )
    return file


def config(stack: str) -> dict[str, Any]:
    """What a stack's file has under `ascent:`, by key without it, as it is written there.

    Raises:
        SettingsError: when there is no such stack, or its file is no config.
    """
    file = there(stack)
    try:
        everything = read_file(ROOT / file, PROJECT)
    except ConfigFileError as error:
        raise SettingsError([Problem(str(error), file=file)]) from None
    found = everything["config"]
    if not found:
        raise SettingsError([_without_config(everything, file)])
    if slips := misspelled(found, PROJECT, file):
        raise SettingsError(slips)
    ours = f"{PROJECT}:"
    return {key.removeprefix(ours): _plain(value) for key, value in found.items() if key.startswith(ours)}


def _without_config(everything: Mapping[str, Any], file: str) -> Problem:
    """The message about a file without a value under `config`: a typo in that word, or keys beside it."""
    meant = get_close_matches("config", [key for key in everything if key != "config"], n=1)
    beside = sorted(key for key in everything if ":" in key)
    advice = "It should hold the stack's keys"
    if meant:
        advice = f"Did you mean that by {meant[0]}?"
    elif beside:
        advice = f"Put {', '.join(beside)} under it"
    told = f"{advice}; README, A stack's config, has all of them"
    return Problem(f"{file}: config: missing or empty. {told}", file=file, key="config", allowed=told)


def _from_elsewhere(stack: str) -> Iterator[str]:
    """The message about a file that takes values from an environment, if some values are missing or wrong."""
    name = f"Pulumi.{stack}.yaml"
    if read_file(ROOT / name, PROJECT).get("environment"):
        yield (
            f"{name}: environment: values from there are not read by ascent, which works offline; "
            f"keys that begin with {PROJECT}: belong into the file"
        )


def _plain(value: Any) -> Any:
    """A value as the program gets it: the CLI puts quotes around numbers and booleans when it writes the file."""
    return decode(value) if isinstance(value, str) else value


def read(values: Mapping[str, Any], file: str, *, judged: bool = True) -> Settings:
    """Settings from values as a stack's file has them, by key without the project: a secret is a map with `secure`.

    Raises:
        SettingsError: when they are not allowed.
    """
    encrypted = {key for key, value in values.items() if _all_secure(value)}
    encrypted |= {
        f"{key}.{inner}"
        for key, value in values.items()
        if isinstance(value, dict)
        for inner, one in value.items()
        if _all_secure(one)
    }
    return parse({key: _placeholders(value) for key, value in values.items()}, file, encrypted, judged=judged)


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _all_secure(value: Any) -> bool:
    if _is_secure(value):
        return True
    return isinstance(value, dict) and bool(value) and all(_all_secure(one) for one in value.values())


def _placeholders(value: Any) -> Any:
    if _is_secure(value):
        return UNREADABLE
    if isinstance(value, dict):
        return {key: _placeholders(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_placeholders(one) for one in value]
    return value
