"""Where the images come from: repositories of the stack's own, and log-ins at other registries."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pulumi

from infra.components.compute.registry_log_in import RegistryLogIn, RegistryLogInArgs
from infra.components.compute.repositories import Repositories, RepositoriesArgs
from infra.config.settings import Settings
from infra.images import HUB, registry_of, used
from infra.wiring.place import Place

# Kubernetes, "Pull an Image from a Private Registry": Docker Hub's key in a docker config.
_HUB_KEY = "https://index.docker.io/v1/"


def repositories(settings: Settings, places: Mapping[str, Place], account_id: pulumi.Input[str]) -> None:
    """Declare the stack's own repositories in its home, and their copies in the other regions in use."""
    if not settings.registry.repositories:
        return
    home = places[settings.home]
    Repositories(
        f"{home.base}-images",
        RepositoriesArgs(
            account_id=account_id,
            names=settings.registry.repositories,
            copies={name: one.provider for name, one in places.items() if not one.primary},
            protect=home.protect,
        ),
        opts=home.options,
    )


def log_ins(settings: Settings, place: Place, key_arn: pulumi.Input[str]) -> dict[str, pulumi.Output[str]]:
    """Declare the secrets that log in at the registries of the stack's images. Returns their ARNs by host."""
    made = {}
    for host in _needed(settings):
        username, password = settings.registry.log_in(host)
        made[host] = RegistryLogIn(
            f"{place.base}-registry-{host.replace('.', '-').replace(':', '-')}",
            RegistryLogInArgs(
                host=host,
                key_arn=key_arn,
                username=pulumi.Output.secret(username),
                password=pulumi.Output.secret(password),
                protect=place.protect,
            ),
            opts=place.options,
        ).arn
    return made


def docker_config(settings: Settings) -> pulumi.Output[str] | None:
    """The log-ins as Kubernetes takes them, as a secret output; None where there are none."""
    return pulumi.Output.secret(docker_document(settings)) if _needed(settings) else None


def docker_document(settings: Settings) -> str:
    """The log-ins at the registries of the stack's images, as Docker's own config has them: JSON."""
    auths = {
        _HUB_KEY if host == HUB else host: {
            "auth": base64.b64encode(":".join(settings.registry.log_in(host)).encode()).decode()
        }
        for host in _needed(settings)
    }
    return json.dumps({"auths": auths}, sort_keys=True)


def _needed(settings: Settings) -> list[str]:
    return sorted({registry_of(image) for _, image in used(settings)} & set(settings.registry.credentials))
