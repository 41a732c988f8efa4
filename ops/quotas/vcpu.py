"""vCPUs of an EC2 instance type, and the quota that it counts against, by its name."""

from __future__ import annotations

import re
from enum import StrEnum


class Family(StrEnum):
    """Instance families that share a quota.

    Source: Amazon EC2, On-Demand Instance quotas, and Spot Instance quotas.
    """

    STANDARD = "Standard"
    GRAPHICS = "G"
    HPC = "HPC"
    X = "X"


# The letters of a type's name before the generation. `im` and `is` are of the I family.
_FAMILIES = {
    **dict.fromkeys(("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"), Family.STANDARD),
    **dict.fromkeys(("g", "vt"), Family.GRAPHICS),
    "hpc": Family.HPC,
    "x": Family.X,
}
# Amazon EC2 Instance Types Guide, default vCPUs: a large has 2, an xlarge 4, and an Nxlarge N times that.
_SIZES = {"large": 2, "xlarge": 4}
_SMALL = ("nano", "micro", "small", "medium")
# The same guide: burstable types have 2 below large, all others have 1. Every Graviton `metal` has 64; larger ones say
# so in their names, which a stack's file does not take.
_BURSTABLE_SMALL, _OTHER_SMALL, _METAL = 2, 1, 64


def family(type_: str) -> Family | None:
    """The families that an instance type shares a quota with; None for one that no stack has (`p`, `trn`, `mac`)."""
    found = re.match(r"[a-z]+", type_)
    return _FAMILIES.get(found[0]) if found else None


class VcpuError(LookupError):
    """The vCPUs of an instance type are not known; the message names the type."""


def vcpus(type_: str) -> int:
    """Default vCPUs of an instance type that a stack's file takes.

    Raises:
        VcpuError: for a name of another form.
    """
    kind, _, size = type_.partition(".")
    if size in _SIZES:
        return _SIZES[size]
    if size in _SMALL:
        return _BURSTABLE_SMALL if kind.startswith("t") else _OTHER_SMALL
    if size == "metal":
        return _METAL
    times = re.fullmatch(r"(\d+)xlarge", size)
    if times is None:
        raise VcpuError(f"the vCPUs of {type_} are not known")
    return int(times[1]) * _SIZES["xlarge"]
