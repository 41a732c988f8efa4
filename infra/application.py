"""What the platform has to know of the application that it runs: where it listens, what it stores, what it asks for.

A profile is a whole description. A stack chooses one and replaces parts of it: `infra.config.models.application`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from infra.schedules import ScheduledJob
from infra.thresholds import APP_PORT, RATE_LIMITS

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A bucket of the application.

    public: whether the CDN serves what lies below the bucket's own name: `avatars/...` of the bucket `avatars`.
    images: whether the CDN keeps its public files as it keeps images, and not as other files.
    browsers: whether the application's pages read and write it directly, with presigned requests.
    expires: whether objects that the application has tagged as not used are deleted after a while.
    archives: whether old objects are moved to the archive, from which they can be read at once.
    """

    public: bool = False
    images: bool = False
    browsers: bool = False
    expires: bool = False
    archives: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class VisitorLimit:
    """How much one visitor may ask for.

    prefixes: beginnings of the paths that count, in lower case, as they are compared without regard to case.
    methods: the methods that count; all of them where there are none.
    per_minute: requests a minute.
    """

    prefixes: tuple[str, ...]
    methods: tuple[str, ...] = ()
    per_minute: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """An application, as the platform sees it.

    port: where it listens.
    health_path: what it answers with 200 while it works.
    buckets: its buckets by name.
    queues: its job queues. A message in any of them is for any worker.
    limits: rate limits by name, the most important first: a plan with fewer rules has the first ones alone.
    hashed_paths: beginnings of paths whose names hold a hash of the content, so that all visitors get the same.
    never_cached: parts of paths, in lower case, whose answers are never cached.
    schedules: its own jobs by the clock, which run the version with the most traffic.
    environment: its own environment variables that are no secrets.
    names: further names of variables that the platform sets: own name by the platform's.
    """

    port: int = APP_PORT.value
    health_path: str = "/api/health"
    buckets: Mapping[str, Bucket]
    queues: tuple[str, ...]
    limits: Mapping[str, VisitorLimit]
    hashed_paths: tuple[str, ...] = ()
    never_cached: tuple[str, ...] = ("/api",)
    schedules: tuple[ScheduledJob, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def public(self) -> tuple[str, ...]:
        """Names of the public buckets, those of images first. The first one also answers for paths of no bucket."""
        named = [name for name, bucket in self.buckets.items() if bucket.public]
        return tuple(sorted(named, key=lambda name: not self.buckets[name].images))

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the public buckets of images."""
        return tuple(name for name in self.public if self.buckets[name].images)

    def renamed(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Environment variables, and beside them those that the application knows by another name."""
        return {**values, **{own: values[ours] for ours, own in self.names.items() if ours in values}}


class Profile(StrEnum):
    """A whole description to begin with."""

    RUNBOOKS = "runbooks"
    PLAIN = "plain"


_GENERAL = VisitorLimit(prefixes=("/api/",), per_minute=RATE_LIMITS["general"].value)

PROFILES: Mapping[Profile, Application] = {
    # The application of the runbooks. Stacks that say nothing of theirs have this one.
    Profile.RUNBOOKS: Application(
        buckets={
            "uploads": Bucket(browsers=True, expires=True),
            "analyses": Bucket(archives=True),
            "avatars": Bucket(public=True, browsers=True),
            "generated": Bucket(public=True, images=True, archives=True),
        },
        queues=("image-analysis", "recommendations", "notifications", "clean-up"),
        # Uploads differ most from what the general limit allows, analyses least.
        limits={
            "general": _GENERAL,
            "uploads": VisitorLimit(
                prefixes=("/api/upload",),
                methods=("POST", "PUT", "PATCH"),
                per_minute=RATE_LIMITS["uploads"].value,
            ),
            "analysis": VisitorLimit(prefixes=("/api/analy",), per_minute=RATE_LIMITS["analysis"].value),
        },
        # Horizontal Scaling Guide, CDN Configuration: what the application says may be kept for good. Next.js puts a
        # hash of their content into the names of these (Next.js documentation, Going to production: caching).
        hashed_paths=("/_next/static/",),
    ),
    # No more than what every web application has.
    Profile.PLAIN: Application(
        buckets={"files": Bucket(), "public": Bucket(public=True)},
        queues=("jobs",),
        limits={"general": _GENERAL},
    ),
}
