"""`ascent:tags`: tags of the user's own, within the limits of AWS and apart from Ascent's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

# AWS General Reference, Tag naming limits and requirements; some services take fewer characters than others.
_TAG = r"[A-Za-z0-9 +=._:/@-]"

_OURS = ("aws:", "ascent:", "eks:", "kubernetes.io/")


def _tag_key(key: str) -> str:
    if key.lower().startswith(_OURS) or key == "Name":
        raise PydanticCustomError(
            "tag", "the platform and AWS set this one; it should be another than Name, aws:..., ascent:..., eks:..."
        )
    return key


def no_twins(tags: dict[str, str]) -> dict[str, str]:
    """Refuse keys that differ in upper and lower case only: IAM treats them as the same key."""
    lower = [key.lower() for key in tags]
    twins = sorted(key for key in tags if lower.count(key.lower()) > 1)
    if twins:
        raise PydanticCustomError(
            "twins", "{keys} differ in capitals alone, which IAM does not tell apart", {"keys": ", ".join(twins)}
        )
    return tags


TagKey = Annotated[str, Field(pattern=f"^{_TAG}{{1,128}}$"), AfterValidator(_tag_key)]

TagValue = Annotated[str, Field(pattern=f"^{_TAG}{{0,256}}$")]
