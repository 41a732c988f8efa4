"""The only way to a stack's settings. Nothing else reads `pulumi.Config`, and an unknown key is refused.

People write camelCase keys under `ascent:` in `Pulumi.<stack>.yaml`. `parse` turns them into `Settings`, or into one
message for each problem. The program and the commands both use it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from infra import naming
from infra.config.as_pulumi_saves import as_meant
from infra.config.problems import SECRETS, Problem, SettingsError, describe, describe_invalid, is_echo, plain_secrets
from infra.config.settings import Settings
from infra.config.validation.names import too_long
from infra.config.validation.table import first_invalid_value

# How alike a namespace is to the project's, from 0 to 1, before it counts as misspelled.
_ALIKE = 0.8


def parse(config: Mapping[str, Any], file: str, encrypted: Collection[str], *, judged: bool = True) -> Settings:
    """Settings from the values under `ascent:`.

    Args:
        config: values by key without the project, as JSON-like data.
        file: the file they come from, as the messages name it.
        encrypted: the keys whose values are encrypted in that file.
        judged: whether a budget that does not hold is refused. Commands that explain the budgets accept it.

    Raises:
        SettingsError: with one message for each problem.
    """
    # Values that come from elsewhere have no stack's name.
    named = re.fullmatch(r"Pulumi\.(.*)\.yaml", file)
    stack = named[1] if named else None
    if stack is not None:
        _check_stack(config, file, stack)
    plain = plain_secrets(config, encrypted)
    if plain:
        raise SettingsError(
            [
                Problem(
                    f"{file}: ascent:{key}: its values are in plain text; all of them should be encrypted. Remove them "
                    f"and set each with: pulumi config set --secret --path 'ascent:{key}{SECRETS[key]}'",
                    file=file,
                    key=f"ascent:{key}",
                )
                for key in plain
            ]
        )
    settings, meant = _sections(config, file)
    invalid = first_invalid_value(settings, judged=judged)
    if invalid is not None:
        raise SettingsError([describe_invalid(invalid, Settings, meant, file)])
    if stack is not None:
        _check_names(settings, file, stack)
    return settings


def _sections(config: Mapping[str, Any], file: str) -> tuple[Settings, Mapping[str, Any]]:
    """The settings, each section valid by itself, and the values that they were made of.

    Raises:
        SettingsError: with one message for each problem.
    """
    try:
        return _validated(config), config
    except ValidationError as error:
        found = error
    meant = as_meant(config, found.errors())
    if meant != config:
        try:
            return _validated(meant), meant
        except ValidationError as error:
            found = error
    problems = [problem for problem in found.errors() if not is_echo(problem, meant)]
    raise SettingsError([describe(problem, Settings, meant, file) for problem in problems]) from None


def _validated(config: Mapping[str, Any]) -> Settings:
    # By way of JSON, because strict mode takes a list for a tuple and a string for an enum only there.
    return Settings.model_validate_json(json.dumps(dict(config)), by_alias=True)


def _check_stack(config: Mapping[str, Any], file: str, stack: str) -> None:
    """Refuse a stack's name that AWS cannot carry, or that is also the name of another stack of the zone.

    Raises:
        SettingsError: where it is refused.
    """
    edge = config.get("edge")
    if isinstance(edge, Mapping) and stack in (edge.get("owner"), *(edge.get("sites") or ())):
        raise SettingsError(
            [
                f"{file}: ascent:edge: given {stack} as owner or in sites, which is this stack; it should be "
                "another stack of the zone. Leave it out: a stack without an owner writes the rules for itself"
            ]
        )
    unfit = naming.refused(stack)
    if unfit:
        raise SettingsError(
            [f"{file}: the stack's name: {unfit}. A stack cannot be renamed later: choose another name"]
        )


def _check_names(settings: Settings, file: str, stack: str) -> None:
    """Refuse names of the application that AWS would refuse with the stack's and the region's before them.

    Raises:
        SettingsError: where one is refused.
    """
    base = max((naming.regional(stack, region) for region in settings.regions), key=len)
    problems = too_long(settings.application, base)
    if problems:
        raise SettingsError(
            [
                Problem(
                    f'{file}: ascent:application.{key}: given "{key.partition(".")[2]}"; {reason}',
                    file=file,
                    key=f"ascent:application.{key}",
                )
                for key, reason in problems.items()
            ]
        )


def load() -> Settings:
    """Settings of the running stack.

    Raises:
        SettingsError: with one message for each problem.
    """
    import pulumi
    from pulumi.runtime import config as runtime_config

    prefix = f"{pulumi.get_project()}:"
    # pulumi.Config reads one known key at a time; a typo can only be seen by looking at all of them.
    everything = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    if slips := misspelled(everything, pulumi.get_project(), file):
        raise SettingsError(slips)
    values = {key.removeprefix(prefix): decode(value) for key, value in everything.items() if key.startswith(prefix)}
    encrypted = {key for key in values if pulumi.runtime.is_config_secret(f"{prefix}{key}")}
    return parse(values, file, encrypted)


def misspelled(keys: Iterable[str], project: str, file: str) -> list[Problem]:
    """Problems of keys whose namespace is nearly the project's, and which nothing would ever read.

    Args:
        keys: whole keys.
        project: the project's name.
        file: the file to name.
    """
    return [
        Problem(
            f"{file}: {key}: nothing reads this namespace; did you mean {project}:{key.partition(':')[2]}?",
            file=file,
            key=key,
        )
        for key in sorted(keys)
        if (space := key.partition(":")[0]) != project and get_close_matches(space.lower(), [project], cutoff=_ALIKE)
    ]


def decode(value: str) -> Any:
    """The value that the engine handed over as a string: JSON where it is that, else the string itself."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
