"""The pack as the engine talks to it: started as the engine starts it, asked over gRPC."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from infra.config.problems import SECRETS
from ops import stackfile
from ops.engine.recorder import Recorded
from policy.pack import facts_of, plain
from policy.rules import RULES, STACK_RULES
from scripts.places import ROOT
from tests.policy.bad import GONE, changed
from tests.unit.configs import config
from tests.unit.runtime import built

SPECIAL = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
# As an engine's language host starts a directory, and as an engine starts a program.
STARTS = {
    "directory": [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policy")],
    "program": [str(ROOT / "policy" / "pulumi-analyzer-ascent"), "127.0.0.1:1"],
}


@pytest.fixture(scope="module", params=STARTS)
def pack(request: pytest.FixtureRequest) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """A running pack that knows the tests' stack at stage 6."""
    with subprocess.Popen(STARTS[request.param], cwd=ROOT, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = analyzer_pb2_grpc.AnalyzerStub(channel)
                stub.ConfigureStack(
                    analyzer_pb2.AnalyzerStackConfigureRequest(
                        stack="test", project="ascent", config=_texts(config(stage=6, runtime="both"))
                    )
                )
                yield stub
        finally:
            process.terminate()


def _texts(values: Mapping[str, Any], project: str = "ascent") -> dict[str, str]:
    """Config as the engine hands it over."""
    return {f"{project}:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def _sent(value: Any) -> Any:
    """A recorded value as the engine sends it."""
    if value == {"unknown": True}:
        return UNKNOWN_STRING_VALUE
    if value == {"secret": True}:
        return {SPECIAL: SECRET, "value": "hunter2"}
    if isinstance(value, Mapping):
        return {key: _sent(one) for key, one in value.items()}
    return [_sent(one) for one in value] if isinstance(value, list | tuple) else value


def _message(kind: type[Any], one: Recorded, changes: dict[str, Any] | None = None) -> Any:
    properties, provider = Struct(), Struct()
    properties.update(_sent(changed(one.inputs, changes or {})))
    provider.update({"region": one.region} if one.region else {})
    return kind(
        urn=one.urn, type=one.type, name=one.name, properties=properties,
        options=analyzer_pb2.AnalyzerResourceOptions(protect=one.protect),
        provider=analyzer_pb2.AnalyzerProviderResource(type="pulumi:providers:aws", properties=provider),
    )  # fmt: skip


def _names(response: Any) -> list[str]:
    return [one.policyName for one in response.diagnostics]


def test_the_pack_tells_its_policies_with_severity_and_what_stops_an_update(
    pack: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "ascent"
    told = {one.name: one for one in info.policies}
    assert set(told) == {*(rule.name for rule in RULES), *(rule.name for rule in STACK_RULES)}
    assert told["ingress-web-only"].enforcementLevel == analyzer_pb2.MANDATORY
    assert told["ingress-web-only"].severity == analyzer_pb2.POLICY_SEVERITY_CRITICAL
    assert told["alarm-explained"].enforcementLevel == analyzer_pb2.ADVISORY
    assert "EC2.18" in told["ingress-web-only"].framework.reference


def test_the_pack_passes_a_good_stack_and_stops_a_bad_resource(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    found = [one for one in built(stage=6, runtime="both", live=True).values() if one.custom]
    by_type = {one.type: one for one in found}
    for one in by_type.values():
        assert _names(pack.Analyze(_message(analyzer_pb2.AnalyzeRequest, one))) == [], one.type
    cluster = by_type["aws:rds/cluster:Cluster"]
    bad = pack.Analyze(_message(analyzer_pb2.AnalyzeRequest, cluster, {"backupRetentionPeriod": 1}))
    assert _names(bad) == ["aurora-backups"]
    assert "backupRetentionPeriod is '1'; it should be 7 or more" in bad.diagnostics[0].message
    # Only from the stage with the cache on: the pack has to know the stage for this one.
    cache = by_type["aws:elasticache/replicationGroup:ReplicationGroup"]
    alone = pack.Analyze(_message(analyzer_pb2.AnalyzeRequest, cache, {"numCacheClusters": 1}))
    assert _names(alone) == ["cache-fails-over"]


def test_the_pack_looks_at_the_whole_stack(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    found = [one for one in built(stage=6, runtime="both", live=True).values() if one.custom]
    kind = analyzer_pb2.AnalyzerResource

    def stack(resources: list[Recorded], changes: dict[str, Any] | None = None) -> list[str]:
        messages = [_message(kind, one, changes if one.type == "aws:sqs/queue:Queue" else None) for one in resources]
        return _names(pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=messages)))

    assert stack(found) == []
    assert stack(found, {"redrivePolicy": GONE}) == ["stack-dead-letters"]
    assert set(stack([one for one in found if one.type != "aws:ec2/flowLog:FlowLog"])) == {"stack-networks-logged"}


def test_no_secret_is_in_a_message(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    for one in built(stage=6, runtime="both", live=True).values():
        if one.custom and '"secret": true' in json.dumps(one.inputs):
            secret = _message(analyzer_pb2.AnalyzeRequest, one, {"description": {"secret": True}})
            assert "hunter2" not in str(pack.Analyze(secret))


@pytest.mark.parametrize("stack", stackfile.names())
def test_the_engines_config_tells_what_the_settings_tell(stack: str) -> None:
    settings = stackfile.settings(stack)
    text = _texts(settings.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True))
    known = facts_of("ascent", text, [f"ascent:{key}" for key in SECRETS])
    assert known.stage == settings.stage
    assert known.regions == settings.active_regions
    assert known.capabilities == {one.value for one in settings.row.capabilities}


def test_a_stack_that_is_not_ours_has_no_stage() -> None:
    assert facts_of("shop", {"shop:size": "5", "aws:region": "us-east-1"}, []).stage is None


def test_numbers_are_whole_again_and_unknowns_are_known_as_such() -> None:
    assert plain({"a": [3.0, 0.5], "b": UNKNOWN_STRING_VALUE}) == {"a": [3, 0.5], "b": {"unknown": True}}
