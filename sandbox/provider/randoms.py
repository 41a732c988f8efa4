"""Real random values: the random provider provisions nothing, so this stand-in is as good as the original.

The one exception is `bcryptHash`: it has the form of a bcrypt hash, but cannot be verified against the password.
"""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable
from typing import Any

from catalog.errors import CloudRefusedError
from catalog.values import Properties, plain

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_ADJECTIVES = ("able", "brave", "calm", "eager", "fair", "glad", "keen", "kind", "live", "neat", "proud", "quick")
_NOUNS = ("ant", "bear", "crane", "dove", "eel", "fox", "goat", "hawk", "ibis", "koala", "lynx", "otter")
_ADVERBS = ("barely", "deeply", "evenly", "fairly", "gladly", "highly", "lightly", "mostly", "newly", "vastly")
_RANDOM = secrets.SystemRandom()


def generate(token: str, inputs: Properties) -> tuple[str, Properties]:
    """Id and outputs of a new random resource.

    Raises:
        CloudRefusedError: when what is asked for cannot be had.
    """
    kind = token.rsplit(":", 1)[-1]
    if kind not in _KINDS:
        raise CloudRefusedError(f"the sandbox cannot make {token}: add it to sandbox/provider/randoms.py")
    return _KINDS[kind](plain(inputs))


def _characters(inputs: Properties) -> str:
    special = inputs.get("overrideSpecial") or _SPECIAL
    groups = {
        "upper": string.ascii_uppercase,
        "lower": string.ascii_lowercase,
        "numeric": string.digits,
        "special": special,
    }
    wanted = {name: inputs.get(name, inputs.get("number", True) if name == "numeric" else True) for name in groups}
    pool = "".join(group for name, group in groups.items() if wanted[name])
    minimums = {name: int(inputs.get(f"min{name.capitalize()}", 0)) for name in groups}
    length = int(inputs["length"])
    if not pool:
        raise CloudRefusedError("at least one of upper, lower, numeric and special must be true")
    if sum(minimums.values()) > length:
        raise CloudRefusedError(f"length ({length}) must be >= minUpper + minLower + minNumeric + minSpecial")
    chosen = [secrets.choice(groups[name]) for name, count in minimums.items() for _ in range(count)]
    chosen += [secrets.choice(pool) for _ in range(length - len(chosen))]
    _RANDOM.shuffle(chosen)
    return "".join(chosen)


def _defaults(inputs: Properties) -> Properties:
    flags = dict.fromkeys(("upper", "lower", "numeric", "number", "special"), True)
    minimums = dict.fromkeys(("minUpper", "minLower", "minNumeric", "minSpecial"), 0)
    return {name: value for name, value in (flags | minimums).items() if name not in inputs}


def _password(inputs: Properties) -> tuple[str, Properties]:
    alphabet = string.ascii_letters + string.digits + "./"
    likeness = "$2a$10$" + "".join(secrets.choice(alphabet) for _ in range(53))
    return "none", {"result": _characters(inputs), "bcryptHash": likeness, **_defaults(inputs)}


def _string(inputs: Properties) -> tuple[str, Properties]:
    text = _characters(inputs)
    return text, {"result": text, **_defaults(inputs)}


def _id(inputs: Properties) -> tuple[str, Properties]:
    raw = secrets.token_bytes(int(inputs["byteLength"]))
    prefix = inputs.get("prefix", "")
    url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return url, {
        "b64Std": prefix + base64.b64encode(raw).decode(),
        "b64Url": prefix + url,
        "dec": f"{prefix}{int.from_bytes(raw)}",
        "hex": prefix + raw.hex(),
    }


def _integer(inputs: Properties) -> tuple[str, Properties]:
    low, high = int(inputs["min"]), int(inputs["max"])
    if low > high:
        raise CloudRefusedError(f"minimum ({low}) must be smaller than or equal to maximum ({high})")
    number = _RANDOM.randint(low, high)
    return str(number), {"result": number}


def _pet(inputs: Properties) -> tuple[str, Properties]:
    length, separator = int(inputs.get("length", 2)), inputs.get("separator", "-")
    words = [secrets.choice(_NOUNS)]
    if length > 1:
        words.insert(0, secrets.choice(_ADJECTIVES))
    words = [secrets.choice(_ADVERBS) for _ in range(length - 2)] + words
    name = separator.join([*filter(None, [inputs.get("prefix")]), *words])
    added = {"length": length, "separator": separator}
    return name, {key: value for key, value in added.items() if key not in inputs}


def _uuid(_inputs: Properties) -> tuple[str, Properties]:
    text = str(uuid.uuid4())
    return text, {"result": text}


def _bytes(inputs: Properties) -> tuple[str, Properties]:
    raw = secrets.token_bytes(int(inputs["length"]))
    return "none", {"base64": base64.b64encode(raw).decode(), "hex": raw.hex()}


def _shuffle(inputs: Properties) -> tuple[str, Properties]:
    items: list[Any] = list(inputs["inputs"])
    count = int(inputs.get("resultCount", len(items)))
    result: list[Any] = []
    while items and len(result) < count:
        _RANDOM.shuffle(items)
        result += items
    return "-", {"result": result[:count]}


_KINDS: dict[str, Callable[[Properties], tuple[str, Properties]]] = {
    "RandomPassword": _password,
    "RandomString": _string,
    "RandomId": _id,
    "RandomInteger": _integer,
    "RandomPet": _pet,
    "RandomUuid": _uuid,
    "RandomBytes": _bytes,
    "RandomShuffle": _shuffle,
}
