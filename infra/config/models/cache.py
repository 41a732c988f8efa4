"""`ascent:cache` and `ascent:externalCache`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from infra.config.models.values import UNREADABLE
from infra.config.strict import Strict


class CacheOverride(Strict):
    """This stack's own cache: its engine and size. Stage 6 and above."""

    engine: Literal["redis", "valkey"] | None = Field(
        default=None,
        description="Engine of ElastiCache: valkey or redis. Without it, the engine that the stack has, or valkey if "
        "it has no cache yet. It can change from redis to valkey and not back; docs/upgrades.md says how.",
    )
    node_type: str | None = Field(
        default=None,
        pattern=r"^cache\.[mr][5-9][a-z]*\.[0-9]*x?large$",
        description="An M5, R5 or newer node type, which a Global Datastore needs: cache.m7g.large.",
    )
    nodes: int | None = Field(default=None, ge=2, le=6, description="Primary and replicas together, 2 to 6.")
    in_cluster: Literal[True] | None = Field(
        default=None, description="true: Redis with sentinels in the cluster instead of ElastiCache. Kubernetes only."
    )

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.in_cluster and (self.node_type or self.nodes or self.engine):
            raise PydanticCustomError(
                "in_cluster", "nodeType, nodes and engine are ElastiCache's; leave them out, or inCluster"
            )
        return self


def _redis_url(url: SecretStr) -> SecretStr:
    value = url.get_secret_value()
    if value != UNREADABLE and not re.fullmatch(r"rediss?://[^\s@]*@?[^\s/@]+(/\d+)?", value):
        raise PydanticCustomError("url", "it should be a URL of the form rediss://:password@host:6379")
    return url


class ExternalCache(Strict):
    """An external Redis, in place of ElastiCache."""

    url: Annotated[SecretStr, AfterValidator(_redis_url)] = Field(description="URL: rediss://:password@host:6379.")
