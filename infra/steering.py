"""Which region serves whom: arithmetic on a map, so that the same regions always give the same order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType

# The parts of the world that Cloudflare steers by ("Region mapping - Load Balancing API"), and a place amid the people
# of each: degrees north and east.
PARTS = MappingProxyType(
    {
        "WNAM": (37, -120),
        "ENAM": (40, -80),
        "WEU": (49, 2),
        "EEU": (50, 25),
        "NSAM": (5, -70),
        "SSAM": (-25, -52),
        "OC": (-33, 149),
        "ME": (27, 48),
        "NAF": (30, 8),
        "SAF": (-15, 28),
        "SAS": (20, 78),
        "SEAS": (5, 106),
        "NEAS": (36, 128),
    }
)
# AWS, "Regions and Availability Zones": the city or state that each region is named after.
PLACES = MappingProxyType(
    {
        "us-east-1": (39, -77),
        "us-east-2": (40, -83),
        "us-west-2": (46, -120),
        "eu-west-1": (53, -6),
        "eu-central-1": (50, 9),
        "ap-southeast-2": (-34, 151),
        "ap-southeast-1": (1, 104),
        "ap-northeast-1": (36, 140),
        "ca-central-1": (46, -73),
        "sa-east-1": (-24, -47),
        "eu-west-2": (51, 0),
        "eu-west-3": (49, 2),
        "eu-north-1": (59, 18),
        "eu-south-1": (45, 9),
        "ap-south-1": (19, 73),
        "ap-northeast-2": (37, 127),
        "ap-northeast-3": (35, 135),
        "af-south-1": (-34, 18),
    }
)
Point = tuple[float, float]


def nearest(part: str, regions: Sequence[str]) -> list[str]:
    """`regions` by their distance from a part of the world: the first serves it, the next ones stand in, in order.

    Raises:
        KeyError: for a part or a region that is not on the map.
    """
    here = PARTS[part]
    return sorted(regions, key=lambda region: (_angle(here, PLACES[region]), region))


def part_of(region: str) -> str:
    """The part of the world that an AWS region lies in, by distance.

    Raises:
        KeyError: for a region that is not on the map.
    """
    return min(PARTS, key=lambda part: (_angle(PARTS[part], PLACES[region]), part))


def _angle(one: Point, other: Point) -> float:
    """The angle between two places as seen from the middle of the earth, in radians."""
    (north, east), (other_north, other_east) = (tuple(map(math.radians, point)) for point in (one, other))
    cosine = math.sin(north) * math.sin(other_north)
    cosine += math.cos(north) * math.cos(other_north) * math.cos(east - other_east)
    return math.acos(max(-1.0, min(1.0, cosine)))
