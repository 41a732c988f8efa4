"""Rules for the database and the cache: users, backups, sizes and connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.config.invalid_value import InvalidValue
from infra.stages import SizeError

if TYPE_CHECKING:
    from infra.config.settings import Settings


def sizes_fit_stage(settings: Settings) -> InvalidValue | None:
    """A stack overrides only sizes that its stage has, and no lower bound exceeds its upper one."""
    try:
        settings.row.sizes.overridden(settings.overrides())
    except SizeError as error:
        given = getattr(settings, error.name).model_dump(exclude_none=True, by_alias=True)
        return InvalidValue(key=error.name, given=given, reason=error.reason)
    return None


def no_roles_on_external(settings: Settings) -> InvalidValue | None:
    """Ascent makes no users in an external database."""
    if not settings.database.roles or settings.external_database is None:
        return None
    return InvalidValue(
        key="database.roles",
        given=True,
        reason="the users of an external database are its owner's to make, with infra/roles/external.sql. Leave it "
        "out, and give the application's user in externalDatabase",
    )


def roles_by_data_api(settings: Settings) -> InvalidValue | None:
    """The users are made through the RDS Data API, which the instance class has to have."""
    name = settings.database.instance_class or settings.row.sizes.database.instance_class
    if not settings.database.roles or not name.startswith("db.t"):
        return None
    return InvalidValue(
        key="database.roles",
        given=True,
        reason="they are made by way of the RDS Data API, which AWS does not have for T classes, and the class is "
        f"{name}. Take another class, or leave it out",
    )


def no_copies_of_external(settings: Settings) -> InvalidValue | None:
    """Ascent copies no backups of an external database."""
    if settings.backup is None or settings.external_database is None:
        return None
    return InvalidValue(
        key="backup",
        given=settings.backup.model_dump(exclude_none=True, by_alias=True),
        reason="the backups of an external database are its owner's; leave it out",
    )


def copies_in_own_region(settings: Settings) -> InvalidValue | None:
    """Backups are copied to another region of the stack, which has a key of the stack."""
    region = settings.backup.region if settings.backup else None
    if region is None or region in settings.regions[1:]:
        return None
    others = ", ".join(settings.regions[1:]) or "none so far"
    return InvalidValue(
        key="backup.region",
        given=region,
        reason=f"it should be one of ascent:regions but the first: {others}. The stack has a key in each of them",
    )


def copies_vault_at_home(settings: Settings) -> InvalidValue | None:
    """A vault of another account is in the home region."""
    arn = settings.backup.vault_arn if settings.backup else None
    if arn is None or arn.split(":")[3] == settings.home:
        return None
    return InvalidValue(
        key="backup.vaultArn",
        given=arn,
        reason=f"it should be in {settings.home}: of Aurora, AWS Backup copies to another region or to another "
        "account, not to both at once",
    )


def copies_vault_elsewhere(settings: Settings) -> InvalidValue | None:
    """The vault is not one of the stack's own account."""
    arn = settings.backup.vault_arn if settings.backup else None
    if arn is None or arn.split(":")[4] != settings.account.id:
        return None
    return InvalidValue(
        key="backup.vaultArn",
        given=arn,
        reason="it should be a vault of another account than the stack's own; for another region, say backup.region",
    )


def no_size_of_external_database(settings: Settings) -> InvalidValue | None:
    """A stack sets no size of an external database."""
    return None if settings.external_database is None else _no_sizes(settings, "database", ("database", "readers"))


def no_size_of_external_cache(settings: Settings) -> InvalidValue | None:
    """A stack sets no size of an external cache."""
    return None if settings.external_cache is None else _no_sizes(settings, "cache", ("cache",))


def _no_sizes(settings: Settings, what: str, names: Sequence[str]) -> InvalidValue | None:
    overrides = settings.overrides()
    for name in names:
        if overrides[name]:
            return InvalidValue(
                key=name,
                given=overrides[name],
                reason=f"this stack's {what} is an external one, whose size is not ours; remove the override",
            )
    return None


def no_engine_of_external_cache(settings: Settings) -> InvalidValue | None:
    """A stack sets no engine of an external cache."""
    if settings.external_cache is None or settings.cache.engine is None:
        return None
    return InvalidValue(
        key="cache.engine",
        given=settings.cache.engine,
        reason="the engine of an external cache is its owner's; leave it out",
    )


def connections_fit(settings: Settings) -> InvalidValue | None:
    """Everything that may connect to the database at once fits its limit."""
    if settings.connections.holds:
        return None
    return InvalidValue(
        key="database",
        given=settings.sizes.database.max_acu,
        reason=f"more could connect than the database takes: {settings.connections}. Raise database.maxAcu or "
        "database.maxConnections, or lower fleet.maximum, hpa.maximum or workers.maximum",
    )


def replica_connections_fit(settings: Settings) -> InvalidValue | None:
    """Everything that may connect to the replica in another region fits its limit."""
    if len(settings.active_regions) == 1 or settings.replica_connections.holds:
        return None
    return InvalidValue(
        key="database",
        given=settings.sizes.database.max_acu,
        reason=f"more could connect to a region's replica than it takes: {settings.replica_connections}. Raise "
        "database.maxAcu or database.maxConnections, or lower fleet.maximum or hpa.maximum",
    )
