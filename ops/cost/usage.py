"""Usage in a month: every assumption that a price is multiplied with, in one table, each with its source."""

from __future__ import annotations

from dataclasses import dataclass

from infra.config.settings import Settings
from infra.stages import STAGES
from infra.thresholds import (
    BACKUP_DAYS,
    GUIDE,
    NARFE,
    REQUESTS_PER_USER,
    SUMMARY,
)
from ops.cost.span import CostSpan

HOURS = 730  # a month, as the AWS Pricing Calculator counts: 8,760 hours a year by twelve
_MINUTES = HOURS * 60
_RUNBOOK_USERS = 400  # Scaling to 1000 Users, Target Capacity: 1000 registered, 400 concurrent
MONTH_DAYS = 30
# AWS CloudWatch pricing examples: what a stored log takes of its ingested size. Gzip in a bucket takes no more.
COMPRESSED = 0.15
MONTHS_KEPT = 12  # Ascent: at the upper end, objects and rows accumulate for a year


@dataclass(frozen=True, slots=True)
class Assumption:
    """A quantity that the resources do not have.

    span: least and most.
    unit: what it counts; per user means per concurrent user, the unit of the stage table.
    source: runbook and section, or "Ascent" with the reason.
    """

    name: str
    span: CostSpan
    unit: str
    source: str


def _row(name: str, low: float, high: float, unit: str, source: str) -> Assumption:
    return Assumption(name, CostSpan(low, high), unit, source)


REQUESTS = _row(
    "requests",
    600_000 / _RUNBOOK_USERS,
    REQUESTS_PER_USER.value * _MINUTES,
    "requests/user/month",
    f"{SUMMARY}, Expected Results: 600K invocations a month before sampling; to {REQUESTS_PER_USER.value} a minute "
    "around the clock, the load that the stage table sizes for",
)
EGRESS = _row(
    "egress",
    0.6 * MONTH_DAYS / _RUNBOOK_USERS,
    200 / 2500,
    "GB/user/month",
    f"{SUMMARY}, CDN Setup: 600 MB a day; to {NARFE}, Stage 5's 200 GB a month at stage 4's users",
)
CDN_PASSES = _row("past the CDN", 0.2, 0.3, "share of egress", f"{SUMMARY}, CDN Setup: 70-80 % bandwidth reduction")
DATABASE_GB = _row(
    "database",
    8 * 0.75 / _RUNBOOK_USERS,
    8 / _RUNBOOK_USERS * MONTHS_KEPT,
    "GB/user",
    f"{SUMMARY}, Set Up Alerts: 75 % of 8 GB; to a year of growth at that size a month (Ascent)",
)
DATABASE_IO = _row(
    "database I/O", 1, 10, "I/O requests/request", "Ascent: most reads are served from memory; no runbook says"
)
WRITES = _row("writes", 0.1, 0.3, "share of requests", "Ascent: chat is mostly reads; no runbook says")
BACKUP_SHARE = _row(
    "backups",
    0,
    BACKUP_DAYS.value * 0.05,
    "times the database",
    "AWS Aurora: a day of backups is free; to 5 % changing every day of the retention (Ascent)",
)
OBJECT_GB = _row(
    "objects",
    5 / _RUNBOOK_USERS,
    5 / _RUNBOOK_USERS * MONTHS_KEPT,
    "GB/user",
    f"{SUMMARY}, Expected Results: about 5 GB stored; to a year of as much each month (Ascent)",
)
IMAGE_GB = _row("images", 1, 20, "GB/repository", "Ascent: two releases of one image, to a year of weekly ones")
OBJECT_REQUESTS = _row("object requests", 0.05, 0.5, "requests/request", "Ascent: an image in some answers")
MESSAGES = _row(
    "messages",
    90_000 / _RUNBOOK_USERS,
    300_000 / _RUNBOOK_USERS,
    "messages/user/month",
    f"{SUMMARY}, Memory Extraction Sampling: 90K to 300K a month",
)
MESSAGE_REQUESTS = _row("queue requests", 3, 4, "requests/message", "AWS SQS: send, receive, delete; and one retry")
APP_LOG_KB = _row("application log", 0.3, 1, "KB/request", "Ascent: one line of JSON a request")
FLOW_LOG_KB = _row("flow log", 0.05, 0.2, "KB/request", "AWS, flow logs: about 100 bytes a record of ten minutes")
OTHER_LOG_GB = _row("other log", 0.01, 1, "GB/month/group", "Ascent: engines, jobs and slow queries say little")
NAT_KB = _row("through NAT", 1, 10, "KB/request", "Ascent: calls of AI providers; images come by the S3 endpoint")
ENDPOINT_KB = _row("through endpoints", 0.3, 1, "KB/request", "as the application log, which goes that way")
ZONE_KB = _row("between zones", 2, 20, "KB/request", "Ascent: rows from a database, two times out of three elsewhere")
CHECK_SECONDS = _row("a check from outside", 0.1, 1, "seconds/check", "Ascent: a name, a handshake and one answer")
JOB_MINUTES = _row("a job", 1, 15, "minutes/run", "Ascent: AWS bills a task's first minute; an archive takes longest")
SECRET_READS = _row("secret reads", 30, 3000, "reads/month/secret", f"{GUIDE}, Auto Scaling: one as an instance boots")
NEW_CONNECTIONS = _row("new connections", 0.1, 1, "connections/request", "AWS ALB: keep-alive; to one a request")
CACHE_WRITES_KB = _row("cache writes", 0.1, 2, "KB/request", "Ascent: what a Global Datastore copies")
REPLICA_KB = _row("replicated writes", 1, 4, "KB/write", "Ascent: log records that Aurora ships; no runbook says")
DNS_QUERIES = _row(
    "DNS queries",
    _MINUTES / 5 / 100,
    _MINUTES / 5 / 10,
    "queries/user/month",
    "Cloudflare: a proxied name is kept 300 s; resolvers serve ten to a hundred users (Ascent)",
)
MAILS = _row("mails", 1, 100, "mails/month/topic", "Ascent: alerts that people still read")

