"""An AWS account's quota, and its use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.clients import Clients, faults, told
from ops.quotas.model import GLOBAL_REGION, Quota, Scope
from ops.quotas.vcpu import VcpuError

# CloudWatch, AWS usage metrics: they come every few minutes; the newest of the last three hours is what is used.
_WINDOW, _PERIOD = timedelta(hours=3), 300


class NoAccountError(Exception):
    """There is no account to ask: no credentials, or AWS does not accept them. The text is one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaAnswer:
    """AWS' answer about a quota.

    quota: what the account has; None where AWS does not say.
    used: what the whole account uses; None where that is not known.
    adjustable: whether AWS raises it.
    why: why something is not known.
    """

    quota: float | None = None
    used: float | None = None
    adjustable: bool = True
    why: str = ""


class QuotaClient:
    """Asks Service Quotas, CloudWatch and the services themselves. Changes nothing."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def number(self, region: str) -> str:
        """Number of the account that the credentials are of.

        Raises:
            NoAccountError: when there are none, or AWS does not take them.
        """
        errors = faults()
        try:
            return str(self._clients("sts", region).get_caller_identity()["Account"])
        except errors as error:
            raise NoAccountError(told(error)) from error

    def answer(self, quota: Quota, region: str | None) -> QuotaAnswer:
        """The account's quota in a region, and its use."""
        place = region or GLOBAL_REGION
        errors = faults()
        try:
            found = self._quota(quota, place)
        except errors as error:
            return QuotaAnswer(why=_short(error))
        value, adjustable = found.get("Value"), bool(found.get("Adjustable", True))
        if value is None:
            reason = (found.get("ErrorReason") or {}).get("ErrorMessage", "it names no value")
            return QuotaAnswer(adjustable=adjustable, why=f"Service Quotas: {reason}")
        if quota.scope is Scope.OWN:
            return QuotaAnswer(quota=value, adjustable=adjustable)
        troubles: tuple[type[Exception], ...] = (*errors, VcpuError)
        try:
            used = self._used(quota, place, found.get("UsageMetric") or {})
        except troubles as error:
            return QuotaAnswer(quota=value, adjustable=adjustable, why=_short(error))
        return QuotaAnswer(quota=value, used=used, adjustable=adjustable)

    def _quota(self, quota: Quota, region: str) -> dict[str, Any]:
        """The applied quota, or AWS' default if the account never had one applied."""
        client = self._clients("service-quotas", region)
        names = {"ServiceCode": quota.service, "QuotaCode": quota.code}
        try:
            found: dict[str, Any] = client.get_service_quota(**names)["Quota"]
        except client.exceptions.NoSuchResourceException:
            found = client.get_aws_default_service_quota(**names)["Quota"]
        return found

    def _used(self, quota: Quota, region: str, metric: dict[str, Any]) -> float | None:
        """The use, by the quota's own metric or by a count: a quota that was never used has no metric."""
        from_metric = self._measured(region, metric) if metric.get("MetricName") else None
        if from_metric is not None or quota.used is None:
            return from_metric
        return float(quota.used(self._clients, region))

    def _measured(self, region: str, metric: dict[str, Any]) -> float | None:
        statistic = metric.get("MetricStatisticRecommendation", "Maximum")
        now = datetime.now(UTC)
        try:
            answer = self._clients("cloudwatch", region).get_metric_statistics(
                Namespace=metric["MetricNamespace"],
                MetricName=metric["MetricName"],
                Dimensions=[
                    {"Name": key, "Value": value} for key, value in (metric.get("MetricDimensions") or {}).items()
                ],
                StartTime=now - _WINDOW,
                EndTime=now,
                Period=_PERIOD,
                Statistics=[statistic],
            )
        except faults():
            return None  # The service itself may still answer.
        points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
        return float(points[-1][statistic]) if points else None


def _short(error: Exception) -> str:
    """The error, without the parts that differ from quota to quota."""
    answer = getattr(error, "response", None)
    return f"{getattr(error, 'operation_name', '')}: {answer['Error']['Code']}" if answer else told(error)
