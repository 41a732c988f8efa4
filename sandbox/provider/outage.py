"""Regions that are out of reach, from the environment: whatever AWS is asked there gets no answer.

`ASCENT_SANDBOX_LOST` holds their names, separated by commas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog import config as configuration
from catalog.constraints import Failure
from catalog.errors import CloudRefusedError
from catalog.values import Properties, plain

VARIABLE = "ASCENT_SANDBOX_LOST"
# What is changed in one region for all of them (AWS Fault Isolation Boundaries, Global services: IAM and Route 53).
CONTROL_PLANES: Mapping[str, tuple[str, ...]] = {"us-east-1": ("aws:iam/", "aws:route53/")}
_IAM = "us-east-1"


class UnreachableRegions:
    """The regions that `environment` says are out of reach."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._lost = frozenset(filter(None, (one.strip() for one in environment.get(VARIABLE, "").split(","))))

    def failures(self, provider: str, config: Properties) -> list[Failure]:
        """What keeps a provider from being configured: it asks who it is before anything else."""
        if provider != "aws":
            return []
        return [
            Failure(why, f"{host} did not answer: dial tcp: i/o timeout")
            for why, host, region in _asked(config)
            if region in self._lost
        ]

    def before(self, operation: str, token: str, config: Properties) -> None:
        """Fail if this asks a region that is out of reach.

        Raises:
            CloudRefusedError: when it does.
        """
        if not token.startswith("aws:"):
            return
        here = configuration.region(config)
        far = next((where for where, types in CONTROL_PLANES.items() if token.startswith(types)), None)
        asked = {here} if far is None or operation in ("read", "invoke") else {far}
        for region in sorted(asked & self._lost):
            raise CloudRefusedError(f"{operation} of {token}: {region} did not answer: dial tcp: i/o timeout")


def _asked(config: Properties) -> Iterator[tuple[str, str, str]]:
    """Whom the AWS provider asks when it is configured: by which setting, and in which region.

    Its own check takes no notice of stsRegion (pulumi-aws, provider/configure.go: validateCredentials). Without that
    check, the number of the account is asked for: of IAM, then of STS (hashicorp/aws-sdk-go-base,
    GetAwsAccountIDAndPartition).
    """
    bare = plain(config)
    here = configuration.region(config)
    sts = str(bare.get("stsRegion") or here)
    if not bare.get("skipCredentialsValidation"):
        yield "skipCredentialsValidation", f"sts.{here}.amazonaws.com", here
        yield "stsRegion", f"sts.{sts}.amazonaws.com", sts
    elif not bare.get("skipRequestingAccountId"):
        yield "skipRequestingAccountId", "iam.amazonaws.com", _IAM
        yield "stsRegion", f"sts.{sts}.amazonaws.com", sts
    if bare.get("assumeRoles"):
        yield "stsRegion", f"sts.{sts}.amazonaws.com", sts
