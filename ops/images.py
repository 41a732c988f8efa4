"""Whether each of a stack's regions has the images that it pulls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from infra.clients import Clients, faults, told
from infra.config.settings import Settings
from infra.images import ECR, in_region, used
from infra.stages import Capability
from ops.polling import polled

# Amazon ECR API Reference, DescribeImages: the errors for an image that does not exist.
ABSENT = {"ImageNotFoundException", "RepositoryNotFoundException"}
# The same, DescribeImageScanFindings: no scan has ended yet, or there is none of such an image, as of a list of several
# architectures.
UNSCANNED = {"ScanNotFoundException", "UnsupportedImageTypeException"}


class ImagesError(Exception):
    """A registry does not answer. The text says why."""


class ImageState(StrEnum):
    """Whether an image is there."""

    THERE = "there"
    MISSING = "missing"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundImage:
    """An image in a region.

    key: what names it in the stack's file.
    image: as the region pulls it.
    state: not asked where the registry is not ECR.
    findings: number of findings of ECR's scan by severity, None where it was not scanned.
    """

    region: str
    key: str
    image: str
    state: ImageState
    findings: Mapping[str, int] | None

    def as_dict(self) -> dict[str, Any]:
        """As `ascent images --json` prints it."""
        return asdict(self)


def look(settings: Settings, clients: Clients) -> Iterator[FoundImage]:
    """Look for every image in each region that pulls it; not in one that is lost.

    Raises:
        ImagesError: when ECR does not answer, or may not be asked.
    """
    for region in settings.active_regions:
        if region == settings.unreachable:
            continue
        for key, image in used(settings):
            if key == "jobs.image" and not _runs_jobs(settings, region):
                continue
            image = in_region(settings, image, region)
            there, findings = _ask(image, clients)
            yield FoundImage(region=region, key=key, image=image, state=there, findings=findings)


def until_there(
    seek: Callable[[], list[FoundImage]], *, seconds: float, wait: Callable[[float], None], poll: float
) -> list[FoundImage]:
    """Poll until no image is missing, or the time is up. Returns the last state."""

    def over(seen: list[FoundImage]) -> bool:
        return all(one.state is not ImageState.MISSING for one in seen)

    return polled(seek, over, seconds=seconds, wait=wait, poll=poll)


def _runs_jobs(settings: Settings, region: str) -> bool:
    """Whether jobs run there, or would after a failover."""
    return settings.row.has(Capability.DATABASE_JOBS) and region in settings.standby_regions


def _ask(image: str, clients: Clients) -> tuple[ImageState, Mapping[str, int] | None]:
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    ecr = ECR.match(image)
    if ecr is None:
        return ImageState.NOT_ASKED, None
    rest = image[ecr.end() :]
    wanted = {"imageDigest": rest[1:]} if rest.startswith("@") else {"imageTag": rest[1:]}
    asking, where = clients("ecr", ecr["region"]), {"registryId": ecr["account"], "repositoryName": ecr["path"]}
    try:
        asking.describe_images(**where, imageIds=[wanted])
        findings = _findings(asking, where, wanted)
    except faults() as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in ABSENT:
            return ImageState.MISSING, None
        raise ImagesError(f"{image}: {told(error)}") from None
    return ImageState.THERE, findings


def _findings(asking: Any, where: Mapping[str, str], wanted: Mapping[str, str]) -> Mapping[str, int] | None:
    """The scan's findings. DescribeImages has a summary, but not for ECR's own scan (its API Reference)."""
    from botocore.exceptions import ClientError

    try:
        answer = asking.describe_image_scan_findings(**where, imageId=wanted, maxResults=1)
    except ClientError as error:
        if error.response["Error"]["Code"] in UNSCANNED:
            return None
        raise
    found = answer.get("imageScanFindings")
    return None if found is None else dict(found.get("findingSeverityCounts", {}))
