"""AWS as the tests have it: botocore's own models, answering what they are given."""

from __future__ import annotations

from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.stub import Stubber  # type: ignore[import-untyped]

from ops.quotas.model import Quota
from ops.quotas.table import QUOTAS

REGION = "us-east-1"
ON_DEMAND, ADDRESSES, GROUP_RULES, VPCS, INTERNET_GATEWAYS = (
    next(quota for quota in QUOTAS if quota.code == code)
    for code in ("L-1216C47A", "L-0263D0A3", "L-0EA8095F", "L-F678F1CE", "L-A4707A72")
)


class Stubs:
    """Clients of one region, each of which answers what was put in, in that order, and nothing else."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._stubbers: dict[str, Stubber] = {}

    def __call__(self, service: str, region: str) -> Any:
        """A client."""
        assert region == REGION
        self.of(service)
        return self._made[service]

    def of(self, service: str) -> Stubber:
        """What answers for a service."""
        if service not in self._stubbers:
            # Once is enough: a test has no time for waits between tries.
            once = Config(retries={"mode": "standard", "max_attempts": 1})
            self._made[service] = boto3.client(
                service, REGION, aws_access_key_id="made-up", aws_secret_access_key="made-up", config=once
            )
            self._stubbers[service] = Stubber(self._made[service])
            self._stubbers[service].activate()
        return self._stubbers[service]

    def has(self, quota: Quota, value: float, **more: Any) -> None:
        """Have Service Quotas say what the account has."""
        self.of("service-quotas").add_response(
            "get_service_quota",
            {"Quota": {"QuotaCode": quota.code, "Value": value, "Adjustable": True, **more}},
            {"ServiceCode": quota.service, "QuotaCode": quota.code},
        )

    def refuses(self, service: str, operation: str, code: str) -> None:
        """Have a service refuse."""
        self.of(service).add_client_error(operation, service_error_code=code, service_message="not for you")

    def done(self) -> None:
        """Every answer was asked for."""
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()
