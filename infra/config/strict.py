"""The base of every group of settings: no key that nobody knows, no value of another type, nothing changed later."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Strict(BaseModel):
    """Keys in camelCase. What is given in error is not repeated in messages: it may be a secret."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=False,
        hide_input_in_errors=True,
    )


def repeated(names: Sequence[str]) -> list[str]:
    """What is there more than once, sorted."""
    return sorted({name for name in names if names.count(name) > 1})
