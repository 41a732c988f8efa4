"""Container images: where their registry is, and which one a region pulls from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.config.settings import Settings

# Amazon ECR User Guide, "Amazon ECR private registry": its host names the account and the one region that it is in.
ECR = re.compile(
    r"^(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)/(?P<path>[^:@]+)"
)
_LIKE_ECR = ".dkr.ecr."
# Amazon Elastic Container Registry endpoints and quotas (AWS General Reference), Service endpoints, which leaves out
# the partitions of governments and of China. A test compares it with what boto3 knows.
_REGIONS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1
    me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
"""
ECR_REGIONS = frozenset(_REGIONS.split())
# Docker Hub has no host in an image's name.
HUB = "docker.io"


def unfit(image: str) -> str | None:
    """Why an image of this name cannot be pulled, or None."""
    if "://" in image:
        return f"it should begin with the registry's host, without {image.partition('://')[0]}://"
    if _LIKE_ECR not in image.partition("/")[0]:
        return None
    ecr = ECR.match(image)
    if ecr is None:
        return (
            "a registry of ECR is called like 123456789012.dkr.ecr.us-east-1.amazonaws.com, after its account's number"
        )
    if ecr["region"] not in ECR_REGIONS:
        close = get_close_matches(ecr["region"], sorted(ECR_REGIONS), n=1)
        return f"AWS has no region {ecr['region']}" + (f" (did you mean {close[0]}?)" if close else "")
    return None


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
