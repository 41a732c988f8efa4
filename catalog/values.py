"""Property values as they travel between engine and provider: plain data, secrets and values not known yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct, Value

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a marker of the protocol)
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# One sentinel per kind of value: the protocol has no other way to say "not known yet".
_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SENTINELS: Final = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
DIGEST_PREFIX: Final = "sha256:"


class Unknown:
    """A value the engine will know only after something else has been created."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that must never be shown or stored in the clear."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


Properties = dict[str, Any]


def decode(message: Struct) -> Properties:
    """The properties in a protobuf struct."""
    return {key: decode_value(value) for key, value in message.fields.items()}


def decode_value(value: Value) -> Any:
    """One property's value."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object({key: decode_value(item) for key, item in value.struct_value.fields.items()})
    if kind == "list_value":
        return [decode_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in SENTINELS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _decode_object(fields: Properties) -> Any:
    signature = fields.get(SIGNATURE)
    if signature == _SECRET:
        return Secret(fields.get("value"))
    if signature == _RESOURCE:
        return fields.get("id") or fields.get("urn")
    if signature == _OUTPUT:
        value = fields.get("value", UNKNOWN)
        return Secret(value) if fields.get("secret") else value
    return fields


def encode(properties: Mapping[str, Any]) -> Struct:
    """A protobuf struct holding `properties`; keys whose value is None are left out."""
    from google.protobuf.struct_pb2 import Struct

    message = Struct()
    for key, item in properties.items():
        if item is not None:
            _encode(item, message.fields[key])
    return message


def _encode(value: Any, into: Value) -> None:
    if value is None:
        into.null_value = 0  # type: ignore[assignment] # NullValue.NULL_VALUE
    elif isinstance(value, Unknown):
        into.string_value = _UNKNOWN_STRING
    elif isinstance(value, Secret):
        _encode({SIGNATURE: _SECRET, "value": value.value}, into)
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, int | float):
        into.number_value = value
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, Mapping):
        into.struct_value.SetInParent()
        for key, item in value.items():
            _encode(item, into.struct_value.fields[key])
    else:
        into.list_value.SetInParent()
        for item in value:
            _encode(item, into.list_value.values.add())


def plain(value: Any) -> Any:
    """`value` with every secret unwrapped."""
    return _replace(value, lambda secret: plain(secret.value))


def masked(value: Any) -> Any:
    """`value` with every secret replaced by its digest: fit for a file that people read."""
    return _replace(value, lambda secret: digest(secret.value))


def _replace(value: Any, secret: Callable[[Secret], Any]) -> Any:
    if isinstance(value, Secret):
        return secret(value)
    if isinstance(value, dict):
        return {key: _replace(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, secret) for item in value]
    return value


def digest(value: Any) -> str:
    """What the world file keeps of a secret."""
    text = json.dumps(plain(value), sort_keys=True, default=repr)
    return DIGEST_PREFIX + hashlib.sha256(text.encode()).hexdigest()


def restored(stored: Any, state: Any) -> Any:
    """`stored`, read from the world, with digests replaced by the secrets of `state` that hash alike."""
    if isinstance(state, Secret):
        matches = stored == digest(state.value) or stored == plain(state.value)
        return state if matches else Secret(stored)
    if isinstance(stored, dict) and isinstance(state, dict):
        return {key: restored(item, state.get(key)) for key, item in stored.items()}
    if isinstance(stored, list) and isinstance(state, list) and len(stored) == len(state):
        return [restored(item, old) for item, old in zip(stored, state, strict=True)]
    if isinstance(stored, str) and isinstance(state, str) and stored == digest(state):
        # The engine hands over the state of some requests unwrapped: the file remembers that it was a secret.
        return Secret(state)
    return stored


def has_unknown(value: Any) -> bool:
    """Whether anything within `value` is not known yet."""
    return _any(value, Unknown)


def has_secret(value: Any) -> bool:
    """Whether anything within `value` is secret."""
    return _any(value, Secret)


def _any(value: Any, kind: type[Unknown] | type[Secret]) -> bool:
    if isinstance(value, kind):
        return True
    if isinstance(value, Secret):
        return _any(value.value, kind)
    if isinstance(value, dict):
        return any(_any(item, kind) for item in value.values())
    return isinstance(value, list) and any(_any(item, kind) for item in value)
