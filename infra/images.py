"""Container images: where their registry is, and which one a region pulls from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings import Settings

# Amazon ECR User Guide, "Amazon ECR private registry": its host names the account and the one region that it is in.
ECR = re.compile(
    r"^(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)/(?P<path>[^:@]+)"
)
# Docker Hub has no host in an image's name.
HUB = "docker.io"


def registry_of(image: str) -> str:
    """The registry in an image's name: its first part, where that is a host."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first) else HUB


def repository(image: str) -> str | None:
    """ARN of the private ECR repository of `image`, or None where it comes from elsewhere."""
    ecr = ECR.match(image)
    return f"arn:aws:ecr:{ecr['region']}:{ecr['account']}:repository/{ecr['path']}" if ecr else None


def in_region(settings: Settings, image: str, region: str) -> str:
    """`image` as the region `region` pulls it: from its own registry, where it is in each of the stack's regions.

    With one region in use, an image stays where it is.
    """
    ecr = ECR.match(image)
    if ecr is None or len(settings.active_regions) == 1 or not _everywhere(settings, ecr):
        return image
    return f"{ecr['account']}.dkr.ecr.{region}.amazonaws.com{image[ecr.end('registry') :]}"


def used(settings: Settings) -> Iterator[tuple[str, str]]:
    """The images of a stack, by the key that names each: `rollout.blue.image`."""
    for color, one in settings.rollout.colors.items():
        if one.image is not None:
            yield f"rollout.{color}.image", one.image
    if settings.jobs is not None:
        yield "jobs.image", settings.jobs.image


def alone(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Key, image and region of those that only one region's registry has, though the stack is in several."""
    for key, image in used(settings):
        ecr = ECR.match(image)
        if ecr is not None and len(settings.active_regions) > 1 and not _everywhere(settings, ecr):
            yield key, image, ecr["region"]


def _everywhere(settings: Settings, ecr: re.Match[str]) -> bool:
    registry = settings.registry
    # The stack's repositories are in its own account, whose number it may not say.
    ours = settings.account.id in (None, ecr["account"])
    return registry.replicated or (ours and ecr["region"] == settings.home and ecr["path"] in registry.repositories)
