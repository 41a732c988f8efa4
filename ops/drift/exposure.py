"""Whether a change by hand opens access. Such changes come first."""

from __future__ import annotations

import json
import re
from typing import Any

ANYWHERE = ("0.0.0.0/0", "::/0")
# Values of properties that admit everyone. A block that was removed counts as turned off.
_OPEN: dict[str, tuple[Any, ...]] = {
    "acl": ("public-read", "public-read-write"),
    "blockPublicAcls": (False, None),
    "blockPublicPolicy": (False, None),
    "endpointPublicAccess": (True,),
    "ignorePublicAcls": (False, None),
    "internal": (False,),
    "publiclyAccessible": (True,),
    "restrictPublicBuckets": (False, None),
}
_GUARDS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_EVERYBODY = re.compile(r'"Principal"\s*:\s*("\*"|\{\s*"AWS"\s*:\s*(\[\s*)?"\*")')
# Ranges that admit clients; those of routes and egress rules do not.
_INBOUND = re.compile(r"(^|\.)(ingress|publicAccessCidrs|cidrBlocks|ipv6CidrBlocks|cidrIpv[46])\b")


def opens(type_: str, path: str, recorded: Any, found: Any) -> bool:
    """Whether the change from `recorded` to `found` admits clients that had no access before."""
    last = re.split(r"[.\[]", path)[-1]
    if last in _OPEN:
        return found in _OPEN[last] and recorded not in _OPEN[last]
    before, after = (one if isinstance(one, str) else json.dumps(one) for one in (recorded, found))
    if last == "policy":
        return bool(_EVERYBODY.search(after)) and not _EVERYBODY.search(before)
    if "egress" in f"{type_}.{path}".lower() or not _INBOUND.search(path):
        return False
    return any(one in after and one not in before for one in ANYWHERE)


def opens_gone(type_: str) -> bool:
    """Whether the deletion of a resource of this type opens access."""
    return type_ == _GUARDS
