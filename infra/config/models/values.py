"""Types of values that several sections of a stack's file share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from infra.config.strict import repeated
from infra.images import unfit
from infra.regions import REGIONS

# Stands for an encrypted value where there is no engine to decrypt it.
UNREADABLE = "encrypted"

HOST_NAME = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"

HostName = Annotated[str, Field(pattern=HOST_NAME, max_length=200)]

StackName = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$", max_length=34)]

BucketName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]

VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


def _from_a_registry(image: str) -> str:
    reason = unfit(image)
    if reason is not None:
        raise PydanticCustomError("registry", "{reason}", {"reason": reason})
    return image


Image = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9./_:-]{0,200}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$"),
    AfterValidator(_from_a_registry),
]


def known_region(region: str) -> str:
    if region not in REGIONS:
        raise PydanticCustomError("region", "it should be one of {regions}", {"regions": ", ".join(REGIONS)})
    return region


def no_repeats(regions: tuple[str, ...]) -> tuple[str, ...]:
    again = repeated(regions)
    if again:
        raise PydanticCustomError(
            "repeated", "each region should be listed once, and {again} is listed again", {"again": ", ".join(again)}
        )
    return regions


KnownRegion = Annotated[str, AfterValidator(known_region)]
Regions = Annotated[tuple[KnownRegion, ...], AfterValidator(no_repeats)]
