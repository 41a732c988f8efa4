"""Runs pieces of the program under recording mocks, each time on a fresh runtime."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import mocks
from pulumi.runtime import stack as runtime_stack

from infra.wiring import build
from ops.engine.recorder import Recorded, Recorder, settled
from tests.renders import kept, key_of
from tests.unit.configs import settings

PROJECT, STACK = "ascent", "test"
ACCOUNT = "123456789012"
ANSWERS: dict[str, dict[str, Any]] = {
    "cloudflare:index/getZone:getZone": {"account": {"id": "cd" * 16}},
    "cloudflare:index/getRulesets:getRulesets": {"rulesets": [], "results": []},
    "pulumi:pulumi:readStackOutputs": {"outputs": {}},
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session",
    },
    "aws:iam/getSessionContext:getSessionContext": {"issuerArn": f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"},
    "aws:ssm/getParameter:getParameter": {"insecureValue": "ami-0123456789abcdef0"},
}


def answer(token: str, arguments: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stable answer; an invoke that no test expects raises."""
    del arguments, config
    if token not in ANSWERS:
        raise LookupError(f"no test expects the invoke {token}")
    return ANSWERS[token]


class Live(Recorder):
    """Answers as after an update: every resource has an id, and the outputs that the program reads are known."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)
        name, module = request.name, request.type.split(":")[1]
        outputs = Struct()
        outputs.CopyFrom(response.object)
        for key, value in {
            "arn": f"arn:aws:{module}:us-east-1:{ACCOUNT}:{name}",
            "arnWithoutRevision": f"arn:aws:{module}:us-east-1:{ACCOUNT}:{name}",
            "arnSuffix": f"{module}/{name}",
            "name": name,
            "bucketRegionalDomainName": f"{name}.s3.us-east-1.amazonaws.com",
            "bucket": name,
            "dnsName": f"{name}.elb.amazonaws.com",
            "zoneId": "Z123456789",
            "latestVersion": 1,
            "publicIp": "192.0.2.1",
            "keyId": name,
            "result": f"{name}-made-up",
            "endpoint": f"{name}.example.internal",
            "readerEndpoint": f"{name}-ro.example.internal",
            "versionId": f"{name}-version",
            "url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}",
            "certificateAuthority": {"data": "bWFkZSB1cA=="},
            "primaryEndpointAddress": f"{name}.example.internal",
            "readerEndpointAddress": f"{name}-ro.example.internal",
            "globalReplicationGroupId": f"ldgnf-{name}",
            "vpcPeeringConnectionId": f"{name}-id",
            "domainValidationOptions": [
                {"resourceRecordName": "_proof.example.com.", "resourceRecordValue": "_value.acm-validations.aws."}
            ],
        }.items():
            if key not in outputs:
                outputs.update({key: value})
        if request.type == "aws:ec2/subnet:Subnet":
            outputs.update({"availabilityZone": f"name-of-{outputs['availabilityZoneId']}"})
        if request.type == "aws:eks/cluster:Cluster":
            outputs.get_or_create_struct("vpcConfig").update({"clusterSecurityGroupId": f"sg-{name}"})
        response.object.CopyFrom(outputs)
        if request.custom:
            response.id = f"{name}-id"
        return response


def record(program: Callable[[], object], *, live: bool = False) -> dict[str, Recorded]:
    """What `program` registers, by URN; with the cloud's answers in place of unknowns where `live`."""
    recorder = (Live if live else Recorder)(PROJECT, STACK, answer)
    contextvars.copy_context().run(asyncio.run, _run(program, recorder, preview=not live))
    return recorder.recorded


def built(*, live: bool = False, **changes: Any) -> dict[str, Recorded]:
    """What the platform registers for the tests' config with `changes`; rendered once for what comes to the same."""
    chosen = settings(**changes)
    return kept(f"built {live} {key_of(chosen)}", lambda: record(lambda: build(chosen), live=live))


async def _run(program: Callable[[], object], recorder: Recorder, *, preview: bool) -> None:
    quiet = logging.getLogger("ascent.tests")
    quiet.disabled = True
    mocks.set_mocks(recorder.mocks, PROJECT, STACK, preview=preview, logger=quiet, monitor=recorder)

    await runtime_stack.run_pulumi_func(lambda: settled(program))


def of_type(recorded: Mapping[str, Recorded], type_: str) -> dict[str, Recorded]:
    """The recorded resources of a type, by name."""
    return {one.name: one for one in recorded.values() if one.type == type_}
