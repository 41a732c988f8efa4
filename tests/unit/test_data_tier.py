"""Cache, storage, queues and workers, as the program declares them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.engine.recorder import Recorded
from tests.unit.runtime import built, of_type
from tests.unit.test_fleet import boot_script

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
QUEUE, GROUP = "aws:sqs/queue:Queue", "aws:autoscaling/group:Group"
KINDS = {"uploads", "analyses", "avatars", "generated"}
SERVED = {"avatars", "generated"}
RUNBOOK_QUEUES = {"image-analysis", "recommendations", "notifications", "clean-up"}


def live(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, **changes)


def environment(everything: dict[str, Recorded], name: str = "test-use1-blue") -> dict[str, str]:
    """The plain environment that an instance's boot script hands to the container."""
    source = boot_script(everything, name).partition("instance.json\" <<'ASCENT'\n")[2].partition("\nASCENT")[0]
    found: dict[str, str] = json.loads(source)["environment"]
    return found


def test_the_cache_comes_with_stage_six_encrypted_both_ways() -> None:
    assert of_type(live(stage=5), CACHE) == {}
    (cache,) = of_type(live(stage=6), CACHE).values()
    inputs = cache.inputs
    assert inputs["atRestEncryptionEnabled"] is True
    assert inputs["transitEncryptionMode"] == "required"
    assert inputs["authToken"] == {"secret": True}
    assert inputs["authTokenUpdateStrategy"] == "SET"
    assert inputs["multiAzEnabled"] is True
    assert inputs["automaticFailoverEnabled"] is True
    assert {one["logType"] for one in inputs["logDeliveryConfigurations"]} == {"slow-log", "engine-log"}
    assert not {"numNodeGroups", "replicasPerNodeGroup"} & set(inputs)


def test_its_node_type_can_join_a_global_datastore_from_the_first() -> None:
    for stage in (6, 7):
        cache = of_type(live(stage=stage), CACHE)["test-use1-cache"]
        assert not cache.inputs["nodeType"].startswith("cache.t")


def test_an_external_cache_takes_the_place_of_ours() -> None:
    everything = live(stage=6, externalCache={"url": "rediss://:hunter2@cache.example.com:6379"})
    assert of_type(everything, CACHE) == {}
    assert "hunter2" not in str(everything)


