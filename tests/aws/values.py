"""Planned inputs as AWS would get them: with places that remember where they come from, and values nobody knows yet."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.values import UNKNOWN, Unknown
from ops.engine import recorder

Path = tuple[str, ...]  # an element of a list is `*`


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value, and the input that it comes from; None for one that the translation adds."""

    value: Any
    origin: Path | None


class Items(list[Any]):
    """A list, and the input that it comes from."""

    origin: Path | None = None


# ARNs that the recording mocks make up (tests/unit/runtime.py), by what they name, in the form of the Service
# Authorization Reference, Resource types defined by each service.
ARN = re.compile(
    r"arn:aws:(?P<of>[a-z0-9]+/[A-Za-z]+):(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[A-Za-z0-9_.-]+)"
)
ARNS = {
    "autoscaling/group": "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{name}",
    "cloudwatch/eventRule": "arn:aws:events:{region}:{account}:rule/{name}",
    "cloudwatch/logGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "ecr/repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "ecs/cluster": "arn:aws:ecs:{region}:{account}:cluster/{name}",
    "ecs/taskDefinition": "arn:aws:ecs:{region}:{account}:task-definition/{name}",
    "iam/role": "arn:aws:iam::{account}:role/{name}",
    "kms/key": "arn:aws:kms:{region}:{account}:key/12345678-1234-1234-1234-123456789012",
    "kms/replicaKey": "arn:aws:kms:{region}:{account}:key/12345678-1234-1234-1234-123456789012",
    "lambda/function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "rds/cluster": "arn:aws:rds:{region}:{account}:cluster:{name}",
    "s3/bucket": "arn:aws:s3:::{name}",
    "scheduler/schedule": "arn:aws:scheduler:{region}:{account}:schedule/default/{name}",
    "secretsmanager/secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "sns/topic": "arn:aws:sns:{region}:{account}:{name}",
    "sqs/queue": "arn:aws:sqs:{region}:{account}:{name}",
}
# Ids of the mocks are the resource's name and this.
MADE_UP = re.compile(r"[a-z][a-z0-9-]*-id|sg-[a-z]+-[a-z0-9-]+|arn:aws:[a-z0-9]+/[A-Za-z]+:[a-z0-9-]+:\d{12}:.+")


def wrapped(value: Any, origin: Path | None = ()) -> Any:
    """`value` with the input that each part comes from. Below a parsed document, there is none."""
    if isinstance(value, Mapping):
        if value in (recorder.UNKNOWN, recorder.SECRET):
            return Leaf(UNKNOWN, origin)
        # What is null is left out by the SDK or the provider.
        kept = {key: one for key, one in value.items() if one is not None}
        return {key: wrapped(one, None if origin is None else (*origin, key)) for key, one in kept.items()}
    if isinstance(value, list):
        items = Items(wrapped(one, None if origin is None else (*origin, "*")) for one in value)
        items.origin = origin
        return items
    return Leaf(_real(value) if isinstance(value, str) else value, origin)


def _real(text: str) -> str | Unknown:
    text = ARN.sub(_arn, text)
    return UNKNOWN if MADE_UP.fullmatch(text) else text


def _arn(match: re.Match[str]) -> str:
    return ARNS[match["of"]].format(**match.groupdict()) if match["of"] in ARNS else match[0]


def document(text: Any) -> Any:
    """A JSON document in a text, wrapped; the text itself where it holds none."""
    if isinstance(text, str) and text[:1] in ("{", "["):
        try:
            return wrapped(json.loads(text), None)
        except ValueError:
            pass
    return None


def plain(value: Any) -> Any:
    """The values alone."""
    if isinstance(value, Leaf):
        return value.value
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value