TABLE = (
    REQUESTS,
    EGRESS,
    CDN_PASSES,
    DATABASE_GB,
    DATABASE_IO,
    WRITES,
    BACKUP_SHARE,
    OBJECT_GB,
    IMAGE_GB,
    OBJECT_REQUESTS,
    MESSAGES,
    MESSAGE_REQUESTS,
    APP_LOG_KB,
    FLOW_LOG_KB,
    OTHER_LOG_GB,
    NAT_KB,
    ENDPOINT_KB,
    ZONE_KB,
    CHECK_SECONDS,
    JOB_MINUTES,
    SECRET_READS,
    NEW_CONNECTIONS,
    CACHE_WRITES_KB,
    REPLICA_KB,
    DNS_QUERIES,
    MAILS,
)


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage of one region.

    users: concurrent ones: from the number of the stage below, at which a team moves up, to the stage's own.
    """

    users: CostSpan

    @property
    def requests(self) -> CostSpan:
        """Requests a month."""
        return self.users * REQUESTS.span

    def per_request(self, assumption: Assumption) -> CostSpan:
        """A quantity a month that grows with the requests."""
        return self.requests * assumption.span

    def per_user(self, assumption: Assumption) -> CostSpan:
        """A quantity that grows with the users."""
        return self.users * assumption.span

    def gigabytes(self, assumption: Assumption) -> CostSpan:
        """GB a month of an amount in KB a request."""
        return self.per_request(assumption) * 1e-6


def usage(settings: Settings) -> Usage:
    """Usage of each region that the stage uses. The stage's users are divided among its regions."""
    below = STAGES.get(settings.stage - 1)
    low = below.users / len(settings.active_regions) if below else 0
    return Usage(CostSpan(low, max(low, settings.row.users)))
