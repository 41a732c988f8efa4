"""What AWS publishes about a value, in one form: from a schema of the CloudFormation registry, or of botocore."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

OBJECT, LIST, MAP, TEXT, NUMBER, BOOLEAN, ANY = "object", "list", "map", "text", "number", "boolean", "any"
Facts = dict[str, Any]


class Shape(Protocol):
    """One value: an object with members, a list or a map of elements, or a scalar."""

    @property
    def kind(self) -> str: ...
    @property
    def facts(self) -> Facts:
        """What holds of the value alone: `one_of`, `pattern`, `range`, `length`, `required`; bounds may be None."""

    def members(self) -> Mapping[str, Shape]: ...
    def folded(self) -> Mapping[str, tuple[str, Shape]]:
        """Members by their names in small letters."""

    def element(self) -> Shape | None: ...


def member(shape: Shape, name: str) -> tuple[str, Shape] | None:
    """The member called `name`, in whatever case, and as AWS writes it."""
    members = shape.members()
    return (name, members[name]) if name in members else shape.folded().get(name.casefold())


def _folded(members: Mapping[str, Shape]) -> dict[str, tuple[str, Shape]]:
    return {name.casefold(): (name, one) for name, one in members.items()}


# --- the CloudFormation registry, as cfn-lint ships it


@cache
def _hashes(region: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((files("cfnlint.data.schemas.providers") / f"{region}.json").read_text())
    return found


def offered(type_: str, region: str) -> bool:
    """Whether the registry of a region has a type."""
    return type_ in _hashes(region)


@cache
def registry_schema(type_: str, region: str = "us-east-1") -> dict[str, Any]:
    """A type's schema.

    Raises:
        KeyError: when the registry of the region has no such type.
    """
    file = files("cfnlint.data.schemas.resources") / f"{_hashes(region)[type_]}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def registry_date() -> str:
    """Day of the schemas that cfn-lint ships."""
    return str(json.loads((files("cfnlint.data.schemas") / "version.json").read_text())["schema_date"])[:10]


@dataclass(frozen=True)
class RegistryShape:
    """A part of a schema of the registry."""

    schema: dict[str, Any]
    root: dict[str, Any]

    @classmethod
    def of(cls, type_: str) -> RegistryShape:
        return cls(registry_schema(type_), registry_schema(type_))

    def _parts(self) -> Iterator[dict[str, Any]]:
        """The schema with all that it refers to, and its alternatives."""
        waiting, seen = [self.schema], set()
        while waiting:
            one = waiting.pop(0)
            if id(one) in seen:
                continue
            seen.add(id(one))
            yield one
            if "$ref" in one:
                waiting.append(_at(self.root, one["$ref"]))
            for name in ("allOf", "anyOf", "oneOf"):
                waiting += [other for other in one.get(name, ()) if isinstance(other, dict)]

    @property
    def kind(self) -> str:
        parts = list(self._parts())
        types = {name for part in parts for name in _list(part.get("type", []))}
        if "array" in types:
            return LIST
        if any("properties" in part for part in parts) and types <= {"object"}:
            return OBJECT
        if "object" in types:
            return MAP
        for kind, names in ((NUMBER, {"integer", "number"}), (BOOLEAN, {"boolean"}), (TEXT, {"string"})):
            if types & names:
                return kind
        return ANY

    def members(self) -> Mapping[str, Shape]:
        return _members(id(self.schema), self)[0]

    def folded(self) -> Mapping[str, tuple[str, Shape]]:
        return _members(id(self.schema), self)[1]

    def element(self) -> Shape | None:
        for part in self._parts():
            inner = part.get("items", part.get("additionalProperties"))
            if isinstance(inner, dict):
                return RegistryShape(inner, self.root)
            for other in part.get("patternProperties", {}).values():
                return RegistryShape(other, self.root)
        return None

    @property
    def facts(self) -> Facts:
        # Alternatives hold one without the other; what is certain is in the schema itself.
        schema = self.schema
        while "$ref" in schema:
            schema = {**_at(self.root, schema["$ref"]), **{key: one for key, one in schema.items() if key != "$ref"}}
        found: Facts = {}
        if "enum" in schema:
            found["one_of"] = list(schema["enum"])
        if "pattern" in schema:
            found["pattern"] = schema["pattern"]
        if not {"minimum", "maximum"}.isdisjoint(schema):
            found["range"] = [schema.get("minimum"), schema.get("maximum")]
        low, high = ("minItems", "maxItems") if self.kind == LIST else ("minLength", "maxLength")
        if not {low, high}.isdisjoint(schema):
            found["length"] = [schema.get(low), schema.get(high)]
        if schema.get("required"):
            found["required"] = list(schema["required"])
        return found


Members = tuple[Mapping[str, Shape], Mapping[str, tuple[str, Shape]]]
# By identity: a schema is a part of one that stays loaded.
_MEMBERS: dict[int, Members] = {}


def _members(key: int, shape: RegistryShape) -> Members:
    if key not in _MEMBERS:
        found: dict[str, Shape] = {}
        if shape.kind == OBJECT:
            for part in shape._parts():
                for name, one in part.get("properties", {}).items():
                    found.setdefault(name, RegistryShape(one, shape.root))
        _MEMBERS[key] = found, _folded(found)
    return _MEMBERS[key]


def _at(root: dict[str, Any], reference: str) -> dict[str, Any]:
    found = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def _list(one: Any) -> list[Any]:
    return one if isinstance(one, list) else [one]


# --- botocore


@cache
def _service(name: str) -> Any:
    from botocore.session import get_session  # type: ignore[import-untyped]

    return get_session().get_service_model(name)


@dataclass(frozen=True)
class CallShape:
    """A part of a call's input in botocore's service models."""

    shape: Any

    @classmethod
    def of(cls, call: str) -> CallShape:
        """Input of a call, `rds:CreateDBCluster`."""
        service, operation = call.split(":")
        return cls(_service(service).operation_model(operation).input_shape)

    @property
    def kind(self) -> str:
        name = self.shape.type_name
        return {
            "structure": OBJECT, "list": LIST, "map": MAP, "string": TEXT, "boolean": BOOLEAN, "integer": NUMBER,
            "long": NUMBER, "float": NUMBER, "double": NUMBER,
        }.get(name, ANY)  # fmt: skip

    def members(self) -> Mapping[str, Shape]:
        return _members_of_call(self)[0]

    def folded(self) -> Mapping[str, tuple[str, Shape]]:
        return _members_of_call(self)[1]

    def element(self) -> Shape | None:
        inner = {LIST: "member", MAP: "value"}.get(self.kind)
        return CallShape(getattr(self.shape, inner)) if inner else None

    @property
    def facts(self) -> Facts:
        data = self.shape.metadata
        found: Facts = {}
        if getattr(self.shape, "enum", None):
            found["one_of"] = list(self.shape.enum)
        if data.get("pattern"):
            found["pattern"] = data["pattern"]
        if not {"min", "max"}.isdisjoint(data):
            found["range" if self.kind == NUMBER else "length"] = [data.get("min"), data.get("max")]
        if data.get("required"):
            found["required"] = list(data["required"])
        return found


@cache
def _members_of_call(shape: CallShape) -> Members:
    members: dict[str, Shape] = {}
    if shape.kind == OBJECT:
        members = {name: CallShape(one) for name, one in shape.shape.members.items()}
    return members, _folded(members)


def shape_of(view: str) -> Shape:
    """The root shape of `AWS::RDS::DBCluster` or of `rds:CreateDBCluster`."""
    return RegistryShape.of(view) if view.startswith("AWS::") else CallShape.of(view)
