"""Rules for environment variables of the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.config.invalid_value import InvalidValue
from infra.user_data import LARGEST, boot_size

if TYPE_CHECKING:
    from infra.config.settings import Settings

# Variables that the platform sets in the application's environment.
RESERVED = frozenset(
    {
        "AWS_REGION",
        "BUCKETS",
        "BUCKETS_REGION",
        "DATABASE_DIRECT_URL",
        "DATABASE_READER_URL",
        "DATABASE_URL",
        "DB_POOL_MAX",
        "DB_POOL_MIN",
        "PORT",
        "QUEUES_REGION",
        "QUEUE_URLS",
        "READER_BUCKETS",
        "REDIS_READER_URL",
        "REDIS_URL",
        "ROLE",
        "SECRET_VERSION",
        "STORAGE_URL",
        "UPLOAD_MAX_BYTES",
    }
)
# Beginnings of further names that the platform sets.
RESERVED_PREFIXES = ("CACHE_TTL_",)
# Instances pass variables on through the Docker client, and these would change how the client itself runs.
HOST_NAMES, HOST_PREFIXES = frozenset({"PATH"}), ("DOCKER_", "LD_")

_SECRETS, _ENVIRONMENT, _NAMES = "appSecrets", "application.environment", "application.names"


def not_taken(settings: Settings) -> InvalidValue | None:
    """The application's own variables do not have the names of the platform's, and none is given twice."""
    own = settings.application
    given = [
        *((_SECRETS, name, "") for name in settings.app_secrets),
        *((_ENVIRONMENT, name, value) for name, value in own.environment.items()),
        *((_NAMES, name, name) for name in own.names.values()),
    ]
    for key, name, value in sorted(given):
        reason = _taken(name)
        if reason is None and key != _SECRETS and name in settings.app_secrets:
            reason = "is one of ascent:appSecrets"
        if reason is not None:
            what = "secret" if key == _SECRETS else "variable"
            return InvalidValue(
                key=key if key == _NAMES else f"{key}.{name}",
                given=value,
                reason=f"{name} {reason}; give the application's own {what} another name",
            )
    return None


def renamed_from_ours(settings: Settings) -> InvalidValue | None:
    """`application.names` gives further names to variables of the platform only."""
    names = settings.application.names
    for ours in sorted(names):
        if not _reserved(ours):
            return InvalidValue(
                key=f"application.names.{ours}",
                given=names[ours],
                reason=f"the platform sets no {ours}; it should be one of {', '.join(sorted(RESERVED))}",
            )
    return None


def boot_script_fits(settings: Settings) -> InvalidValue | None:
    """The user data of an instance fits its limit, at the longest names that AWS could give to resources."""
    own = settings.application
    if not settings.runtime.on_ec2 or not (own.environment or own.buckets or own.queues or own.names):
        return None
    size = boot_size(settings.described)
    if size <= LARGEST:
        return None
    return InvalidValue(
        key="application",
        reason=f"what an instance is given when it boots could have {size} bytes, and EC2 takes {LARGEST} "
        "(RunInstances: UserData); it should have fewer buckets and queues, or shorter variables: ascent:appSecrets "
        "has room",
    )


def _reserved(name: str) -> bool:
    return name in RESERVED or name.startswith(RESERVED_PREFIXES)


def _taken(name: str) -> str | None:
    """Why a variable of the application's own may not have this name, or None."""
    if _reserved(name):
        return "is set by the platform"
    if name in HOST_NAMES or name.startswith(HOST_PREFIXES):
        return "would change how the instance's own programs run"
    return None
