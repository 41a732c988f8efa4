"""The stack files in the repository, read without an engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.choices import UNREADABLE
from infra.settings import Settings, SettingsError, decode, misspelled, parse
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


def config(stack: str) -> dict[str, Any]:
    """What a stack's file has under `ascent:`, by key without it, as it is written there.

    Raises:
        SettingsError: when there is no such stack, or its file is no config.
    """
    file = f"Pulumi.{stack}.yaml"
    if stack not in names():
        raise SettingsError([f"{file}: there is no such file; the stacks are {', '.join(names())}"])
    try:
        found = read_file(ROOT / file, PROJECT)["config"]
    except ConfigFileError as error:
        raise SettingsError([str(error)]) from None
    if slips := misspelled(found, PROJECT, file):
        raise SettingsError(slips)
    ours = f"{PROJECT}:"
    return {key.removeprefix(ours): _plain(value) for key, value in found.items() if key.startswith(ours)}


def _from_elsewhere(stack: str) -> Iterator[str]:
    """What a file that takes values from an environment is told where some are missing or wrong."""
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
