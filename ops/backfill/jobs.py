"""S3 Batch Replication: one job for each bucket, created once and polled after that."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from infra.clients import Clients, explained
from infra.naming import REPORTS
from ops.backfill.copies import Copies

# Amazon S3 API Reference, ListJobs: jobs that ended within the last 90 days are listed too.
COMPLETE, LOST = "Complete", ("Cancelled", "Failed")
# After a job has gone through all objects, the next one copies those that it could not copy.
# A replica whose further copy failed stays REPLICA.
AGAIN = ["NONE", "FAILED", "REPLICA"]
# Amazon S3 User Guide, Troubleshooting replication, Batch Replication errors: the end of a job that finds nothing.
NOTHING = "no keys matching"


class JobError(Exception):
    """A call of S3 failed. The text is one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyJob:
    """The job that copies a bucket, and how far it is.

    kind, bucket: the bucket. id: of the job at AWS; None where there is nothing to copy.
    state: as S3 calls it, or `Empty`. total, copied, failed: number of object versions.
    why: the reason for a failure, in S3's words.
    report: where the job lists the versions that failed.
    """

    kind: str
    bucket: str
    id: str | None
    state: str
    total: int = 0
    copied: int = 0
    failed: int = 0
    why: str = ""
    report: str = ""

    @property
    def ended(self) -> bool:
        """Whether the job has ended, with or without success."""
        return self.id is None or self.state in (COMPLETE, *LOST)

    @property
    def done(self) -> bool:
        """Whether all is copied."""
        nothing_left = self.state in LOST and NOTHING in self.why
        return self.id is None or nothing_left or (self.state == COMPLETE and not self.failed)

    def as_dict(self) -> dict[str, Any]:
        """As `ascent backfill --json` prints it."""
        return {**asdict(self), "done": self.done}


class CopyJobs:
    """Calls S3 in the region of the buckets that are copied."""

    def __init__(self, copies: Copies, clients: Clients) -> None:
        self._copies = copies
        self._clients = clients

    def begin(self) -> list[CopyJob]:
        """The job for each bucket that has something to copy: the one that runs or is done, or else a new one.

        Raises:
            JobError: when S3 refuses.
        """
        with explained(JobError, f"S3 in {self._copies.home}"):
            listed = self._listed()
            return [self._begun(kind, listed.get(self._copies.name(kind), [])) for kind in sorted(self._copies.sources)]

    def look(self, jobs: list[CopyJob]) -> list[CopyJob]:
        """The same jobs as they are now.

        Raises:
            JobError: when S3 refuses.
        """
        with explained(JobError, f"S3 in {self._copies.home}"):
            return [one if one.ended or one.id is None else self._seen(one.kind, one.id) for one in jobs]

    def _listed(self) -> dict[str, list[dict[str, Any]]]:
        """Jobs by their names, the oldest first."""
        jobs: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        # The SDK has no paginator for these.
        while True:
            page = self._control.list_jobs(AccountId=self._copies.account, **more)
            jobs += page.get("Jobs") or ()
            if not page.get("NextToken"):
                break
            more = {"NextToken": page["NextToken"]}
        found: dict[str, list[dict[str, Any]]] = {}
        for one in sorted(jobs, key=lambda job: job["CreationTime"]):
            found.setdefault(one.get("Description", ""), []).append(one)
        return found

    def _begun(self, kind: str, before: list[dict[str, Any]]) -> CopyJob:
        bucket = self._copies.sources[kind]
        if before:
            newest = self._seen(kind, before[-1]["JobId"])
            if newest.done or not newest.ended:
                return newest
        elif self._empty(bucket):
            # A job without objects fails.
            return CopyJob(kind=kind, bucket=bucket, id=None, state="Empty")
        went_through = any(one["Status"] == COMPLETE for one in before)
        return self._seen(kind, self._create(kind, attempt=len(before), again=went_through))

    def _empty(self, bucket: str) -> bool:
        found = self._clients("s3", self._copies.home).list_object_versions(Bucket=bucket, MaxKeys=1)
        return not (found.get("Versions") or found.get("DeleteMarkers"))

    def _create(self, kind: str, *, attempt: int, again: bool) -> str:
        copies, name = self._copies, self._copies.name(kind)
        # The first job covers all objects of the rules, whatever their status: COMPLETED may refer to another
        # destination, when a region was added, and REPLICA to another writer (Amazon S3 User Guide, Filters for a Batch
        # Replication job).
        wanted: dict[str, Any] = {"EligibleForReplication": True}
        if again:
            wanted["ObjectReplicationStatuses"] = AGAIN
        created = self._control.create_job(
            AccountId=copies.account,
            ConfirmationRequired=False,
            Operation={"S3ReplicateObject": {}},
            Report={
                "Bucket": f"arn:aws:s3:::{copies.reports}",
                "Prefix": f"{REPORTS}/{kind}",
                "Format": "Report_CSV_20180820",
                "Enabled": True,
                "ReportScope": "FailedTasksOnly",
                "ExpectedBucketOwner": copies.account,
            },
            # Two commands at once ask for the same job, and get one.
            ClientRequestToken=hashlib.sha256(f"{name} {attempt}".encode()).hexdigest(),
            Description=name,
            Priority=1,
            RoleArn=copies.role,
            ManifestGenerator={
                "S3JobManifestGenerator": {
                    "ExpectedBucketOwner": copies.account,
                    "SourceBucket": f"arn:aws:s3:::{copies.sources[kind]}",
                    "EnableManifestOutput": False,
                    "Filter": wanted,
                }
            },
        )
        return str(created["JobId"])

    def _seen(self, kind: str, identifier: str) -> CopyJob:
        job = self._control.describe_job(AccountId=self._copies.account, JobId=identifier)["Job"]
        progress = job.get("ProgressSummary") or {}
        return CopyJob(
            kind=kind,
            bucket=self._copies.sources[kind],
            id=identifier,
            state=job["Status"],
            total=progress.get("TotalNumberOfTasks") or 0,
            copied=progress.get("NumberOfTasksSucceeded") or 0,
            failed=progress.get("NumberOfTasksFailed") or 0,
            why="; ".join(one.get("FailureReason", "") for one in job.get("FailureReasons") or ()),
            report=f"s3://{self._copies.reports}/{REPORTS}/{kind}/job-{identifier}/",
        )

    @property
    def _control(self) -> Any:
        return self._clients("s3control", self._copies.home)
