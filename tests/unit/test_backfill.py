"""What `ascent backfill` asks of S3, what it follows, and what it writes down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
import yaml
from botocore.stub import ANY, Stubber  # type: ignore[import-untyped]
from typer.testing import CliRunner

from ops import stackfile
from ops.backfill.copies import Copies, NoCopiesError, copies
from ops.backfill.jobs import CopyJob, CopyJobs, JobError
from ops.cli import app
from ops.commands import backfill as command
from tests.unit.configs import settings

HOME, OTHER, THIRD, ACCOUNT = "us-east-1", "eu-west-1", "ap-southeast-2", "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/test-use1-backfill-1234567"
TOLD = {
    "copies": {
        "roleArn": ROLE,
        "reports": "test-use1-access-logs-1234567",
        "from": {"uploads": "test-use1-store-uploads-1234567"},
        "to": {
            OTHER: {"uploads": "test-euw1-store-uploads-2345678"},
            THIRD: {"uploads": "test-apse2-store-uploads-3456789"},
        },
    }
}
FOUND = copies(settings(stage=7), "test", TOLD)
NAME = FOUND.name("uploads")
FILLED: dict[str, Any] = {"Versions": [{"Key": "a"}]}


class Sky:
    """S3 with the jobs of a test: each is a status, tasks, those that failed, and a reason."""

    def __init__(self, *jobs: tuple[str, int, int, str], name: str = NAME) -> None:
        keys = {"region_name": HOME, "aws_access_key_id": "x", "aws_secret_access_key": "y"}
        self.s3, self.control = boto3.client("s3", **keys), boto3.client("s3control", **keys)
        self.bucket, self.jobs = Stubber(self.s3), Stubber(self.control)
        listed = [
            {
                "JobId": f"job-{number}",
                "Description": name,
                "Status": job[0],
                "CreationTime": datetime(2026, 11, number, tzinfo=UTC),
            }
            for number, job in enumerate(jobs, start=1)
        ]
        # The newest first, as S3 lists them, and another team's job among them.
        other = {
            "JobId": "other",
            "Description": "not ours",
            "Status": "Active",
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        }
        self.jobs.add_response("list_jobs", {"Jobs": [other], "NextToken": "more"}, {"AccountId": ACCOUNT})
        ours = {"AccountId": ACCOUNT, "NextToken": "more"}
        self.jobs.add_response("list_jobs", {"Jobs": listed[::-1]}, ours)
        self.bucket.activate()
        self.jobs.activate()

    def holds(self, answer: dict[str, Any]) -> None:
        self.bucket.add_response(
            "list_object_versions", answer, {"Bucket": "test-use1-store-uploads-1234567", "MaxKeys": 1}
        )

    def shows(self, identifier: str, status: str, total: int = 0, failed: int = 0, why: str = "") -> None:
        job: dict[str, Any] = {"JobId": identifier, "Status": status}
        job["ProgressSummary"] = {
            "TotalNumberOfTasks": total, "NumberOfTasksSucceeded": total - failed, "NumberOfTasksFailed": failed
        }  # fmt: skip
        job["FailureReasons"] = [{"FailureReason": why}] if why else []
        self.jobs.add_response("describe_job", {"Job": job}, {"AccountId": ACCOUNT, "JobId": identifier})

    def creates(self, identifier: str, wanted: dict[str, Any]) -> dict[str, Any]:
        generator = {
            "ExpectedBucketOwner": ACCOUNT,
            "SourceBucket": "arn:aws:s3:::test-use1-store-uploads-1234567",
            "EnableManifestOutput": False,
            "Filter": wanted,
        }
        expected = {
            "AccountId": ACCOUNT,
            "ConfirmationRequired": False,
            "Operation": {"S3ReplicateObject": {}},
            "Report": {
                "Bucket": "arn:aws:s3:::test-use1-access-logs-1234567",
                "Prefix": "backfill/uploads",
                "Format": "Report_CSV_20180820",
                "Enabled": True,
                "ReportScope": "FailedTasksOnly",
                "ExpectedBucketOwner": ACCOUNT,
            },
            "ClientRequestToken": ANY,
            "Description": NAME,
            "Priority": 1,
            "RoleArn": ROLE,
            "ManifestGenerator": {"S3JobManifestGenerator": generator},
        }
        sent: dict[str, Any] = {}
        event = "provide-client-params.s3-control.CreateJob"
        self.control.meta.events.register(event, lambda params, **_: sent.update(params))
        self.jobs.add_response("create_job", {"JobId": identifier}, expected)
        return sent

    def begun(self) -> CopyJob:
        def clients(service: str, region: str) -> Any:
            assert region == HOME
            return {"s3": self.s3, "s3control": self.control}[service]

        (job,) = CopyJobs(FOUND, clients).begin()
        self.jobs.assert_no_pending_responses()
        self.bucket.assert_no_pending_responses()
        return job


def test_the_first_job_takes_all_that_the_rules_cover_whatever_its_status() -> None:
    sky = Sky()
    sky.holds(FILLED)
    sky.creates("new-job", {"EligibleForReplication": True})
    sky.shows("new-job", "New")
    job = sky.begun()
    assert (job.id, job.state, job.ended, job.done) == ("new-job", "New", False, False)
    assert job.report == "s3://test-use1-access-logs-1234567/backfill/uploads/job-new-job/"


def test_an_empty_bucket_needs_none() -> None:
    sky = Sky()
    sky.holds({})
    job = sky.begun()
    assert (job.id, job.ended, job.done) == (None, True, True)


@pytest.mark.parametrize("state", ["New", "Preparing", "Ready", "Active", "Pausing", "Paused", "Completing"])
def test_a_job_that_runs_is_followed(state: str) -> None:
    sky = Sky(("Failed", 0, 0, ""), (state, 9, 0, ""))
    sky.shows("job-2", state, 9)
    job = sky.begun()
    assert (job.id, job.ended) == ("job-2", False)


def test_one_that_copied_everything_is_enough() -> None:
    sky = Sky(("Complete", 9, 0, ""))
    sky.shows("job-1", "Complete", 9)
    assert sky.begun().done


def test_what_a_job_could_not_copy_is_tried_again_and_nothing_else() -> None:
    sky = Sky(("Complete", 9, 2, ""))
    sky.shows("job-1", "Complete", 9, failed=2)
    sky.creates("new-job", {"EligibleForReplication": True, "ObjectReplicationStatuses": ["NONE", "FAILED", "REPLICA"]})
    sky.shows("new-job", "New")
    assert sky.begun().id == "new-job"


def test_a_job_that_broke_off_is_begun_anew_with_everything() -> None:
    sky = Sky(("Cancelled", 9, 0, ""))
    sky.shows("job-1", "Cancelled", 9)
    sky.creates("new-job", {"EligibleForReplication": True})
    sky.shows("new-job", "New")
    assert sky.begun().id == "new-job"


def test_where_nothing_is_left_to_try_again_all_is_done() -> None:
    sky = Sky(("Complete", 9, 2, ""), ("Failed", 0, 0, ""))
    sky.shows("job-2", "Failed", why="Manifest generation found no keys matching the filter criteria.")
    assert sky.begun().done


def test_the_same_question_has_the_same_token_and_a_later_one_another() -> None:
    tokens = []
    for jobs in ((), (), (("Cancelled", 9, 0, ""),)):
        sky = Sky(*jobs)
        if jobs:
            sky.shows("job-1", "Cancelled", 9)
        else:
            sky.holds(FILLED)
        sent = sky.creates("new-job", {"EligibleForReplication": True})
        sky.shows("new-job", "New")
        sky.begun()
        tokens.append(sent["ClientRequestToken"])
    assert tokens[0] == tokens[1] != tokens[2]
    assert len(tokens[0]) <= 64


def test_another_region_or_another_bucket_is_another_job() -> None:
    fewer, anew = (
        copies(settings(stage=7), "test", {"copies": {**TOLD["copies"], "to": {OTHER: {"uploads": there}}}})
        for there in ("test-euw1-store-uploads-2345678", "test-euw1-store-uploads-7654321")
    )
    assert len({NAME, fewer.name("uploads"), anew.name("uploads")}) == 3
    assert fewer.mark(OTHER) == FOUND.mark(OTHER) != anew.mark(OTHER)


def test_what_s3_refuses_is_one_line() -> None:
    client = boto3.client("s3control", region_name=HOME, aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stub:
        stub.add_client_error("list_jobs", "AccessDenied", "not\nyou")
        with pytest.raises(JobError, match=r"^S3 in us-east-1: .*not you"):
            CopyJobs(FOUND, lambda *_: client).begin()


@pytest.mark.parametrize(
    ("changes", "outputs", "said"),
    [({"stage": 6}, TOLD, "stage 6 runs in us-east-1 alone"), ({"stage": 7}, {}, "first: pulumi up --stack test")],
)
def test_without_copies_there_is_nothing_to_do(changes: Any, outputs: Any, said: str) -> None:
    with pytest.raises(NoCopiesError, match=said):
        copies(settings(**changes), "test", outputs)


class Runs:
    """Jobs that are done after so many looks."""

    def __init__(self, looks: int, failed: int = 0) -> None:
        self.looks, self.failed = looks, failed

    def begin(self) -> list[CopyJob]:
        return self.look([])

    def look(self, _: list[CopyJob]) -> list[CopyJob]:
        self.looks -= 1
        state = "Complete" if self.looks <= 0 else "Active"
        return [
            CopyJob(
                kind="uploads", bucket="b", id="job-1", state=state, total=9, copied=9 - self.failed, failed=self.failed
            )
        ]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "Pulumi.test.yaml"
    text = (stackfile.ROOT / "Pulumi.prod.yaml").read_text()
    path.write_text(text.replace("ascent:stage: 5", "ascent:stage: 7"))
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    monkeypatch.setattr(command, "_copies", lambda settings, name, _: copies(settings, name, TOLD))
    monkeypatch.setattr("time.sleep", lambda _: None)
    return path


def run(monkeypatch: pytest.MonkeyPatch, runs: Runs, *arguments: str) -> Any:
    def jobs(found: Copies, _: object) -> Runs:
        assert found == FOUND
        return runs

    monkeypatch.setattr(command, "_jobs", jobs)
    return CliRunner().invoke(app, ["backfill", "--stack", "test", *arguments])


def test_waited_for_it_is_written_into_the_file_and_then_nothing_is_asked(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stack.read_text()
    done = run(monkeypatch, Runs(3), "--wait", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["done"], told["regions"], told["jobs"][0]["copied"]) == (True, [THIRD, OTHER], 9)
    noted = yaml.safe_load(stack.read_text())["config"]["ascent:backfilled"]
    today = datetime.now(UTC).date().isoformat()
    assert noted == {one: {"date": today, "buckets": FOUND.mark(one)} for one in (OTHER, THIRD)}
    assert [line for line in stack.read_text().splitlines() if "ascent:backfilled" not in line] == before.splitlines()
    assert all(FOUND.done(stackfile.settings("test"), one) for one in (OTHER, THIRD))
    again = run(monkeypatch, Runs(99), "--wait", "--region", OTHER, "--json")
    assert (again.exit_code, json.loads(again.stdout)["jobs"]) == (0, [])


def test_without_waiting_it_says_how_to_follow(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stack.read_text()
    done = run(monkeypatch, Runs(3))
    assert done.exit_code == 0
    assert "To follow it: ascent backfill --stack test --wait" in done.stdout
    assert stack.read_text() == before


def test_what_was_not_copied_is_not_written_down(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stack.read_text()
    done = run(monkeypatch, Runs(1, failed=2), "--wait")
    assert done.exit_code == 1
    assert "2 could not be copied" in done.stdout
    assert stack.read_text() == before


def test_another_bucket_in_the_place_of_one_is_not_done(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, Runs(1))
    text = stack.read_text()
    stack.write_text(text.replace(FOUND.mark(OTHER), "b" + "0" * 12))
    assert not FOUND.done(stackfile.settings("test"), OTHER)
    assert FOUND.done(stackfile.settings("test"), THIRD)


@pytest.mark.parametrize("region", [HOME, "mars-1"])
def test_a_region_that_has_no_copies_is_bad_input(stack: Path, monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    del stack
    assert run(monkeypatch, Runs(1), "--region", region).exit_code == 2
