"""ConfigMaps and Secrets: their keys, their size, and what a type of secret must hold."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from catalog.constraints import Failure
from catalog.kubernetes.reading import hidden, invalid, mapping, required, text
from catalog.values import DIGEST_PREFIX, Properties

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_LARGEST = 1_048_576  # bytes, all values together
_TYPES = {
    "kubernetes.io/basic-auth": ("username", "password"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def config_map(bare: Properties) -> Iterator[Failure]:
    """What is refused in a ConfigMap."""
    plain_, binary = mapping(bare, "data"), mapping(bare, "binaryData")
    yield from _keys("data", plain_)
    yield from _keys("binaryData", binary)
    for key in plain_.keys() & binary.keys():
        yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from _encoded("ConfigMap", "binaryData", binary)
    yield from _size("[]", [*plain_.values(), *binary.values()])


def secret(bare: Properties) -> Iterator[Failure]:
    """What is refused in a Secret."""
    data, plain_ = mapping(bare, "data"), mapping(bare, "stringData")
    yield from _keys("data", data)
    yield from _keys("stringData", plain_)
    yield from _encoded("Secret", "data", data)
    wanted = _TYPES.get(text(bare, "type") or "", ())
    if text(bare, "type") == "kubernetes.io/basic-auth" and (data.keys() | plain_.keys()) & set(wanted):
        wanted = ()  # one of the two is enough
    for key in wanted:
        if not hidden(bare, "data") and not hidden(bare, "stringData") and key not in data and key not in plain_:
            yield required(f"data[{key}]")
    yield from _size("data", [*data.values(), *plain_.values()])


def _keys(where: str, given: Properties) -> Iterator[Failure]:
    for key in given:
        if not _KEY.fullmatch(key):
            why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
            yield invalid(f"{where}[{key}]", key, why)


def _encoded(kind: str, where: str, given: Properties) -> Iterator[Failure]:
    for key, value in given.items():
        if not isinstance(value, str) or value.startswith(DIGEST_PREFIX):
            continue
        try:
            base64.b64decode(re.sub(r"\s", "", value), validate=True)
        except binascii.Error:
            # The value may be a secret: it is not shown.
            reason = f'{kind} in version "v1" cannot be handled as a {kind}: illegal base64 data'
            yield Failure(f"{where}[{key}]", f"{where}[{key}]: {reason}")


def _size(where: str, values: list[Any]) -> Iterator[Failure]:
    if sum(len(value.encode()) for value in values if isinstance(value, str)) > _LARGEST:
        yield Failure(where, f"{where}: Too long: may not be more than {_LARGEST} bytes")
