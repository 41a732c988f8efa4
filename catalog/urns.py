"""What a URN says of its resource: its type, and the types of the components that it is in. Both outlast any name."""

from __future__ import annotations

COMPONENT = "ascent:infra:"


def types_of(urn: str) -> list[str]:
    """Type tokens: those of the components around it, the outermost first, then its own. Empty for what is no URN."""
    return "".join(urn.split("::")[2:3]).split("$")


def type_of(urn: str) -> str:
    """Type token of the resource itself."""
    return types_of(urn)[-1]


def components_of(urn: str) -> frozenset[str]:
    """Names of Ascent's components that it is in, such as `Database`."""
    return frozenset(one.removeprefix(COMPONENT) for one in types_of(urn)[:-1] if one.startswith(COMPONENT))


def provider_of(reference: str) -> str:
    """URN of the provider in a reference as states have it, which ends in the provider's id. Empty for none."""
    return reference if reference.count("::") == 3 else reference.rpartition("::")[0]
