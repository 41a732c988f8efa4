"""`ascent:database`, `ascent:readers`, `ascent:backup`, `ascent:externalDatabase` and `ascent:jobs`."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from infra.capacity.connections import CLASSES, MAX_CONNECTIONS, MOST_CONNECTIONS
from infra.config.models.values import UNREADABLE, Image, KnownRegion
from infra.config.strict import Strict

# A long-term support release: AWS supports it for years, and its minor version changes only when this line does.
DATABASE_VERSION = "16.8"


def _known_class(name: str) -> str:
    if name not in CLASSES:
        raise PydanticCustomError("class", "it should be one of {classes}", {"classes": ", ".join(CLASSES)})
    return name


class DatabaseOverride(Strict):
    """This stack's Aurora capacity, version and users."""

    instance_class: Annotated[str, AfterValidator(_known_class)] | None = Field(
        default=None, description="Class of the instances: db.serverless, or a provisioned class."
    )
    min_acu: float | None = Field(
        default=None, ge=0.5, le=256, multiple_of=0.5, description="Least ACUs, 0.5 to 256 in halves."
    )
    max_acu: float | None = Field(
        default=None, ge=1, le=256, multiple_of=0.5, description="Most ACUs, 1 to 256 in halves."
    )
    max_connections: int | None = Field(
        default=None,
        ge=100,
        le=MOST_CONNECTIONS,
        description=f"Most connections of a serverless instance, {MAX_CONNECTIONS} without it. Running instances need "
        "a restart for another number.",
    )
    roles: bool = Field(
        default=False,
        description="Whether the application logs in as a user that may only read and change rows. Without it, as the "
        "master user.",
    )
    engine_version: str = Field(
        default=DATABASE_VERSION,
        pattern=r"^(1[6-9]|[2-9][0-9])\.[0-9]{1,2}$",
        description='Version of Aurora PostgreSQL, in quotes: "16.8". It only ever rises; docs/upgrades.md says how.',
    )
    final_snapshot: bool = Field(
        default=True,
        description="Whether a last snapshot is taken before the cluster is deleted. The snapshot stays, and costs.",
    )


class ReadersOverride(Strict):
    """This stack's own number of Aurora readers. Stage 4 and above."""

    minimum: int | None = Field(default=None, ge=1, le=15, description="Fewest readers, 1 to 15 (AWS quota).")
    maximum: int | None = Field(default=None, ge=1, le=15, description="Most readers, 1 to 15 (AWS quota).")


class BackupCopiesConfig(Strict):
    """Where the database's snapshots are copied to, once a day."""

    region: KnownRegion | None = Field(
        default=None, description="Another region of the stack, which has a key of the stack."
    )
    vault_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}$",
        description="ARN of a vault of another account of the organization, in the home region.",
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.region is None and self.vault_arn is None:
            raise PydanticCustomError("nowhere", "it should have region, vaultArn, or both")
        return self


def _postgres_url(url: SecretStr) -> SecretStr:
    value = url.get_secret_value()
    # What only the engine can decrypt is judged when it does.
    if value != UNREADABLE and not re.fullmatch(r"postgres(ql)?://[^\s/@]+@[^\s/@]+/[^\s/]+", value):
        raise PydanticCustomError("url", "it should be a URL of the form postgresql://user:password@host/database")
    return url


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]


class ExternalDatabase(Strict):
    """An external PostgreSQL, in place of Aurora."""

    direct_url: PostgresUrl = Field(description="URL of the database itself: postgresql://user:password@host/database.")
    pooled_url: PostgresUrl = Field(description="URL of its pooler, which the application uses from stage 2 on.")


class JobsConfig(Strict):
    """The database jobs of stage 3 and above."""

    image: Image = Field(description="Image with database/ and your tables in it; see docs/database.md.")