def test_buckets_are_private_encrypted_and_versioned() -> None:
    everything = live()
    for name in KINDS:
        full = f"test-use1-store-{name}"
        assert of_type(everything, "aws:s3/bucket:Bucket")[full].protect
        blocked = of_type(everything, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")[full].inputs
        assert all(blocked[key] for key in blocked if key != "bucket")
        versions = of_type(everything, "aws:s3/bucketVersioning:BucketVersioning")[full].inputs
        assert versions["versioningConfiguration"]["status"] == "Enabled"
        type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        rule = of_type(everything, type_)[full].inputs["rules"][0]
        # What a CDN reads is not behind a key of ours, which it could not use.
        algorithm = "AES256" if name in SERVED else "aws:kms"
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == algorithm
        policy = json.loads(of_type(everything, "aws:s3/bucketPolicy:BucketPolicy")[full].inputs["policy"])
        assert [one["Effect"] for one in policy["Statement"]] == ["Deny"]


def test_unused_uploads_go_after_ninety_days_and_old_analyses_to_the_archive_after_a_year() -> None:
    lifecycles = of_type(live(), "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    rules = {name.rpartition("-")[2]: one.inputs["rules"] for name, one in lifecycles.items() if "-store-" in name}
    assert set(rules) == KINDS
    (unused,) = [one for one in rules["uploads"] if one["id"] == "unused"]
    assert unused["expiration"]["days"] == 90
    # Only what the application has marked as unused: an upload that something refers to never expires.
    assert unused["filter"]["tag"] == {"key": "used", "value": "no"}
    (archive,) = [one for one in rules["analyses"] if one["id"] == "archive"]
    assert archive["transitions"] == [{"days": 365, "storageClass": "GLACIER_IR"}]
    assert all(one[0]["abortIncompleteMultipartUpload"]["daysAfterInitiation"] == 7 for one in rules.values())


def test_only_our_own_pages_may_upload_from_a_browser() -> None:
    cors = of_type(live(), "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")
    assert {name.rpartition("-")[2] for name in cors} == {"uploads", "avatars"}
    assert all(one.inputs["corsRules"][0]["allowedOrigins"] == ["https://app.example.com"] for one in cors.values())


@pytest.mark.parametrize("stage", [1, 6])
def test_queues_and_their_dead_letters_are_there_at_every_stage(stage: int) -> None:
    everything = live(stage=stage)
    queues = of_type(everything, QUEUE)
    assert {name.removeprefix("test-use1-jobs-") for name in queues} == {
        *RUNBOOK_QUEUES,
        *(f"{name}-dead" for name in RUNBOOK_QUEUES),
        "undelivered",  # what schedules and rules put aside
    }
    assert all(one.protect for one in queues.values())
    for name in RUNBOOK_QUEUES:
        redrive = json.loads(queues[f"test-use1-jobs-{name}"].inputs["redrivePolicy"])
        assert redrive["maxReceiveCount"] == 5
        assert redrive["deadLetterTargetArn"].endswith(f"{name}-dead")


def test_a_message_that_is_given_up_on_is_not_gone_on_arrival() -> None:
    # Amazon SQS Developer Guide, Setting up dead-letter queue retention: the time that counts is the original one.
    kept = {
        name.removeprefix("test-use1-jobs-"): one.inputs["messageRetentionSeconds"]
        for name, one in of_type(live(), QUEUE).items()
    }
    assert kept.pop("undelivered") == 1_209_600
    for name in RUNBOOK_QUEUES:
        assert kept[f"{name}-dead"] == 1_209_600  # the most that SQS takes
        assert kept[name] <= kept[f"{name}-dead"] / 2
        assert kept[name] >= 4 * 86_400  # what SQS keeps by itself


def test_workers_come_with_stage_six_and_follow_the_backlog() -> None:
    assert "test-use1-workers" not in of_type(live(stage=5), GROUP)
    everything = live(stage=6)
    group = of_type(everything, GROUP)["test-use1-workers"].inputs
    assert (group["minSize"], group["maxSize"]) == (1, 10)
    assert "desiredCapacity" not in group
    assert "targetGroupArns" not in group
    policy = of_type(everything, "aws:autoscaling/policy:Policy")["test-use1-workers-backlog"].inputs
    specification = policy["targetTrackingConfiguration"]["customizedMetricSpecification"]
    names = [one["metricStat"]["metric"]["metricName"] for one in specification["metrics"] if "metricStat" in one]
    assert names.count("ApproximateNumberOfMessagesVisible") == len(RUNBOOK_QUEUES)
    assert [one["id"] for one in specification["metrics"] if one["returnData"]] == ["backlog"]


def test_only_the_primary_region_has_workers() -> None:
    names = set(of_type(live(stage=7), GROUP))
    assert {name for name in names if "workers" in name} == {"test-use1-workers"}
    assert len(names) == 4


def test_workers_take_jobs_and_the_fleet_only_sends_them() -> None:
    policies = of_type(live(stage=6), "aws:iam/rolePolicy:RolePolicy")
    fleet, workers = policies["test-use1-fleet"].inputs["policy"], policies["test-use1-workers"].inputs["policy"]
    assert "sqs:SendMessage" in fleet
    assert "sqs:ReceiveMessage" not in fleet
    assert "sqs:ReceiveMessage" in workers
    assert "sqs:SendMessage" not in workers


def test_the_application_is_told_what_its_stage_has() -> None:
    low, high = environment(live(stage=1)), environment(live(stage=6))
    assert low["UPLOAD_MAX_BYTES"] == str(5 * 1024 * 1024)
    assert set(json.loads(low["BUCKETS"])) == KINDS
    assert "QUEUE_URLS" not in low
    assert set(json.loads(high["QUEUE_URLS"])) == RUNBOOK_QUEUES
    assert (high["CACHE_TTL_FEED"], high["CACHE_TTL_AI_RESPONSE"]) == ("300", "3600")
    assert environment(live(stage=6), "test-use1-workers")["ROLE"] == "worker"
    assert high["ROLE"] == "web"
