"""docs/application.md: what each profile of an application has."""

from __future__ import annotations

from infra.application import PROFILES, Application, Profile
from ops.documents.model import Document, table

# What a bucket may be, and the key of the stack's file that says so.
_BUCKET_KEYS = {
    "public": "public",
    "images": "images",
    "browsers": "browserUploads",
    "expires": "expireUnused",
    "archives": "archive",
}


def profiles() -> str:
    """The profiles, side by side."""
    plain, runbooks = _described(PROFILES[Profile.PLAIN]), _described(PROFILES[Profile.RUNBOOKS])
    return table(["", "`plain`", "`runbooks`"], [[key, plain[key], runbooks[key]] for key in plain])


def _described(application: Application) -> dict[str, str]:
    buckets = {
        name: ", ".join(key for field, key in _BUCKET_KEYS.items() if getattr(bucket, field))
        for name, bucket in application.buckets.items()
    }
    return {
        "port, health path": f"{application.port}, `{application.health_path}`",
        "buckets": "; ".join(f"`{name}`" + (f" ({what})" if what else "") for name, what in buckets.items()),
        "queues": ", ".join(f"`{name}`" for name in application.queues),
        "rate limits, a minute": "; ".join(
            f"`{name}`: {limit.per_minute} to `{'`, `'.join(limit.prefixes)}`"
            + (f" with {', '.join(limit.methods)}" if limit.methods else "")
            for name, limit in application.limits.items()
        ),
        "hashed paths": ", ".join(f"`{path}`" for path in application.hashed_paths) or "none",
        "never cached": ", ".join(f"`{path}`" for path in application.never_cached),
    }


DOCUMENT = Document(file="docs/application.md", tables={"profiles": profiles})
