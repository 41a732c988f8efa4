"""The stack files in the repository, read without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.choices import UNREADABLE
from infra.settings import Settings, SettingsError, parse

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "ascent"


def names() -> list[str]:
    """The stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def settings(
    stack: str, stage: int | None = None, rollout: Mapping[str, Any] | None = None, *, judged: bool = True
) -> Settings:
    """Settings of a stack, at its own stage or at `stage`, with its own rollout or with `rollout`.

    Unless `judged`, also where a budget does not hold.

    Raises:
        SettingsError: when there is no such stack, its file is no config, or its values are not allowed.
    """
    file = f"Pulumi.{stack}.yaml"
    if stack not in names():
        raise SettingsError([f"{file}: there is no such file; the stacks are {', '.join(names())}"])
    try:
        config = yaml.safe_load((ROOT / file).read_text()).get("config") or {}
        values = {
            key.removeprefix(f"{PROJECT}:"): value for key, value in config.items() if key.startswith(f"{PROJECT}:")
        }
    except (yaml.YAMLError, AttributeError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(
            [f"{file}: this is no stack config: {reason}. Expected a map with a `config` key"]
        ) from None
    encrypted = {key for key, value in values.items() if _all_secure(value)}
    plain = {key: _placeholders(value) for key, value in values.items()}
    if stage is not None:
        plain["stage"] = stage
    if rollout is not None:
        plain["rollout"] = rollout
    return parse(plain, file, encrypted, judged=judged)


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
    return value
