"""Image registries: ECR repositories of the stack, and logins of other registries."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pulumi

from infra.components.compute.registry_log_in import RegistryLogIn, RegistryLogInArgs
from infra.components.compute.repositories import Repositories, RepositoriesArgs
from infra.config.settings import Settings
from infra.images import HUB, registry_of, used
from infra.wiring.region_context import RegionContext

# Key of Docker Hub in a Docker config (Kubernetes, "Pull an Image from a Private Registry").
_HUB_KEY = "https://index.docker.io/v1/"


def repositories(regions: Sequence[RegionContext], account_id: pulumi.Input[str]) -> None:
    """Declare the stack's ECR repositories in the home region, the first, and their replication to the others."""
    home, *others = regions
    registry = home.settings.registry
    if not registry.repositories:
        return
    Repositories(
        f"{home.base}-images",
        RepositoriesArgs(
            account_id=account_id,
            names=registry.repositories,
            copies={one.name: one.provider for one in others},
            protect=home.protect,
        ),
        opts=home.options,
    )


def registry_logins(region: RegionContext) -> dict[str, pulumi.Output[str]]:
    """Declare the secrets with the logins of the registries of the stack's images. Returns their ARNs by host."""
    made, registry = {}, region.settings.registry
    for host in _hosts(region.settings):
        username, password = registry.log_in(host)
        made[host] = RegistryLogIn(
            f"{region.base}-registry-{host.replace('.', '-').replace(':', '-')}",
            RegistryLogInArgs(
                host=host,
                key_arn=region.key_arn,
                username=pulumi.Output.secret(username),
                password=pulumi.Output.secret(password),
                protect=region.protect,
            ),
            opts=region.options,
        ).arn
    return made


def docker_config(settings: Settings) -> pulumi.Output[str] | None:
    """The logins as a Docker config for Kubernetes, a secret output; None where there are none."""
    return pulumi.Output.secret(docker_document(settings)) if _hosts(settings) else None


def docker_document(settings: Settings) -> str:
    """The logins of the registries of the stack's images, as a Docker config: JSON."""
    auths = {
        _HUB_KEY if host == HUB else host: {
            "auth": base64.b64encode(":".join(settings.registry.log_in(host)).encode()).decode()
        }
        for host in _hosts(settings)
    }
    return json.dumps({"auths": auths}, sort_keys=True)


def _hosts(settings: Settings) -> list[str]:
    return sorted({registry_of(image) for _, image in used(settings)} & set(settings.registry.credentials))
