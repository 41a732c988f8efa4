"""The provenance of a resource: where its values come from, and its options."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from typing import Any

from catalog import config as configuration
from catalog.values import UNKNOWN, Properties, Secret, has_unknown

# An output: URN of the resource, and name of the property or `ID`.
Source = tuple[str, str]
ID = "id"
PROVIDERS = "pulumi:providers:"


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that was made of outputs, or is secret.

    value: plain data.
    sources: the outputs.
    """

    value: Any
    secret: bool
    sources: frozenset[Source]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What the engine would know about a resource that a provider manages, or about a provider.

    asked: its inputs as the provider completes them, `Derived` where they are not plain text of the program.
    sources: all outputs that these are made of.
    added: names of the outputs that are unknown before it exists: its id, a name that the provider chooses, and
        others that it adds.
    provider: URN of its explicit provider, or None.
    depends: URNs of all that each input was made of, by name of the input.
    ignores, replaces_on: paths in its `ignoreChanges` and `replaceOnChanges`.
    deletes_first: its `deleteBeforeReplace`, or None where the program does not say.
    aliases: URNs that it had before.
    """

    asked: Mapping[str, Any]
    sources: frozenset[Source]
    added: frozenset[str]
    provider: str | None
    depends: Mapping[str, frozenset[str]]
    ignores: tuple[str, ...]
    replaces_on: tuple[str, ...]
    deletes_first: bool | None
    aliases: tuple[str, ...]

    def inputs(self, unknown: Callable[[Set[Source]], bool]) -> Properties:
        """The inputs as the provider gets them. `unknown` tells whether values made of these outputs are unknown."""
        return {name: resolved(value, unknown) for name, value in self.asked.items()}


def resolved(value: Any, unknown: Callable[[Set[Source]], bool] = lambda _: False) -> Any:
    """A value as a provider gets it; all of it is known unless `unknown` returns True."""
    if isinstance(value, Derived):
        bare = UNKNOWN if unknown(value.sources) else value.value
        return Secret(bare) if value.secret else bare
    if isinstance(value, dict):
        return {key: resolved(item, unknown) for key, item in value.items()}
    return [resolved(item, unknown) for item in value] if isinstance(value, list) else value


def sources(value: Any) -> frozenset[Source]:
    """The outputs from which a value, or a part of it, is made."""
    if isinstance(value, Derived):
        return value.sources
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return frozenset().union(*map(sources, items))


class Unknowns:
    """The outputs that are not known, by resource."""

    def __init__(self) -> None:
        self._names: dict[str, Set[str]] = {}

    def __call__(self, sources: Set[Source]) -> bool:
        """Whether a value made of these outputs is not known."""
        return any(name in self._names.get(urn, ()) for urn, name in sources)

    def add(self, urn: str, names: Collection[str], inputs: Properties) -> None:
        """Note these outputs of a resource, and those of its inputs that are not known: outputs repeat inputs."""
        found = {*names, *(name for name, value in inputs.items() if has_unknown(value))}
        if found:
            self._names[urn] = found


def config_of(traces: Mapping[str, Trace], provider: str | None) -> Properties:
    """Configuration of a provider by its URN; empty for a default one, which has none of its own."""
    if provider is None or provider not in traces:
        return {}
    name = provider.split("::")[2].rpartition(":")[2]
    return configuration.parsed(name, {key: resolved(value) for key, value in traces[provider].asked.items()})
