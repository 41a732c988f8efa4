"""S3 Batch Replication, which moto has not: a job copies what its bucket has, at once, as the bucket's rules say.

By the Amazon S3 API Reference, CreateJob, DescribeJob and ListJobs. A job of a bucket without objects fails as there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.s3control import urls
from moto.s3control.responses import S3ControlResponse

from sandbox.aws.mirror import Mirror
from sandbox.aws.stores import s3
from sandbox.aws.things import FaultError

_RULES = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_ARN = "arn:aws:s3:::"
# Amazon S3 User Guide, Troubleshooting replication: Batch Replication errors.
_NOTHING = {
    "FailureCode": "ManifestEmpty",
    "FailureReason": "Manifest generation found no keys matching the filter criteria",
}


class Jobs:
    """The jobs of this server, in the order in which they were created."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._jobs: dict[str, dict[str, Any]] = {}

    def install(self) -> None:
        """Have moto's control API of S3 answer for them."""
        for path in ("/v20180820/jobs", "/v20180820/jobs/<id>"):
            urls.url_paths[path] = S3ControlResponse.dispatch
        for name, answer in {
            "create_job": self._create,
            "describe_job": self._describe,
            "list_jobs": self._list,
        }.items():
            setattr(S3ControlResponse, name, _method(answer))

    def _create(self, asked: S3ControlResponse) -> dict[str, Any]:
        token = str(asked._get_param("ClientRequestToken"))
        if token not in self._jobs:
            source = str(asked._get_param("ManifestGenerator")["S3JobManifestGenerator"]["SourceBucket"])
            self._jobs[token] = {
                "JobId": f"{len(self._jobs) + 1:08d}-0000-4000-8000-000000000000",
                "Description": asked._get_param("Description"),
                "Operation": asked._get_param("Operation"),
                "Priority": asked._get_param("Priority"),
                "RoleArn": asked._get_param("RoleArn"),
                "CreationTime": datetime.now(UTC),
                **self._copied(source.removeprefix(_ARN)),
            }
        return {"JobId": self._jobs[token]["JobId"]}

    def _copied(self, source: str) -> dict[str, Any]:
        bucket = s3().buckets.get(source)
        if bucket is None:
            raise FaultError("InvalidRequest", f"The bucket {source} does not exist")
        keys = list(bucket.keys.items())
        for name, key in keys:
            for target in self._targets(source):
                s3().put_object(target, name, key.value)
        progress = {"TotalNumberOfTasks": len(keys), "NumberOfTasksSucceeded": len(keys), "NumberOfTasksFailed": 0}
        if not keys:
            return {"Status": "Failed", "FailureReasons": [_NOTHING], "ProgressSummary": progress}
        return {"Status": "Complete", "ProgressSummary": progress}

    def _targets(self, source: str) -> list[str]:
        return [
            str(rule["destination"]["bucket"]).removeprefix(_ARN)
            for one in self._mirror.things(_RULES)
            if one.has.get("bucket") == source
            for rule in one.has.get("rules") or ()
        ]

    def _describe(self, asked: S3ControlResponse) -> dict[str, Any]:
        wanted = asked._get_param("JobId")
        found = [job for job in self._jobs.values() if job["JobId"] == wanted]
        if not found:
            raise FaultError("NotFoundException", f"There is no job {wanted}")
        return {"Job": found[0]}

    def _list(self, asked: S3ControlResponse) -> dict[str, Any]:
        states = asked._get_param("JobStatuses") or ()
        shown = ("JobId", "Description", "Priority", "Status", "CreationTime", "ProgressSummary")
        return {
            "Jobs": [
                {key: job[key] for key in shown} | {"Operation": next(iter(job["Operation"]))}
                for job in self._jobs.values()
                if not states or job["Status"] in states
            ]
        }


def _method(answer: Any) -> Any:
    return lambda self: ActionResult(answer(self))
