"""The config's door: what passes, and what each refusal says."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.config.loading import misspelled, parse
from infra.config.problems import SECRETS, SettingsError
from infra.regions import REGIONS
from infra.stages import STAGES
from ops import stackfile
from tests.unit.configs import FILE, config, settings

BLUE = {"image": "registry.example.com/app:1.0.0", "weight": 100}
CLOUDFLARE = {"name": "app.example.com", "dns": "cloudflare", "zoneId": "ab" * 16}
WHOLE = {"cidr": "10.0.0.0/11"}
EXTERNAL = {"name": "app.example.com", "dns": "external"}
EXTERNAL_DATABASE = {
    "directUrl": "postgresql://app:hunter2@db.example.com/app",
    "pooledUrl": "postgresql://app:hunter2@pool.example.com/app",
}


def own(*ranges: str) -> dict[str, Any]:
    """Each region with a range of its own."""
    regions = ("us-east-1", "eu-west-1", "ap-southeast-2")
    return {"network": {"cidrs": dict(zip(regions, ranges, strict=False))}}


THREE = ["subnet-00000000", "subnet-00000001", "subnet-00000002"]
INNER = ["subnet-00000003", "subnet-00000004", "subnet-00000005"]


def there(*regions: str, stage: int = 1, beside: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Regions in a VPC that is there already, each the same but for its name."""
    ids = {"publicSubnets": THREE, "privateSubnets": INNER, "dataSubnets": INNER}
    one = {"vpcId": "vpc-00000000", **ids, **changes}
    return {"stage": stage, "network": {**WHOLE, "vpcs": dict.fromkeys(regions, one), **(beside or {})}}


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
    ({"drained": ["eu-west-1"], "stage": 6}, "drained", ["regions in use"]),
    ({"drained": ["eu-west-1", "us-east-1"], "stage": 7}, "drained", ["do not take the writes"]),
    ({"drained": ["eu-west-1", "eu-west-1"], "stage": 7}, "drained", ["listed once"]),
    ({"runtime": "lambda"}, "runtime", ["'ec2', 'kubernetes' or 'both'"]),
    ({"network": {"cidr": "10.0.0.0/16"}}, "network.cidr", ["range of one region, and the stack has 3", "cidrs"]),
    ({"network": {"cidr": "10.0.0.0/12"}}, "network.cidr", ["a /11 or larger", "under network.cidrs"]),
    ({"network": {"cidr": "10.0.0.0/21"}}, "network.cidr", ["a /16 to a /20"]),
    ({"network": {"cidr": "192.160.0.0/11"}}, "network.cidr", ["inside 10.0.0.0/8 or 172.16.0.0/12 or 192.168"]),
    ({"network": {"cidr": "203.0.0.0/16"}}, "network.cidr", ['given "203.0.0.0/16"', "inside 10.0.0.0/8"]),
    ({"network": {"cidr": "10.1.0.0/11"}}, "network.cidr", ["begin at its first address", "it is in is 10.0.0.0/11"]),
    (own("10.0.0.7/16", "10.1.0.0/16", "10.2.0.0/16"), "network.cidrs.us-east-1", ["it is in is 10.0.0.0/16"]),
    (
        {"network": {"cidr": "10.0.0.0/11", "nat": 1}},
        "network.nat",
        ["unknown key", "Known here: cidr, cidrs, vpcs, egressAddresses"],
    ),
    ({"network": {**WHOLE, "egressAddresses": 2}}, "network.egressAddresses", ["1 or 3"]),
    ({"network": {**WHOLE, "egressAddresses": 1}, "stage": 4}, "network.egressAddresses", ["stage 4", "should be 3"]),
    (there("us-east-1", stage=7, routeTables=["rtb-00000000"]), "network.vpcs", ["stage 7", "none for eu-west-1"]),
    (there("us-east-1", "eu-west-1", "ap-southeast-2", stage=7), "network.vpcs.us-east-1.routeTables", ["3 regions"]),
    (there("us-east-1", dataSubnets=["subnet-00000000"]), "network.vpcs.us-east-1.dataSubnets", ["should be three"]),
    (there("us-east-1", dataSubnets=[THREE[0]] * 3), "network.vpcs.us-east-1.dataSubnets", ["zone of its own"]),
    (there("us-east-1", privateSubnets=THREE), "network.vpcs.us-east-1", ["subnet-00000000", "public as well"]),
    (there("us-east-1", vpcId="prod"), "network.vpcs.us-east-1.vpcId", ["right form"]),
    (there("us-east-1", nat=1), "network.vpcs.us-east-1.nat", ["unknown key"]),
    (there("mars-1"), "network.vpcs.mars-1", ["one of us-east-1"]),
    (there("us-east-1", beside={"egressAddresses": 1}), "network.egressAddresses", ["its own ways out", "leave it"]),
    ({"network": {}}, "network", ["either cidr", "or cidrs"]),
    ({"network": {"cidr": "10.0.0.0/11", "cidrs": {"us-east-1": "10.0.0.0/16"}}}, "network", ["either cidr"]),
    (own("10.0.0.0/16", "10.1.0.0/16"), "network.cidrs", ["none for ap-southeast-2"]),
    ({"network": {"cidrs": {"mars-1": "10.0.0.0/16"}}}, "network.cidrs.mars-1", ["one of us-east-1"]),
    (own("10.0.0.0/15", "10.2.0.0/16", "10.3.0.0/16"), "network.cidrs.us-east-1", ["a /16 to a /20"]),
    (own("8.0.0.0/16", "10.2.0.0/16", "10.3.0.0/16"), "network.cidrs.us-east-1", ["inside 10.0.0.0/8"]),
    (own("10.0.0.0/16", "10.1.0.0/20", "10.1.0.0/16"), "network.cidrs", ["eu-west-1 and", "overlap", "be peered"]),
    (own("172.17.0.0/16", "10.1.0.0/16", "10.2.0.0/16"), "network.cidrs", ["overlaps 172.17.0.0/16", "Docker"]),
    # Services in eu-west-1 are at 172.20, as its own addresses begin with 10; in us-east-1 they are at 10.100.
    (own("172.20.0.0/16", "10.1.0.0/16", "10.2.0.0/16"), "network.cidrs", ["Services in", "take another"]),
    (own("192.168.0.0/16", "10.100.0.0/16", "10.2.0.0/16"), "network.cidrs", ["Services in us-east-1"]),
    ({"domain": {**CLOUDFLARE, "name": "App"}}, "domain.name", ['given "App"', "app.example.com"]),
    ({"domain": {**CLOUDFLARE, "zoneId": "Z0123456789"}}, "domain.zoneId", ["a zone of cloudflare"]),
    ({"domain": {**CLOUDFLARE, "zoneId": None}}, "domain.zoneId", ["missing; cloudflare DNS should have a zoneId"]),
    ({"domain": EXTERNAL}, "domain.certificateArn", ["missing; external DNS should have a certificateArn"]),
    ({"domain": {**EXTERNAL, "zoneId": "ab" * 16}}, "domain.zoneId", ["external DNS should have no zoneId"]),
    ({"domain": {**CLOUDFLARE, "zone": "example.org"}}, "domain.zone", ['given "example.org"', "app.example.com is"]),
    ({"domain": {**CLOUDFLARE, "zone": "ample.com"}}, "domain.zone", ["app.example.com is not in it"]),
    ({"rollout": {"blue": {**BLUE, "weight": 90}}}, "rollout", ["90 + 0 = 90"]),
    ({"rollout": {"blue": BLUE, "green": BLUE}}, "rollout", ["100 + 100 = 200"]),
    ({"rollout": {"blue": {"weight": 100}}}, "rollout.blue", ["should have an image"]),
    ({"rollout": {"blue": {**BLUE, "image": "app"}}}, "rollout.blue.image", ["right form", "registry/name:1.2.3"]),
    ({"rollout": {"blue": {**BLUE, "weight": 93}}}, "rollout.blue.weight", ["multiple of 5"]),
    ({"rollout": {"blue": BLUE, "kubernetesShare": 20}}, "rollout.kubernetesShare", ["the runtime is ec2"]),
    ({"rollout": {"blue": BLUE, "kubernetesShare": 30}, "runtime": "both"}, "rollout.kubernetesShare", ["of 20"]),
    ({"protect": "yes"}, "protect", ["true or false"]),
    ({"alerts": {"critical": ["on-call"]}}, "alerts.critical[0]", ["right form"]),
    ({"fleet": {"minimum": 0}}, "fleet.minimum", ["given 0", "1 to 100"]),
    ({"fleet": {"minimum": 50}}, "fleet", ["the minimum 50 exceeds the maximum 4"]),
    # Rules before the one for sizes ask for a size, too.
    ({"fleet": {"minimum": 50}, "database": {"roles": True}}, "fleet", ["the minimum 50 exceeds the maximum 4"]),
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
    ({"appSecrets": {"QUEUES_REGION": "x"}}, "appSecrets.QUEUES_REGION", ["set by the platform"]),
    ({"appSecrets": {"CACHE_TTL_FEED": "1"}}, "appSecrets.CACHE_TTL_FEED", ["set by the platform"]),
    ({"appSecrets": {"PATH": "/opt"}}, "appSecrets.PATH", ["the instance's own programs run"]),
    ({"appSecrets": {"LD_PRELOAD": "x"}}, "appSecrets.LD_PRELOAD", ["the instance's own programs run"]),
    ({"appSecrets": {"DOCKER_HOST": "x"}}, "appSecrets.DOCKER_HOST", ["the instance's own programs run"]),
    ({"account": {"id": "12345678"}}, "account.id", ['given "12345678"', "twelve digits"]),
    ({"account": {"id": 12345678}}, "account.id", ["given 12345678", "twelve digits"]),
    ({"account": {"assumeRole": "deploy"}}, "account.assumeRole", ["right form", "ARN of the role"]),
    (
        {"account": {"id": "123456789012", "assumeRole": "arn:aws:iam::210987654321:role/deploy"}},
        "account.assumeRole",
        ["it should be in the account 123456789012, and is in 210987654321"],
    ),
    ({"account": {"permissionsBoundary": "boundary"}}, "account.permissionsBoundary", ["right form"]),
    ({"tags": {"aws:team": "web"}}, "tags.aws:team", ["the platform and AWS set this one"]),
    ({"tags": {"Name": "web"}}, "tags.Name", ["the platform and AWS set this one"]),
    ({"tags": {"ascent:stack": "other"}}, "tags.ascent:stack", ["the platform and AWS set this one"]),
    ({"tags": {"team": "wéb"}}, "tags.team", ["right form"]),
    ({"tags": {"Team": "a", "team": "b"}}, "tags", ["Team, team differ in capitals alone"]),
    ({"tags": {f"t{n}": "x" for n in range(41)}}, "tags", ["at most 40 items"]),
    ({"firewall": "yes"}, "firewall", ['given "yes"; it should be true, false or log']),
    ({"fleet": {"imageId": "/team//app"}}, "fleet.imageId", ["right form"]),
    ({"fleet": {"imageId": "/team/app/"}}, "fleet.imageId", ["right form"]),
    ({"tags": {f"key-{number}": "a" for number in range(60)}}, "tags", ["it should have at most 40"]),
    ({"fleet": {"imageId": "al2023"}}, "fleet.imageId", ["right form", "ami-..."]),
    ({"runtime": "kubernetes", "cluster": None}, "cluster", ["the runtime is kubernetes", "apiCidrs", "kubeconfig"]),
    ({"cluster": {}}, "cluster", ["should have apiCidrs"]),
    (
        {
            "runtime": "kubernetes",
            "cluster": {"apiCidrs": [], "verifyDatabase": True},
            "externalDatabase": {"directUrl": "postgresql://a:b@h/d", "pooledUrl": "postgresql://a:b@p/d"},
        },
        "cluster.verifyDatabase",
        ["there is no PgBouncer in the cluster", "pooledUrl"],
    ),
    ({"cluster": {"apiCidrs": ["everywhere"]}}, "cluster.apiCidrs[0]", ["203.0.113.0/24"]),
    ({"pods": {"liveness": "api/live"}}, "pods.liveness", ["api/live", "a path such as /api/live, or tcp"]),
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


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        ("my_stack", "lower-case letters, digits and single hyphens"),
        ("9lives", "begin with a letter"),
        ("a.b", "lower-case letters, digits and single hyphens"),
        ("Prod2", "lower-case letters"),
        ("prod-", "not end with one"),
        ("prod--eu", "single hyphens"),
        ("p" * 35, "it has 35 characters; it should have 34 at most (Amazon S3, bucket naming rules"),
    ],
)
def test_a_stack_whose_name_some_resource_cannot_carry_is_refused(stack: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(config(), f"Pulumi.{stack}.yaml", encrypted=SECRETS)
    (message,) = refused.value.problems
    assert message.startswith(f"Pulumi.{stack}.yaml: the stack's name: ")
    assert said in message
    assert message.endswith("choose another name")


@pytest.mark.parametrize("edge", [{"owner": "prod"}, {"sites": {"prod": {"app": "app.example.com"}}}])
def test_a_stack_does_not_have_itself_write_its_rules(edge: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"^Pulumi\.prod\.yaml: ascent:edge: given prod as owner or in sites"):
        parse(config(stage=5, edge=edge), "Pulumi.prod.yaml", encrypted=SECRETS)


def test_a_file_is_read_as_the_pulumi_cli_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It puts quotes around numbers and booleans: so says `pulumi stack init` of a file with `ascent:stage: 1`."""
    values = config(stage="1", firewall="true", protect="false", credentialsGeneration="2", jobs=None)
    (tmp_path / "Pulumi.prod.yaml").write_text(
        yaml.safe_dump({"config": {f"ascent:{key}": value for key, value in values.items()}})
    )
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    read = stackfile.settings("prod")
    assert (read.stage, read.firewall, read.protect, read.credentials_generation) == (1, True, False, 2)


@pytest.mark.parametrize("stack", ["prod", "my-cache", "acme-euw1", "integration-testing-01", "p" * 34, "a1"])
def test_other_names_are_fine(stack: str) -> None:
    parse(config(), f"Pulumi.{stack}.yaml", encrypted=SECRETS)


def test_an_account_may_be_a_number_as_yaml_has_it() -> None:
    assert settings(account={"id": 123456789012}).account.id == "123456789012"


def test_a_kubeconfig_is_shown_in_no_message() -> None:
    for cluster in ({"kubeconfig": "hunter2", "version": "1.33"}, {"kubeconfig": ["hunter2"]}):
        with pytest.raises(SettingsError) as refused:
            settings(cluster=cluster)
        assert "hunter2" not in str(refused.value)
    with pytest.raises(SettingsError, match=r"ascent:cluster\.kubeconfig: its values are in plain text") as refused:
        parse(config(cluster={"kubeconfig": "hunter2"}), FILE, encrypted=())
    assert "hunter2" not in str(refused.value)


def test_what_stands_beside_an_encrypted_value_may_be_plain() -> None:
    """As `pulumi config set --secret --path ascent:cluster.kubeconfig` writes it."""
    cluster: dict[str, Any] = {"kubeconfig": {"secure": "v1:bm8=:bm8="}, "context": "team", "name": "team"}
    read = stackfile.read(config(runtime="kubernetes", cluster=cluster), FILE).cluster
    assert read is not None
    assert (read.context, read.name, read.kubeconfig is not None) == ("team", "team", True)
    # Beside another value of the same secret, it may not.
    with pytest.raises(SettingsError, match=r"ascent:appSecrets: its values are in plain text"):
        stackfile.read(config(appSecrets={"A": {"secure": "v1:bm8=:bm8="}, "B": "hunter2"}), FILE)


@pytest.mark.parametrize(
    ("key", "value", "same"),
    [
        ("database", {"maxAcu": "2.5"}, {"maxAcu": 2.5}),
        ("database", {"maxAcu": "4"}, {"maxAcu": 4}),
        ("protect", "true", True),
        ("account", {"id": 123456789012}, {"id": "123456789012"}),
        ("tags", {"critical": True, "rank": 7}, {"critical": "true", "rank": "7"}),
        ("fleet", {"maximum": "6"}, {"maximum": 6}),
    ],
)
def test_values_are_taken_as_pulumi_saves_them(key: str, value: Any, same: Any) -> None:
    assert settings(**{key: value}) == settings(**{key: same})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        # The engine reads 012345670123 as an octal number: what was meant is gone.
        ("account", {"id": 1402433619}, "ascent:account.id: given"),
        ("fleet", {"maximum": "many"}, 'ascent:fleet.maximum: given "many"'),
        ("fleet", {"maximum": "6.5"}, 'ascent:fleet.maximum: given "6.5"'),
        ("protect", "yes", 'ascent:protect: given "yes"; it should be true or false'),
    ],
)
def test_what_pulumi_saves_and_nobody_can_have_meant_is_refused(key: str, value: Any, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**{key: value})
    assert said in str(refused.value)


@pytest.mark.parametrize("space", ["acsent", "Ascent", "ascents", "asent"])
def test_a_namespace_that_is_nearly_ours_is_refused(
    space: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    (tmp_path / "Pulumi.test.yaml").write_text(f"config: {{{space}:budget: 5, aws:region: us-east-1}}\n")
    with pytest.raises(SettingsError, match=f"{space}:budget: nothing reads this namespace"):
        stackfile.config("test")


def test_other_namespaces_are_nobodys_business() -> None:
    assert misspelled(["aws:region", "kubernetes:context", "team:ascent", "accent-bar:x"], "ascent", FILE) == []


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
    assert len({one.ranges for one in shipped}) == len(shipped)
    assert len({one.domain.name for one in shipped}) == len(shipped)
    assert {one.runtime for one in shipped} == {"ec2", "kubernetes", "both"}
    assert len({one.stage for one in shipped}) >= 3


def test_only_the_last_stage_uses_more_than_the_primary_region() -> None:
    assert [len(settings(stage=stage).active_regions) for stage in STAGES] == [1, 1, 1, 1, 1, 1, 3]


def test_an_unknown_stack_is_named_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match=rf"Pulumi\.nope\.yaml.*{', '.join(stackfile.names())}"):
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
