"""A pod as pod security admission sees it, and how admission speaks of what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from catalog.kubernetes.reading import each, hidden, mapping, text, texts
from catalog.values import Properties

Broken = tuple[str, str] | None  # reason, and detail
PROFILES = ("RuntimeDefault", "Localhost")


@dataclass(frozen=True)
class Pod:
    """A pod as admission sees it.

    spec: its spec.
    annotations: of its metadata.
    """

    spec: Properties
    annotations: Properties

    @property
    def context(self) -> Properties:
        """Its own security context."""
        return mapping(self.spec, "securityContext")

    @property
    def containers(self) -> list[Properties]:
        """All its containers, in the order of admission."""
        groups = ("initContainers", "containers", "ephemeralContainers")
        return [one for group in groups for _, one in each(self.spec, "spec", group)]

    @property
    def on_windows(self) -> bool:
        """Whether it says that it runs on Windows, which some rules do not apply to."""
        return text(mapping(self.spec, "os"), "name") == "windows"

    @property
    def own_users(self) -> bool:
        """Whether it has a user namespace of its own, in which root is nobody on the host."""
        return self.spec.get("hostUsers") is False

    def named(self, bad: Callable[[Properties], Any]) -> list[str]:
        """Names of the containers that `bad` says something of."""
        return [str(one.get("name")) for one in self.containers if bad(one)]


def quoted(names: Iterable[str]) -> str:
    """Names in quotes."""
    return ", ".join(f'"{name}"' for name in names)


def some(what: str, names: list[str]) -> str:
    """`container "a"`, or `containers "a", "b"`."""
    return f"{what}{'' if len(names) == 1 else 's'} {quoted(names)}"


def use(names: list[str]) -> str:
    """The verb for so many."""
    return "uses" if len(names) == 1 else "use"


def setters(pod: Pod, bad: Callable[[Properties], list[str]]) -> tuple[list[str], list[str]]:
    """Who sets something bad in a security context, as admission says it, and what it is, sorted."""
    of_pod = bad(pod.context)
    contexts = [(str(one.get("name")), bad(mapping(one, "securityContext"))) for one in pod.containers]
    names = [name for name, found in contexts if found]
    who = [*(["pod"] if of_pod else []), *([some("container", names)] if names else [])]
    return who, sorted({*of_pod, *(value for _, found in contexts for value in found)})


def equals(name: str, value: Any) -> Callable[[Properties], list[str]]:
    """A field that has the one value it must not have."""
    return lambda context: [name] if context.get(name) is not None and context.get(name) == value else []


def profile(name: str) -> Callable[[Properties], list[str]]:
    """A profile of a type that is not allowed."""

    def bad(context: Properties) -> list[str]:
        given = mapping(context, name)
        kind = text(given, "type")
        return [] if kind is None or kind in PROFILES else [kind]

    return bad


def unset(pod: Pod, name: str) -> list[str]:
    """Names of the containers for which neither they nor their pod set `name` in a security context."""

    def lacks(context: Properties) -> bool:
        return context.get(name) is None

    if hidden(pod.spec, "securityContext") or not lacks(pod.context):
        return []
    return pod.named(lambda one: not hidden(one, "securityContext") and lacks(mapping(one, "securityContext")))


def volumes(pod: Pod) -> Iterator[tuple[str, str]]:
    """Name and type of each volume whose type is known."""
    for _, volume in each(pod.spec, "spec", "volumes"):
        for kind, value in volume.items():
            if kind != "name" and value is not None:
                yield str(volume.get("name")), kind


def capabilities(allowed: frozenset[str], pod: Pod) -> tuple[list[str], list[str]]:
    """Containers that add capabilities that are not allowed, and those, sorted."""

    def bad(one: Properties) -> set[str]:
        return set(texts(mapping(mapping(one, "securityContext"), "capabilities"), "add")) - allowed

    return pod.named(bad), sorted({name for one in pod.containers for name in bad(one)})
