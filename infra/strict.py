"""The base of every group of settings: no key that nobody knows, no value of another type, nothing changed later."""

from __future__ import annotations

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
