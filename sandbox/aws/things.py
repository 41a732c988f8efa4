"""What of the world is mirrored, as those who mirror it see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse

ACCOUNT = DEFAULT_ACCOUNT_ID
# Pulumi's names in a listener's and a rule's actions, where the API's are not the same with a capital letter.
_RENAMED = {
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "fixedResponse": "FixedResponseConfig",
    "stickiness": "TargetGroupStickinessConfig",
    "duration": "DurationSeconds",
    "arn": "TargetGroupArn",
}


class FaultError(ServiceException):
    """A fault as a service answers it: its code, and a message.

    A class of its own, as moto looks for the service by the module of the class, and its base is in none.
    """


@dataclass(frozen=True)
class Thing:
    """A resource of the world: its id, its region (the stack's home for what is in none), and all its properties."""

    id: str
    region: str
    name: str
    has: Mapping[str, Any]

    @property
    def arn(self) -> str:
        """Its ARN, or its id where the world has none."""
        return str(self.has.get("arn") or self.id)

    @property
    def tags(self) -> list[dict[str, str]]:
        """Its tags, those of the provider's defaults among them."""
        return [{"Key": key, "Value": str(value)} for key, value in sorted(self._tags.items())]

    @property
    def plain_tags(self) -> dict[str, str]:
        """The same by key."""
        return {one["Key"]: one["Value"] for one in self.tags}

    @property
    def _tags(self) -> Mapping[str, Any]:
        for key in ("tagsAll", "tags"):
            if isinstance(self.has.get(key), Mapping):
                return dict(self.has[key])
        return {}


@dataclass(frozen=True)
class Kind:
    """How resources of a type are mirrored.

    put: make it, or have what is there be like it. What clients did to it is kept, such as an alarm's state.
    remove: take it away; of what is gone already, nothing.
    """

    put: Callable[[Thing], None]
    remove: Callable[[Thing], None]


def popped(table: Callable[[Thing], MutableMapping[str, Any]], key: str = "id") -> Callable[[Thing], None]:
    """A `remove` that takes a thing out of a table of moto's, where it has its id, or its name."""

    def remove(thing: Thing) -> None:
        found = table(thing)
        if getattr(thing, key) in found:
            del found[getattr(thing, key)]

    return remove


def api(value: Any) -> Any:
    """A value of the world with the API's names: those with a capital letter."""
    if isinstance(value, Mapping):
        return {_RENAMED.get(key) or key[:1].upper() + key[1:]: api(one) for key, one in value.items()}
    return [api(one) for one in value] if isinstance(value, list) else value


def asked(response: BaseResponse, key: str, otherwise: Any = None) -> Any:
    """A parameter of a request."""
    found = response._get_params().get(key)
    return otherwise if found is None else found
