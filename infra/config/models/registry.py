"""`ascent:registry`: where the container images are, and logins for them."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from infra.config.models.values import UNREADABLE
from infra.config.strict import Strict


def _log_in(given: SecretStr) -> SecretStr:
    value = given.get_secret_value()
    if value != UNREADABLE and not re.fullmatch(r"[^:\s]+:\S+", value):
        raise PydanticCustomError("log_in", "it should be a user name, a colon, and a password or token")
    return given


LogIn = Annotated[SecretStr, AfterValidator(_log_in)]

Host = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(:[0-9]{2,5})?$")]

# Amazon ECR API Reference, CreateRepository: repositoryName.
RepositoryName = Annotated[
    str, Field(min_length=2, max_length=256, pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$")
]


class Registry(Strict):
    """Where the container images are."""

    repositories: tuple[RepositoryName, ...] = Field(
        default=(),
        max_length=20,
        description="ECR repositories that the stack creates in its first region, scanned, and copied to all others in "
        "use. Only one stack of an account has them; see docs/images.md.",
    )
    replicated: bool = Field(
        default=False,
        description="Whether you keep every ECR image in each region in use, under the same name and tag. Each "
        "region then pulls from its own registry.",
    )
    credentials: dict[Host, LogIn] = Field(
        default_factory=dict,
        max_length=5,
        description="Logins for registries other than ECR, by host, as secrets: user:password. Docker Hub is "
        "docker.io.",
    )

    def log_in(self, host: str) -> tuple[str, str]:
        """User name and password at a registry."""
        username, _, password = self.credentials[host].get_secret_value().partition(":")
        return username, password

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.repositories)) < len(self.repositories):
            raise PydanticCustomError(
                "repeated",
                "each repository should be listed once",
                {"key": "registry.repositories", "given": list(self.repositories)},
            )
        ours = sorted(host for host in self.credentials if host.endswith(".amazonaws.com"))
        if ours:
            raise PydanticCustomError(
                "ecr",
                "ECR needs no password: roles log in there. Remove it",
                {"key": f"registry.credentials.{ours[0]}", "given": ""},
            )
        return self
