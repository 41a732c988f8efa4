"""Mirrors what holds data and messages: buckets, queues, keys, secrets, and the rules of events."""

from __future__ import annotations

import json
from typing import Any

from moto.events.models import EventsBackend, events_backends
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends
from moto.sqs.models import SQSBackend, sqs_backends

from sandbox.aws.things import ACCOUNT, Kind, Thing, api, popped

# Amazon SQS API Reference, SetQueueAttributes: the attribute of a property.
_QUEUE = {
    "delaySeconds": "DelaySeconds",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "kmsMasterKeyId": "KmsMasterKeyId",
}


def s3() -> S3Backend:
    """moto's S3, which is one for all regions."""
    return s3_backends[ACCOUNT]["aws"]


def _sqs(thing: Thing) -> SQSBackend:
    return sqs_backends[ACCOUNT][thing.region]


def _kms(thing: Thing) -> KmsBackend:
    return kms_backends[ACCOUNT][thing.region]


def _secrets(thing: Thing) -> SecretsManagerBackend:
    return secretsmanager_backends[ACCOUNT][thing.region]


def _events(thing: Thing) -> EventsBackend:
    return events_backends[ACCOUNT][thing.region]


def _put_bucket(thing: Thing) -> None:
    if thing.id not in s3().buckets:
        s3().buckets[thing.id] = FakeBucket(thing.id, ACCOUNT, thing.region)
    s3().tagger.tag_resource(s3().buckets[thing.id].arn, thing.tags)


def _remove_bucket(thing: Thing) -> None:
    s3().buckets.pop(thing.id, None)
    s3_backends.bucket_accounts.pop(thing.id, None)


def _put_versioning(thing: Thing) -> None:
    bucket = s3().buckets.get(str(thing.has["bucket"]))
    if bucket is not None:
        bucket.versioning_status = (thing.has.get("versioningConfiguration") or {}).get("status")


def _put_queue(thing: Thing) -> None:
    there = _sqs(thing)
    attributes = {new: thing.has[old] for old, new in _QUEUE.items() if thing.has.get(old) not in (None, "")}
    if thing.name not in there.queues:
        there.create_queue(thing.name, thing.plain_tags)
    there.queues[thing.name]._set_attributes(attributes)
    there.queues[thing.name].tags = thing.plain_tags


def _put_key(thing: Thing) -> None:
    there = _kms(thing)
    if thing.id not in there.keys:
        multi = bool(thing.has.get("multiRegion")) or thing.id.startswith("mrk-")
        usage, spec = thing.has.get("keyUsage"), thing.has.get("keySpec") or thing.has.get("customerMasterKeySpec")
        policy = str(thing.has.get("policy") or "") or None
        key = Key(policy, str(usage), str(spec), str(thing.has.get("description")), ACCOUNT, thing.region, multi)
        key.id, key.arn = thing.id, thing.arn
        if multi:
            key.multi_region_configuration["PrimaryKey"]["Arn"] = str(thing.has.get("primaryKeyArn") or thing.arn)
        there.keys[thing.id] = key
    one = there.keys[thing.id]
    one.description = str(thing.has.get("description") or "")
    one.key_rotation_status = bool(thing.has.get("enableKeyRotation"))
    tags = [{"TagKey": one["Key"], "TagValue": one["Value"]} for one in thing.tags]
    there.tagger.tag_resource(thing.id, tags)


def _put_alias(thing: Thing) -> None:
    there, target = _kms(thing), str(thing.has["targetKeyId"]).rpartition("/")[2]
    if target in there.keys:
        _remove_alias(thing)
        there.create_alias(target, thing.id)


def _remove_alias(thing: Thing) -> None:
    for key in _kms(thing).keys.values():
        key.aliases.pop(thing.id, None)


def _put_secret(thing: Thing) -> None:
    there = _secrets(thing)
    one = there.secrets.get(thing.name)
    if one is None:
        there._add_secret(thing.name, tags=thing.tags)
        one = there.secrets[thing.name]
        one.arn = thing.arn
    if isinstance(one, FakeSecret):
        one.update(str(thing.has.get("description") or ""), thing.tags, thing.has.get("kmsKeyId"))


def _put_version(thing: Thing) -> None:
    """The world has digests of secrets, so that is what a client reads, in the form of a database's secret.

    AWS Secrets Manager User Guide, JSON structure of AWS Secrets Manager secrets: user name and password.
    """
    there, name = _secrets(thing), str(thing.has["secretId"])
    version, text = str(thing.has.get("versionId")), thing.has.get("secretString")
    one = there.secrets.get(name)
    if isinstance(one, FakeSecret) and version not in one.versions and text is not None:
        told = json.dumps({"username": "sandbox", "password": str(text)})
        there._add_secret(one.name, told, description=one.description, tags=one.tags, version_id=version.ljust(32, "0"))


def _put_rule(thing: Thing) -> None:
    bus = str(thing.has.get("eventBusName") or "default")
    _events(thing).put_rule(
        thing.name,
        description=thing.has.get("description"),
        event_bus_arn=bus,
        event_pattern=thing.has.get("eventPattern"),
        role_arn=thing.has.get("roleArn"),
        scheduled_expression=thing.has.get("scheduleExpression"),
        state=str(thing.has.get("state") or "ENABLED"),
        tags=thing.tags,
    )


def _remove_rule(thing: Thing) -> None:
    for bus in _events(thing).event_buses.values():
        bus.rules.pop(thing.name, None)


def _target(thing: Thing) -> tuple[Any, str]:
    bus = _events(thing).event_buses.get(str(thing.has.get("eventBusName") or "default"))
    rule = bus.rules.get(str(thing.has["rule"])) if bus is not None else None
    return rule, str(thing.has.get("targetId") or thing.name)


def _put_target(thing: Thing) -> None:
    rule, target = _target(thing)
    if rule is not None:
        more = {key: api(thing.has[old]) for old, key in _TARGET.items() if thing.has.get(old)}
        rule.put_targets([{"Id": target, "Arn": thing.has["arn"], **more}])


_TARGET = {"roleArn": "RoleArn", "input": "Input", "retryPolicy": "RetryPolicy"}


def _remove_target(thing: Thing) -> None:
    rule, target = _target(thing)
    if rule is not None:
        rule.remove_targets([target])


def _kept(_: Thing) -> None:
    """It goes with what it is a part of."""


_KEY = Kind(_put_key, popped(lambda thing: _kms(thing).keys))
KINDS = {
    "aws:s3/bucket:Bucket": Kind(_put_bucket, _remove_bucket),
    "aws:s3/bucketVersioning:BucketVersioning": Kind(_put_versioning, _kept),
    "aws:sqs/queue:Queue": Kind(_put_queue, popped(lambda thing: _sqs(thing).queues, "name")),
    "aws:kms/key:Key": _KEY,
    "aws:kms/replicaKey:ReplicaKey": _KEY,
    "aws:kms/alias:Alias": Kind(_put_alias, _remove_alias),
    "aws:secretsmanager/secret:Secret": Kind(_put_secret, popped(lambda thing: _secrets(thing).secrets, "name")),
    "aws:secretsmanager/secretVersion:SecretVersion": Kind(_put_version, _kept),
    "aws:cloudwatch/eventRule:EventRule": Kind(_put_rule, _remove_rule),
    "aws:cloudwatch/eventTarget:EventTarget": Kind(_put_target, _remove_target),
}
