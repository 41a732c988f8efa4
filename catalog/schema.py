"""Shapes of resource types, read from the SDKs' source and cached per SDK version."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalog import sdk
from catalog.paths import WILDCARD, Segment
from catalog.sdk import Type

# Raised whenever what is cached changes its meaning.
_CACHE_FORMAT = "2"
# Objects that extensions to Kubernetes define: any group and version, any body.
_CUSTOM = re.compile(r"kubernetes:(?P<version>[a-z0-9.-]+\.[a-z0-9.-]+/v[a-z0-9]+):(?P<kind>[A-Z]\w*)")


@dataclass(frozen=True)
class Property:
    """One input property."""

    type: Type
    required: bool


@dataclass(frozen=True)
class Schema:
    """The shape of one resource type."""

    token: str
    inputs: dict[str, Property]
    outputs: dict[str, Type]
    secrets: frozenset[str]
    objects: dict[str, dict[str, Property]]
    open: bool = False  # properties beyond `inputs` are fine

    @property
    def computed(self) -> list[str]:
        """Names of the properties that only the provider sets."""
        return [name for name in self.outputs if name not in self.inputs]

    def at(self, path: tuple[Segment, ...]) -> Type | None:
        """Type of the input at `path`, or None when there is no such input."""
        if not path or path[0] not in self.inputs:
            return None
        kind = self.inputs[str(path[0])].type
        for segment in path[1:]:
            if kind == "any":
                return "any"
            if isinstance(kind, str):
                return None
            if "object" in kind:
                prop = self.objects.get(kind["object"], {}).get(str(segment))
                if prop is None:
                    return None
                kind = prop.type
            elif "list" in kind:
                if not (isinstance(segment, int) or segment == WILDCARD):
                    return None
                kind = kind["list"]
            else:
                kind = kind["map"]
        return kind


def cache_folder(provider: str) -> Path:
    """Where schemas of the installed SDK of `provider` are cached."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "ascent" / "schema" / f"{provider}-{sdk.sdk_version(provider)}-{_CACHE_FORMAT}"


def cached(provider: str, name: str) -> Any | None:
    """What the cache holds under `name`; None when it holds nothing usable."""
    try:
        return json.loads((cache_folder(provider) / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):
        return None


def remember(provider: str, name: str, value: Any) -> None:
    """Put `value` in the cache, whole or not at all; a cache that cannot be written is no error."""
    temporary: str | None = None
    try:
        folder = cache_folder(provider)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as file:
            temporary = file.name
            json.dump(value, file)
        Path(temporary).replace(folder / name)
    except (OSError, RuntimeError):
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


@cache
def _index(provider: str) -> dict[str, dict[str, str]]:
    found = cached(provider, "index.json")
    if isinstance(found, dict) and found:
        return found
    index = sdk.tokens(provider)
    remember(provider, "index.json", index)
    return index


def tokens(provider: str) -> list[str]:
    """Every resource type that the SDK of `provider` has."""
    return sorted(_index(provider))


@cache
def provider_schema(provider: str) -> Schema:
    """Shape of the provider's own configuration."""
    return _load(f"pulumi:providers:{provider}", provider, {"module": "provider", "class": "Provider"})


@cache
def resource_schema(token: str) -> Schema | None:
    """Shape of resource type `token`, or None when its SDK has no such type."""
    provider = token.split(":", 1)[0]
    entry = _index(provider).get(token)
    if entry is None:
        return _custom(token)
    return _load(token, provider, entry)


def _custom(token: str) -> Schema | None:
    if not _CUSTOM.fullmatch(token):
        return None
    # The fields that every Kubernetes object has; the rest is the extension's own business.
    model = resource_schema("kubernetes:core/v1:ConfigMap")
    if model is None:
        return None
    inputs = {name: model.inputs[name] for name in ("apiVersion", "kind", "metadata")}
    return Schema(token, inputs, dict.fromkeys(inputs, "any"), frozenset(), model.objects, open=True)


def _load(token: str, provider: str, entry: dict[str, str]) -> Schema:
    name = f"{re.sub(r'[^A-Za-z0-9]+', '-', token)}-{hashlib.sha256(token.encode()).hexdigest()[:8]}.json"
    raw = cached(provider, name)
    try:
        return _schema(token, raw)
    except (KeyError, TypeError, AttributeError):
        pass  # not cached, or damaged: read it again
    module = "" if entry["module"] == "provider" else entry["module"]
    raw = sdk.SchemaReader(provider).read(module, entry["class"])
    remember(provider, name, raw)
    return _schema(token, raw)


def _schema(token: str, raw: Any) -> Schema:
    return Schema(
        token,
        _properties(raw["inputs"]),
        dict(raw["outputs"]),
        frozenset(raw["secrets"]),
        {key: _properties(value) for key, value in raw["objects"].items()},
    )


def _properties(raw: dict[str, Any]) -> dict[str, Property]:
    return {name: Property(item["type"], bool(item["required"])) for name, item in raw.items()}
