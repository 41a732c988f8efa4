"""IPv4 ranges as text: how they are checked."""

from __future__ import annotations

from ipaddress import IPv4Network

from pydantic_core import PydanticCustomError

from infra.addressing import PRIVATE, REGION_PREFIX, SMALLEST_PREFIX, STACK_PREFIX


def without_host_bits(given: object) -> object:
    """The range as text. One that does not begin at its first address is refused, and the message has the right one."""
    if not isinstance(given, str):
        return given
    try:
        return str(IPv4Network(given))
    except ValueError as error:
        try:
            right = IPv4Network(given, strict=False)
        except ValueError:
            raise PydanticCustomError("range", "it should be a range such as 10.128.0.0/11") from error
        raise PydanticCustomError(
            "host_bits",
            "it does not begin at its first address; the range that it is in is {right}",
            {"right": str(right)},
        ) from error


def stack_range(network: IPv4Network) -> IPv4Network:
    if network.prefixlen <= STACK_PREFIX:
        return _private(network)
    if network.prefixlen < REGION_PREFIX:
        raise PydanticCustomError(
            "stack_range",
            f"it should be a /{STACK_PREFIX} or larger, of which each region takes a /{REGION_PREFIX} at its place; "
            "if that is too much, give each region its range under network.cidrs",
        )
    return region_range(network)


def region_range(network: IPv4Network) -> IPv4Network:
    if not REGION_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        raise PydanticCustomError(
            "region_range", f"it should be a /{REGION_PREFIX} to a /{SMALLEST_PREFIX}, which a region's subnets fit in"
        )
    return _private(network)


def _private(network: IPv4Network) -> IPv4Network:
    if not any(network.subnet_of(whole) for whole in PRIVATE):
        raise PydanticCustomError("private", "it should be inside {all}", {"all": " or ".join(map(str, PRIVATE))})
    return network
