"""`ascent:application`: a profile of the application, and what replaces parts of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from infra.application import PROFILES, Application, Bucket, Profile, VisitorLimit
from infra.config.models.values import VariableName
from infra.config.strict import Strict, repeated
from infra.schedules import JOBS, OWN, ScheduledJob, refused

# Amazon ECS API Reference, RunTask: 8192 characters of overrides, which also contain the job's name.
_COMMAND = 8000
# A role's policies hold 10,240 characters (IAM and AWS STS quotas), and from stage 7 on name those of three regions.
MOST_KINDS = 12
# Characters of a URL's path that need no encoding (RFC 3986, section 2.3), and so are the same everywhere.
_PATH = r"^/[A-Za-z0-9._~/-]{0,100}$"
Path = Annotated[str, Field(pattern=_PATH)]
Name = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$", max_length=30)]


class BucketConfig(Strict):
    """A bucket of the application. It is always private, encrypted and versioned."""

    public: bool = Field(
        default=False,
        description="Whether the CDN serves the objects below the bucket's own name: covers/... of the bucket covers. "
        "Decide this while the bucket is empty: existing objects keep an encryption that the CDN cannot read.",
    )
    images: bool = Field(
        default=False, description="Whether the CDN caches its public files for a week, as images, instead of a month."
    )
    browser_uploads: bool = Field(
        default=False, description="Whether the application's pages read and write it directly from the browser (CORS)."
    )
    expire_unused: bool = Field(default=False, description="Whether objects tagged used=no are deleted after 90 days.")
    archive: bool = Field(default=False, description="Whether objects go to Glacier Instant Retrieval after a year.")

    @model_validator(mode="after")
    def _shown(self) -> Self:
        if self.images and not self.public:
            raise PydanticCustomError("images", "images is about public files, and the bucket is not public")
        return self


class LimitConfig(Strict):
    """A rate limit for one visitor."""

    name: Name = Field(description="Its name: checkout.")
    paths: tuple[Path, ...] = Field(
        min_length=1,
        max_length=10,
        description="Beginnings of the paths that count: /checkout. Upper and lower case are the same.",
    )
    methods: tuple[Literal["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"], ...] = Field(
        default=(), description="Methods that count. Without any, all do."
    )
    per_minute: int = Field(ge=1, le=100_000, description="Requests a minute of one visitor, 1 to 100000.")


class ScheduleConfig(Strict):
    """A scheduled job of the application."""

    cron: str = Field(description="When, in UTC: minute, hour, day of the month, month, day of the week: 30 2 * * *.")
    command: tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...] = Field(
        min_length=1, max_length=50, description="Arguments of the image's entry point: [bin/report, --daily]."
    )

    @model_validator(mode="after")
    def _on_both(self) -> Self:
        whole = len(json.dumps(self.command))
        if whole > _COMMAND:
            raise PydanticCustomError(
                "command",
                "its command has {whole} characters as JSON; it should have {most} at most (Amazon ECS API Reference, "
                "RunTask: overrides)",
                {"whole": whole, "most": _COMMAND},
            )
        reason = refused(self.cron)
        if reason is not None:
            raise PydanticCustomError("cron", "{reason}", {"reason": reason})
        return self


def _no_repeats(given: tuple[Any, ...]) -> tuple[Any, ...]:
    again = repeated([str(getattr(one, "name", one)) for one in given])
    if again:
        raise PydanticCustomError(
            "repeated", "each should be listed once, and {again} is listed again", {"again": ", ".join(again)}
        )
    return given


class ApplicationConfig(Strict):
    """The application: a profile, and what differs from it. A given key replaces the profile's value as a whole."""

    profile: Profile = Field(
        default=Profile.RUNBOOKS,
        description="Values of the keys that are left out: plain, what every web application has; runbooks, the "
        "buckets, queues, rate limits and cached paths of the runbooks. docs/application.md shows both.",
    )
    port: int | None = Field(
        default=None,
        ge=1024,
        le=65_535,
        description="Port that it listens on, 1024 to 65535, as it is not root. Without it, 3000. Another port "
        "replaces the target groups: choose it before the first update.",
    )
    health_path: Path | None = Field(
        default=None, description="Path that it answers with 200 while it works. Without it, /api/health."
    )
    buckets: dict[Name, BucketConfig] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_KINDS,
        description="Buckets by name, each with public, images, browserUploads, expireUnused and archive.",
    )
    queues: Annotated[tuple[Name, ...], AfterValidator(_no_repeats)] | None = Field(
        default=None, min_length=1, max_length=MOST_KINDS, description="Names of the queues that workers serve."
    )
    rate_limits: Annotated[tuple[LimitConfig, ...], AfterValidator(_no_repeats)] | None = Field(
        default=None,
        min_length=1,
        max_length=5,
        description="Rate limits from stage 5 on, the most important first, as cheaper plans have fewer: name, paths, "
        "methods, perMinute. The first is also that of `ascent:firewall`.",
    )
    hashed_paths: tuple[Path, ...] | None = Field(
        default=None,
        max_length=10,
        description="Beginnings of paths with a hash of the content in their names, which are cached for visitors "
        "with cookies too: /assets/. Never a path that answers one visitor differently from another.",
    )
    never_cached: tuple[Path, ...] | None = Field(
        default=None,
        max_length=10,
        description="Parts of paths that are never cached: /account. Without it, /api.",
    )
    schedules: dict[Name, ScheduleConfig] = Field(
        default_factory=dict,
        max_length=20,
        description="Its own scheduled jobs by name, each with cron and command. They run the image with the most "
        "traffic.",
    )
    environment: dict[VariableName, Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=dict,
        max_length=50,
        description="Environment variables of its own that are not secret. Secrets go to ascent:appSecrets.",
    )
    names: dict[VariableName, VariableName] = Field(
        default_factory=dict,
        max_length=30,
        description="Further names of the platform's variables, by the platform's: {DATABASE_URL: POSTGRES_URL}.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.buckets is not None and not any(one.public for one in self.buckets.values()):
            raise PydanticCustomError(
                "no_public",
                "at least one bucket should be public: the storage host leads to it from stage 5 on",
                {"key": "application.buckets", "given": sorted(self.buckets)},
            )
        ours = sorted({*self.schedules} & {job.name for job in JOBS})
        if ours:
            raise PydanticCustomError(
                "taken",
                "it is a job of ascent:jobs; it should be another name",
                {"key": f"application.schedules.{ours[0]}", "given": ours[0]},
            )
        twice = repeated([*self.environment, *self.names.values()])
        if twice:
            raise PydanticCustomError(
                "twice",
                "{name} should be given once, in environment or in names",
                {"key": "application.names", "given": self.names, "name": twice[0]},
            )
        return self

    def described(self) -> Application:
        """The application, with the profile's values for the keys that are left out."""
        whole = PROFILES[self.profile]
        said: dict[str, Any] = {
            "port": self.port,
            "health_path": self.health_path,
            "buckets": self.buckets and {name: _bucket(self.buckets[name]) for name in sorted(self.buckets)},
            "queues": self.queues,
            "limits": self.rate_limits and {one.name: _limit(one) for one in self.rate_limits},
            "hashed_paths": self.hashed_paths,
            "never_cached": self.never_cached and tuple(path.lower() for path in self.never_cached),
        }
        return replace(
            whole,
            **{key: value for key, value in said.items() if value is not None},
            schedules=tuple(
                ScheduledJob(name, one.cron, one.command, OWN) for name, one in sorted(self.schedules.items())
            ),
            environment=self.environment,
            names=self.names,
        )


def _bucket(one: BucketConfig) -> Bucket:
    return Bucket(
        public=one.public,
        images=one.images,
        browsers=one.browser_uploads,
        expires=one.expire_unused,
        archives=one.archive,
    )


def _limit(one: LimitConfig) -> VisitorLimit:
    paths = tuple(path.lower() for path in one.paths)
    return VisitorLimit(prefixes=paths, methods=tuple(one.methods), per_minute=one.per_minute)
