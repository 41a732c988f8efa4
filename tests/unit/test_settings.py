"""The config's door: what passes, and what each refusal says."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.regions import REGIONS
from infra.settings import SettingsError, parse
from infra.stages import STAGES
from ops import stackfile
from tests.unit.configs import FILE, config, settings

BLUE = {"image": "registry.example.com/app:1.0.0", "weight": 100}
CLOUDFLARE = {"name": "app.example.com", "dns": "cloudflare", "zoneId": "ab" * 16}
EXTERNAL = {"name": "app.example.com", "dns": "external"}
EXTERNAL_DATABASE = {
    "directUrl": "postgresql://app:hunter2@db.example.com/app",
    "pooledUrl": "postgresql://app:hunter2@pool.example.com/app",
}

REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"stage": 8}, "stage", ["given 8", "1, 2, 3, 4, 5, 6 or 7"]),
    ({"stage": "4"}, "stage", ['given "4"']),
    ({"stage": None}, "stage", ["missing"]),
    ({"stag": 1}, "stag", ["unknown key", "Did you mean stage?"]),
    ({"regions": []}, "regions", ["should not be empty"]),
    ({"regions": "us-east-1"}, "regions", ["should be a list"]),
    ({"regions": ["us-east-1", "us-east-1"]}, "regions", ["listed once", "us-east-1"]),
    ({"regions": ["us-east-1", "mars-1"]}, "regions[1]", ['given "mars-1"', "eu-west-1"]),
    ({"regions": sorted(REGIONS)[:12], "stage": 7}, "regions", ["11 regions at most", "external database"]),
    ({"writer": "eu-west-1", "stage": 6}, "writer", ["stage 6 can write in us-east-1", "fail back before"]),
    ({"writer": "us-west-2", "stage": 7}, "writer", ["us-east-1 or eu-west-1 or ap-southeast-2"]),
    ({"unreachable": "us-east-1", "stage": 7}, "unreachable", ["does not take the writes", "ascent failover --lost"]),
    ({"unreachable": "eu-west-1", "stage": 6}, "unreachable", ["a region in use"]),
    ({"runtime": "lambda"}, "runtime", ["'ec2', 'kubernetes' or 'both'"]),
    ({"network": {"cidr": "10.0.0.0/16"}}, "network.cidr", ["a /11 inside 10.0.0.0/8"]),
    ({"network": {"cidr": "192.160.0.0/11"}}, "network.cidr", ["a /11 inside 10.0.0.0/8"]),
    ({"network": {"cidr": "10.1.0.0/11"}}, "network.cidr", ["host bits"]),
    ({"network": {"cidr": "10.0.0.0/11", "nat": 1}}, "network.nat", ["unknown key", "Known here: cidr"]),
    ({"domain": {**CLOUDFLARE, "name": "App"}}, "domain.name", ['given "App"', "app.example.com"]),
    ({"domain": {**CLOUDFLARE, "zoneId": "Z0123456789"}}, "domain", ["a zone of cloudflare"]),
    ({"domain": {**CLOUDFLARE, "zoneId": None}}, "domain", ["should have a zoneId"]),
    ({"domain": EXTERNAL}, "domain", ["should have a certificateArn"]),
    ({"rollout": {"blue": {**BLUE, "weight": 90}}}, "rollout", ["90 + 0 = 90"]),
    ({"rollout": {"blue": BLUE, "green": BLUE}}, "rollout", ["100 + 100 = 200"]),
    ({"rollout": {"blue": {"weight": 100}}}, "rollout.blue", ["should have an image"]),
    ({"rollout": {"blue": {**BLUE, "image": "app"}}}, "rollout.blue.image", ["right form", "registry/name:1.2.3"]),
    ({"rollout": {"blue": {**BLUE, "weight": 93}}}, "rollout.blue.weight", ["multiple of 5"]),
    ({"rollout": {"blue": BLUE, "kubernetesShare": 20}}, "rollout.kubernetesShare", ["the runtime is ec2"]),
    ({"rollout": {"blue": BLUE, "kubernetesShare": 30}, "runtime": "both"}, "rollout.kubernetesShare", ["of 20"]),
    ({"protect": "yes"}, "protect", ["valid boolean"]),
    ({"alerts": {"critical": ["on-call"]}}, "alerts.critical[0]", ["right form"]),
    ({"fleet": {"minimum": 0}}, "fleet.minimum", ["given 0", "1 to 100"]),
    ({"fleet": {"minimum": 50}}, "fleet", ["the minimum 50 exceeds the maximum 4"]),
    ({"fleet": {"instanceTypes": ["t3.small"]}}, "fleet.instanceTypes[0]", ["Graviton"]),
    ({"stage": 4, "fleet": {"instanceTypes": ["c7g.large", "m7g.large"]}}, "fleet.instanceTypes", ["warm pool"]),
    ({"database": {"maxAcu": 300}}, "database.maxAcu", ["given 300", "less than or equal to 256"]),
    ({"database": {"maxAcu": 2.3}}, "database.maxAcu", ["multiple of 0.5"]),
    ({"readers": {"minimum": 1}}, "readers", ["this stage has none"]),
    ({"cache": {"nodes": 3}, "stage": 5}, "cache", ["this stage has none"]),
    ({"cache": {"nodeType": "cache.t4g.small"}, "stage": 6}, "cache.nodeType", ["Global Datastore"]),
    ({"database": {"instanceClass": "db.t3.micro"}}, "database.instanceClass", ["db.r7g.large"]),
    (
        {"database": {"maxAcu": 1}, "fleet": {"maximum": 20}},
        "database",
        ["application 400 + workers 0 + jobs 5 + reserve 15 = 420, of 189 connections", "Raise database.maxAcu"],
    ),
    ({"externalDatabase": {"directUrl": "postgresql://a:b@c/d"}}, "externalDatabase.pooledUrl", ["missing"]),
    ({"externalDatabase": EXTERNAL_DATABASE, "database": {"maxAcu": 8}}, "database", ["an external one"]),
    ({"appSecrets": {"DATABASE_URL": "x"}}, "appSecrets.DATABASE_URL", ["set by the platform"]),
    ({"runtime": "kubernetes", "cluster": None}, "cluster", ["the runtime is kubernetes", "apiCidrs", "kubeconfig"]),
    ({"cluster": {}}, "cluster", ["should have apiCidrs"]),
    ({"cluster": {"apiCidrs": ["everywhere"]}}, "cluster.apiCidrs[0]", ["203.0.113.0/24"]),
    ({"cluster": {"apiCidrs": [], "context": "team"}}, "cluster", ["come with a kubeconfig"]),
    ({"cluster": {"kubeconfig": "hunter2", "admins": ["arn:aws:iam::123456789012:role/a"]}}, "cluster", ["makes none"]),
    (
        {"runtime": "kubernetes", "stage": 7, "cluster": {"kubeconfig": "hunter2"}},
        "cluster.kubeconfig",
        ["a secret value", "cannot be in 3 regions"],
    ),
    ({"stage": 6, "cache": {"inCluster": True}}, "cache.inCluster", ["instances cannot reach", "the runtime is ec2"]),
    ({"stage": 6, "cache": {"inCluster": True, "nodes": 3}}, "cache", ["are ElastiCache's"]),
    ({"stage": 5, "cache": {"inCluster": True}, "runtime": "kubernetes"}, "cache", ["this stage has none"]),
    ({"stage": 6, "workers": {"minimum": 0}, "runtime": "kubernetes"}, "workers.minimum", ["at least one pod"]),
    ({"pods": {"cpu": 0.3}}, "pods.cpu", ["multiple of 0.25", "in quarters"]),
    (
        {"stage": 5, "domain": {"name": "app.example.com", "dns": "route53", "zoneId": "Z0123456789"}},
        "domain.dns",
        ['given "route53"', "stage 5", "cloudflare"],
    ),
]


@pytest.mark.parametrize(("changes", "key", "said"), REFUSED, ids=[f"{key}-{said[0]}" for _, key, said in REFUSED])
def test_a_refusal_is_one_message_with_file_key_value_and_what_is_allowed(
    changes: dict[str, Any], key: str, said: list[str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**changes)
    (message,) = refused.value.problems
    assert message.startswith(f"{FILE}: ascent:{key}: ")
    assert "\n" not in message
    for words in said:
        assert words in message


def test_a_kubeconfig_is_shown_in_no_message() -> None:
    for cluster in ({"kubeconfig": "hunter2", "version": "1.33"}, {"kubeconfig": ["hunter2"]}):
        with pytest.raises(SettingsError) as refused:
            settings(cluster=cluster)
        assert "hunter2" not in str(refused.value)
    with pytest.raises(SettingsError, match=r"ascent:cluster\.kubeconfig: its values are in plain text") as refused:
        parse(config(cluster={"kubeconfig": "hunter2"}), FILE, encrypted=())
    assert "hunter2" not in str(refused.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        settings(stage=9, runtime="lambda", typo=1)
    assert len(refused.value.problems) == 3


def test_a_secret_in_plain_text_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError, match="plain text") as refused:
        parse(config(appSecrets={"KEY": "hunter2"}), FILE, encrypted=())
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("secrets", [{"lower": "hunter2"}, {"KEY": ["hunter2"]}])
def test_a_bad_secret_is_refused_without_being_shown(secrets: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(appSecrets=secrets)
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(settings(appSecrets={"KEY": "hunter2"}))


def test_a_bad_url_of_an_external_database_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError, match="postgresql://user:password@host/database") as refused:
        settings(externalDatabase={**EXTERNAL_DATABASE, "pooledUrl": "mysql://app:hunter2@db"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("stack", stackfile.names())
@pytest.mark.parametrize("stage", STAGES)
def test_every_shipped_stack_is_allowed_at_every_stage_its_dns_can_serve(stack: str, stage: int) -> None:
    own = stackfile.settings(stack)
    if stage >= 5 and own.domain.dns != "cloudflare":
        with pytest.raises(SettingsError, match=r"ascent:domain\.dns"):
            stackfile.settings(stack, stage)
    else:
        assert stackfile.settings(stack, stage).stage == stage


@pytest.mark.parametrize("text", ["config: [", "- a list", "config: 5", "config: {5: \x00}"])
def test_a_file_that_is_no_stacks_config_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "Pulumi.mine.yaml").write_text(text)
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    with pytest.raises(SettingsError, match=r"^Pulumi\.mine\.yaml is not .*$"):
        stackfile.settings("mine")


def test_shipped_stacks_differ_in_stage_and_runtime_and_never_share_addresses() -> None:
    shipped = [stackfile.settings(stack) for stack in stackfile.names()]
    assert len({one.network.cidr for one in shipped}) == len(shipped)
    assert len({one.domain.name for one in shipped}) == len(shipped)
    assert {one.runtime for one in shipped} == {"ec2", "kubernetes", "both"}
    assert len({one.stage for one in shipped}) >= 3


def test_only_the_last_stage_uses_more_than_the_primary_region() -> None:
    assert [len(settings(stage=stage).active_regions) for stage in STAGES] == [1, 1, 1, 1, 1, 1, 3]


def test_an_unknown_stack_is_named_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match=r"Pulumi\.nope\.yaml.*dev, prod, sandbox, staging"):
        stackfile.settings("nope")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(string.printable, max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_letters, max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(config())), JSON)
def test_no_value_of_any_kind_gets_past_with_anything_but_a_message(key: str, value: Any) -> None:
    problems: list[str] | None = None
    try:
        parse({**config(), key: value}, FILE, ())
    except SettingsError as refused:
        problems = refused.problems
    assert problems is None or (problems and all(one.startswith(f"{FILE}: ascent:") for one in problems))


@given(
    stage=st.sampled_from(sorted(STAGES)),
    regions=st.lists(st.sampled_from(sorted(REGIONS)), min_size=1, max_size=10, unique=True),
    blue=st.integers(0, 20).map(lambda step: step * 5),
    share=st.integers(0, 5).map(lambda step: step * 20),
)
def test_what_is_allowed_is_kept_as_it_was_given(stage: int, regions: list[str], blue: int, share: int) -> None:
    color = {"image": "registry.example.com/app:1.0.0"}
    rollout = {"blue": {**color, "weight": blue}, "green": {**color, "weight": 100 - blue}, "kubernetesShare": share}
    parsed = settings(stage=stage, regions=regions, runtime="both", rollout=rollout)
    assert parsed.stage == stage
    assert list(parsed.regions) == regions
    assert parsed.rollout.blue.weight + parsed.rollout.green.weight == 100
    assert parsed.rollout.kubernetes_share == share
