"""One, three and ten regions: what adding, dropping and failing over touches, and what each region is told."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.data_loss import holds_data
from catalog.stateful import FACTS
from infra import half_written, wiring
from infra.addressing import vpc_cidr
from infra.components.data.app_secret import AppSecret, AppSecretArgs
from infra.config.settings import Settings
from infra.regions import REGIONS
from infra.steering import PARTS, PLACES, nearest, part_of
from infra.wiring import app_secrets, stack_outputs
from infra.wiring.home_region import refuse_home_change
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.engine.recorder import Recorded
from tests.unit import runtime
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, built, of_type, record
from tests.unit.test_data_tier import environment

TEN = ["us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2", "eu-central-1"]
TEN += ["ap-northeast-1", "sa-east-1", "ca-central-1", "ap-south-1", "af-south-1"]
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
CRON = "kubernetes:batch/v1:CronJob"
CLUSTER, CACHE = "aws:rds/cluster:Cluster", "aws:elasticache/replicationGroup:ReplicationGroup"
BALANCER, POOL = "cloudflare:index/loadBalancer:LoadBalancer", "cloudflare:index/loadBalancerPool:LoadBalancerPool"
STANDBYS, BUCKETS = ("use1", "euw1", "apse2"), ("analyses", "avatars", "generated", "uploads")
# What the last update says of a region that is lost now.
BUILT = {"outputs": {"regions": {"us-east-1": {"machineImage": "ami-0fedcba9876543210"}}}}
# What names all regions at once, and so changes in place when one is added or dropped.
SHARED = {
    "aws:cloudwatch/dashboard:Dashboard test-use1-overview",
    # Each region's share of the visitors.
    *(f"aws:cloudwatch/metricAlarm:MetricAlarm test-{REGIONS[name].code}-visitors-none" for name in TEN),
    *(f"aws:cloudwatch/dashboard:Dashboard test-{REGIONS[name].code}" for name in TEN),
    # What is copied to all others, from each region that can take the writes.
    *(f"aws:iam/rolePolicy:RolePolicy test-{code}-copies" for code in STANDBYS),
    *(f"{REPLICATION} test-{code}-copies-{kind}" for code in STANDBYS for kind in BUCKETS),
    # What the application may write to, once it is there.
    *(f"aws:iam/rolePolicy:RolePolicy test-{code}-{fleet}" for code in STANDBYS for fleet in ("fleet", "workers")),
    # What other regions forward, the writer's proxy does not have.
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup test-use1-proxy",
    f"{BALANCER} test-use1-traffic",
}


def at(count: int, **changes: Any) -> dict[str, Recorded]:
    return built(live=True, stage=7, regions=TEN[:count], **changes)


def render(**changes: Any) -> dict[str, Recorded]:
    """Stage 7 with what a test has patched, which is no render to keep for others."""
    chosen = settings(stage=7, **changes)
    return record(lambda: wiring.build(chosen), live=True)


def copying(found: dict[str, Recorded]) -> set[str]:
    """Names of what copies objects elsewhere, without the bucket's."""
    return {name.rpartition("-")[0] for name in of_type(found, REPLICATION)}


def changed(before: dict[str, Recorded], after: dict[str, Recorded]) -> set[str]:
    both = set(before) & set(after)
    return {f"{after[urn].type} {after[urn].name}" for urn in both if before[urn].inputs != after[urn].inputs}


def belongs(one: Recorded, region: str) -> bool:
    """Whether a resource is a region's own, or the link of another one with it."""
    return one.region == region or REGIONS[region].code in one.name.split("-") or region in one.name


@pytest.mark.parametrize(("fewer", "more"), [(1, 2), (2, 3), (3, 10)])
def test_a_region_comes_and_goes_without_touching_the_others(fewer: int, more: int) -> None:
    before, after = at(fewer), at(more)
    assert set(before) < set(after)
    assert changed(before, after) <= SHARED
    new = TEN[fewer:more]
    between = {"aws:elasticache/globalReplicationGroup:GlobalReplicationGroup", "aws:rds/globalCluster:GlobalCluster"}
    strangers = [
        after[urn].urn
        for urn in set(after) - set(before)
        if after[urn].type not in between and not any(belongs(after[urn], region) for region in new)
    ]
    # With the second region come the ties between regions, which have the home's name.
    assert [urn for urn in strangers if fewer > 1 or not urn.split("::")[-1].startswith("test-use1")] == []


def test_stage_seven_only_adds_to_stage_six() -> None:
    six, seven = built(live=True, stage=6), built(live=True, stage=7)
    assert set(six) < set(seven)
    # Sizes and the limits that follow them, in place; nothing is renamed, replaced or repointed.
    assert {one.split()[0].rpartition(":")[2] for one in changed(six, seven)} == {
        "Budget",
        "Cluster",
        "Dashboard",
        "Group",
        "MetricAlarm",
        "ProxyDefaultTargetGroup",
        "ReplicationGroup",
        # What the application may write to.
        "RolePolicy",
        "Target",
    }


@pytest.mark.parametrize("count", [1, 3, 10])
def test_every_region_has_its_own_of_everything_and_reads_at_home(count: int) -> None:
    everything = at(count)
    for name in TEN[:count]:
        base = f"test-{REGIONS[name].code}"
        for type_, one in (
            ("aws:ec2/vpc:Vpc", base),
            ("aws:lb/loadBalancer:LoadBalancer", base),
            ("aws:autoscaling/group:Group", f"{base}-blue"),
            ("aws:rds/proxy:Proxy", f"{base}-proxy"),
            (CLUSTER, f"{base}-db"),
            (CACHE, f"{base}-cache"),
            ("aws:s3/bucket:Bucket", f"{base}-store-uploads"),
            ("aws:secretsmanager/secret:Secret", f"{base}-app"),
        ):
            assert of_type(everything, type_)[one].region == name
        told = environment(everything, f"{base}-blue")
        assert f"{base}-store-uploads" in told["READER_BUCKETS"]
        assert "test-use1-store-uploads" in told["BUCKETS"]
        assert told["BUCKETS_REGION"] == "us-east-1"
        assert "us-east-1" in told["QUEUE_URLS"]
    networks = [one.inputs["cidrBlock"] for one in of_type(everything, "aws:ec2/vpc:Vpc").values()]
    assert len(set(networks)) == count


def addresses(writer: str | None = None) -> dict[str, dict[str, str]]:
    """What the application is told in each of four regions: host by variable."""
    told: dict[str, dict[str, str]] = {}

    def noted(name: str, args: AppSecretArgs, opts: pulumi.ResourceOptions) -> AppSecret:
        # What is in the secret, a recorder does not show: looked at on its way there.
        def note(known: dict[str, str]) -> None:
            told[name.split("-")[1]] = {key: re.split("[:/]", url.rpartition("@")[2])[0] for key, url in known.items()}

        pulumi.Output.all(**args.values).apply(note)
        return AppSecret(name, args, opts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_secrets, "AppSecret", noted)
        render(regions=TEN[:4], writer=writer)
    return told


def test_writes_go_to_the_writer_and_reads_stay_local() -> None:
    told = addresses()
    assert set(told) == {"use1", "euw1", "apse2", "usw2"}
    for code, hosts in told.items():
        assert hosts["DATABASE_READER_URL"].startswith(f"test-{code}-proxy")
        assert hosts["REDIS_READER_URL"] == f"test-{code}-cache-ro.example.internal"
    assert told["use1"]["DATABASE_URL"] == "test-use1-proxy.example.internal"
    # A replica forwards writes itself: RDS Proxy in front of it could not.
    assert told["euw1"]["DATABASE_URL"] == "test-euw1-db-ro.example.internal"
    # The standbys write to the one Redis that takes writes; the rest have their own.
    assert told["apse2"]["REDIS_URL"] == "test-use1-cache.example.internal"
    assert told["usw2"]["REDIS_URL"] == "test-usw2-cache.example.internal"


def test_after_a_failover_everybody_is_told_of_the_new_writer() -> None:
    told = addresses("eu-west-1")
    assert told["euw1"]["DATABASE_URL"] == "test-euw1-proxy.example.internal"
    assert told["euw1"]["DATABASE_DIRECT_URL"] == "test-euw1-db.example.internal"
    assert told["use1"]["DATABASE_URL"] == "test-use1-db-ro.example.internal"
    assert told["use1"]["REDIS_URL"] == "test-euw1-cache.example.internal"
    assert told["usw2"]["REDIS_URL"] == "test-usw2-cache.example.internal"


@pytest.mark.parametrize("writer", ["eu-west-1", "ap-southeast-2"])
def test_a_failover_and_the_way_back_replace_and_lose_nothing_stateful(writer: str) -> None:
    home, away = built(live=True, stage=7), built(live=True, stage=7, writer=writer)
    for before, after in ((home, away), (away, home)):
        for urn in set(before) & set(after):
            for path in FACTS.get(before[urn].type, {}).get("replace", ()):
                part = path.split(".")[0].removesuffix("[*]")
                assert before[urn].inputs.get(part) == after[urn].inputs.get(part), f"{urn}: {path}"
        gone = [before[urn] for urn in set(before) - set(after)]
        assert [one.urn for one in gone if holds_data(one.urn, one.inputs)] == []


def test_workers_jobs_and_reader_scaling_are_where_the_writes_are() -> None:
    for writer, code in ((None, "use1"), ("eu-west-1", "euw1")):
        everything = built(live=True, stage=7, writer=writer)
        assert {name for name in of_type(everything, "aws:autoscaling/group:Group") if "workers" in name} == {
            f"test-{code}-workers"
        }
        assert set(of_type(everything, "aws:appautoscaling/target:Target")) == {f"test-{code}-db"}
        told = environment(everything, "test-apse2-blue")
        assert f"test-{code}-store-uploads" in told["BUCKETS"]


@pytest.mark.parametrize(("writer", "code"), [(None, "use1"), ("eu-west-1", "euw1")])
def test_pods_of_each_region_write_to_the_writer_and_read_at_home(writer: str | None, code: str) -> None:
    everything = built(live=True, stage=7, runtime="kubernetes", writer=writer)
    releases = of_type(everything, "kubernetes:helm.sh/v3:Release")
    told = {name: [one["host"] for one in release.inputs["values"]["databases"]] for name, release in releases.items()}
    # PgBouncer stands before the replica too: it does not mind that writes are forwarded.
    assert told == {
        f"test-{one}-pgbouncer": [
            f"test-{one}-db{'' if one == code else '-ro'}.example.internal",
            f"test-{one}-db-ro.example.internal",
        ]
        for one in ("use1", "euw1", "apse2")
    }
    deployments = of_type(everything, "kubernetes:apps/v1:Deployment")
    for one in ("use1", "euw1", "apse2"):
        (container,) = deployments[f"test-{one}-blue-pods"].inputs["spec"]["template"]["spec"]["containers"]
        env = {variable["name"]: variable for variable in container["env"]}
        assert f"test-{one}-store-uploads" in env["READER_BUCKETS"]["value"]
        assert f"test-{code}-store-uploads" in env["BUCKETS"]["value"]
        assert {"REDIS_URL", "REDIS_READER_URL"} <= set(env)
    background = {name for name in deployments if "workers" in name} | set(of_type(everything, CRON))
    assert background
    assert all(name.startswith(f"test-{code}-") for name in background)


def test_what_was_written_before_a_failover_still_gets_away() -> None:
    configs = of_type(
        built(live=True, stage=7, writer="eu-west-1"), "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    )
    assert {name.rpartition("-")[0] for name in configs} == {f"test-{code}-copies" for code in STANDBYS}
    rules = configs["test-euw1-copies-uploads"].inputs["rules"]
    assert {one["id"] for one in rules} == {"us-east-1", "ap-southeast-2"}
    assert len({one["priority"] for one in rules}) == len(rules)


def test_the_region_that_writes_is_guarded_as_the_home_is() -> None:
    everything = built(live=True, stage=7, writer="eu-west-1")
    bare = [
        one.urn
        for one in everything.values()
        if holds_data(one.urn, one.inputs) and one.region in ("us-east-1", "eu-west-1") and not one.protect
    ]
    assert bare == []
    clusters = of_type(everything, CLUSTER)
    assert {name: one.inputs["deletionProtection"] for name, one in clusters.items()} == {
        "test-use1-db": True,
        "test-euw1-db": True,
        "test-apse2-db": False,
    }


def test_a_replica_has_no_user_of_its_own_and_forwards_writes() -> None:
    everything = built(live=True, stage=7)
    clusters = of_type(everything, CLUSTER)
    assert "enableGlobalWriteForwarding" not in clusters["test-use1-db"].inputs
    for name in ("test-euw1-db", "test-apse2-db"):
        inputs = clusters[name].inputs
        assert inputs["enableGlobalWriteForwarding"] is True
        assert inputs["globalClusterIdentifier"] == "test-use1-global-id"
        assert not {"masterUsername", "masterPassword", "databaseName"} & set(inputs)
        # RDS refuses to set a static parameter at once.
        group = of_type(everything, "aws:rds/clusterParameterGroup:ClusterParameterGroup")[name]
        how = {one["name"]: one["applyMethod"] for one in group.inputs["parameters"]}
        assert how["apg_write_forward.consistency_mode"] == "pending-reboot"


def test_only_the_standbys_share_a_datastore_and_are_peered() -> None:
    everything = at(10)
    joined = {name for name, one in of_type(everything, CACHE).items() if "globalReplicationGroupId" in one.inputs}
    assert joined == {"test-euw1-cache", "test-apse2-cache"}
    peerings = of_type(everything, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection")
    assert set(peerings) == {"test-use1-euw1", "test-use1-apse2", "test-euw1-apse2"}


@given(st.lists(st.sampled_from(sorted(REGIONS)), min_size=2, unique=True), st.integers(0, 7))
def test_addresses_of_any_choice_of_regions_never_overlap(names: list[str], index: int) -> None:
    cidr = IPv4Network(f"10.{32 * index}.0.0/11")
    networks = [vpc_cidr(cidr, REGIONS[name].slot) for name in names]
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))
    # A region's addresses do not depend on which others there are.
    assert networks == [vpc_cidr(cidr, REGIONS[name].slot) for name in sorted(names, key=names.index)]


@given(st.lists(st.sampled_from(sorted(REGIONS)), min_size=1, unique=True), st.sampled_from(sorted(PARTS)))
def test_every_part_of_the_world_has_all_regions_in_an_order_that_only_places_decide(
    names: list[str], part: str
) -> None:
    order = nearest(part, names)
    assert sorted(order) == sorted(names)
    assert order == nearest(part, sorted(names))
    # One region less leaves the others in their order.
    assert nearest(part, order[1:]) == order[1:]


def test_the_map_knows_every_region_and_puts_it_where_it_is() -> None:
    assert set(PLACES) == set(REGIONS)
    told = {"us-east-1": "ENAM", "us-west-2": "WNAM", "eu-west-1": "WEU", "sa-east-1": "SSAM", "ap-southeast-2": "OC"}
    told |= {"af-south-1": "SAF", "ap-south-1": "SAS", "ap-southeast-1": "SEAS", "ap-northeast-1": "NEAS"}
    assert {name: part_of(name) for name in told} == told


def test_visitors_go_to_the_nearest_region_then_to_the_next_without_sessions() -> None:
    (balancer,) = of_type(at(3), BALANCER).values()
    inputs = balancer.inputs
    assert (inputs["steeringPolicy"], inputs["sessionAffinity"], inputs["proxied"]) == ("geo", "none", True)
    assert inputs["regionPools"]["WEU"] == ["test-euw1-id", "test-use1-id", "test-apse2-id"]
    assert inputs["regionPools"]["OC"][0] == "test-apse2-id"
    assert set(inputs["regionPools"]) == set(PARTS)
    assert inputs["defaultPools"][0] == inputs["fallbackPool"] == "test-use1-id"
    (monitor,) = of_type(at(3), "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor").values()
    assert (monitor.inputs["path"], monitor.inputs["expectedCodes"]) == ("/api/health", "200")


@pytest.mark.parametrize(
    ("plan", "interval", "failures"), [("free", 60, 2), ("pro", 60, 2), ("business", 30, 3), ("enterprise", 30, 3)]
)
def test_regions_are_checked_as_often_as_the_plan_lets(plan: str, interval: int, failures: int) -> None:
    made = at(2, edge={"plan": plan})
    (monitor,) = of_type(made, "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor").values()
    assert (monitor.inputs["interval"], monitor.inputs["consecutiveDown"]) == (interval, failures)
    assert monitor.inputs["timeout"] < interval


def test_one_region_needs_no_steering() -> None:
    assert of_type(at(1), BALANCER) == {}


@pytest.mark.parametrize("stage", [5, 6, 7])
def test_the_record_below_the_load_balancer_is_the_same_at_every_stage(stage: int) -> None:
    type_ = "cloudflare:index/dnsRecord:DnsRecord"
    here, there = (of_type(built(live=True, stage=one), type_)["test-use1-host"] for one in (5, stage))
    assert here == there


def test_another_first_region_is_refused_with_the_way_to_fail_over() -> None:
    refuse_home_change(settings(), {})
    refuse_home_change(settings(), {"primaryRegion": "us-east-1"})
    said = r"the home of this stack is us-east-1.*ascent failover --to eu-west-1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ANSWERS, READ_STACK_OUTPUTS, {"outputs": {"primaryRegion": "us-east-1"}})
        with pytest.raises(pulumi.RunError, match=said):
            render(regions=["eu-west-1", "us-east-1"])


class Written:
    """A state that is being written the first times that it is looked at."""

    def __init__(self, says: str, times: int) -> None:
        self.says, self.times, self.asked = says, times, 0

    def __call__(self, token: str, arguments: Any) -> Any:
        del arguments
        assert token == READ_STACK_OUTPUTS
        self.asked += 1
        if self.asked <= self.times:
            raise Exception(self.says)
        return SimpleNamespace(value={"outputs": {"primaryRegion": "us-east-1"}})


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, without sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(stack_outputs, "time", SimpleNamespace(sleep=slept.append))
    return slept


def test_a_state_that_is_being_written_is_read_again(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    says = f"invocation of {READ_STACK_OUTPUTS} returned an error: {half_written.SAYS}"
    written = Written(says, len(half_written.PAUSES))
    monkeypatch.setattr(pulumi.runtime, "invoke", written)
    assert stack_outputs.previous_outputs() == {"primaryRegion": "us-east-1"}
    assert pauses == list(half_written.PAUSES)
    # Nobody waits long for one that stays so.
    written.asked, written.times = 0, 1000
    with pytest.raises(Exception, match="failed to load checkpoint"):
        stack_outputs.previous_outputs()
    assert sum(half_written.PAUSES) < 5


def test_what_else_is_wrong_with_a_state_is_said_at_once(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "invoke", Written("no stack named test", 1))
    with pytest.raises(Exception, match="no stack named"):
        stack_outputs.previous_outputs()
    assert not pauses


# With everything to each region that can write; what one runtime alone has, and the master's password, to one of them.
@pytest.mark.parametrize(
    ("changes", "writers"),
    [
        ({"runtime": "both", "database": {"roles": True}}, [None, *TEN[1:3]]),
        ({"runtime": "ec2"}, [None, TEN[1]]),
        ({"runtime": "kubernetes"}, [None, TEN[1]]),
    ],
)
def test_a_failover_changes_nothing_in_iam_which_may_be_lost_with_its_region(
    changes: dict[str, Any], writers: list[str | None]
) -> None:
    def known(writer: str | None) -> dict[str, Any]:
        found = at(3, writer=writer, **changes)
        return {urn: one.inputs for urn, one in found.items() if one.type.startswith("aws:iam/")}

    home, *others = (known(writer) for writer in writers)
    assert any("worker" in urn for urn in home)
    assert [one for one in others if one != home] == []


@pytest.mark.parametrize("writer", [None, *TEN[1:3]])
def test_only_the_region_that_writes_has_jobs_that_run(writer: str | None) -> None:
    found = at(3, writer=writer)
    code = REGIONS[writer or TEN[0]].code
    for kind in (
        "aws:scheduler/schedule:Schedule",
        "aws:autoscaling/policy:Policy",
        "aws:sqs/queuePolicy:QueuePolicy",
    ):
        names = [name for name in of_type(found, kind) if "tasks" in name or "workers" in name]
        assert names
        assert [name for name in names if not name.startswith(f"test-{code}-")] == []
    # All that can write copy what they have.
    assert copying(found) == {f"test-{code}-copies" for code in STANDBYS}


def test_a_region_that_can_never_write_copies_nothing() -> None:
    assert copying(at(10)) == {f"test-{code}-copies" for code in STANDBYS}


def test_a_lost_region_is_asked_nothing_and_sent_nobody() -> None:
    asked: list[Any] = []

    def answer(token: str, arguments: Any, config: Any) -> Any:
        asked.append(config.get("region"))
        del arguments
        return BUILT if token == READ_STACK_OUTPUTS else ANSWERS[token]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "answer", answer)
        everything = render(writer="eu-west-1", unreachable="us-east-1")
    assert set(asked) == {None, "eu-west-1", "ap-southeast-2"}
    templates = of_type(everything, "aws:ec2/launchTemplate:LaunchTemplate")
    assert templates["test-use1-blue"].inputs["imageId"] == "ami-0fedcba9876543210"
    assert {name: one.inputs["enabled"] for name, one in of_type(everything, POOL).items()} == {
        "test-use1": False,
        "test-euw1": True,
        "test-apse2": True,
    }


def test_the_provider_of_a_lost_region_asks_nobody_who_it_is_and_no_other_changes() -> None:
    role = "arn:aws:iam::123456789012:role/deploy"
    account = {"id": "123456789012", "assumeRole": role}

    def told(**changes: Any) -> dict[str, dict[str, Any]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runtime, "answer", lambda token, *_: BUILT if token == READ_STACK_OUTPUTS else ANSWERS[token])
            rendered = render(account=account, **changes)
        return {name: dict(one.inputs) for name, one in of_type(rendered, "pulumi:providers:aws").items()}

    before, after = told(), told(writer="eu-west-1", unreachable="us-east-1")
    assert {name for name in before if before[name] != after[name]} == {"test-use1"}
    lost = after["test-use1"]
    assert lost["skipCredentialsValidation"] == lost["skipRequestingAccountId"] == "true"
    # Without a number of the account, none is an allowed one; the role is taken where there is an answer.
    assert (lost.get("allowedAccountIds"), lost["stsRegion"]) == (None, "eu-west-1")
    assert role in lost["assumeRoles"]


def test_a_drained_region_is_kept_up_and_sent_nobody() -> None:
    waited: list[str] = []

    def served(chosen: Settings) -> None:
        waited.extend({group.region for group in wiring.build(chosen).groups})

    drained = record(lambda: served(settings(stage=7, drained=["ap-southeast-2"])), live=True)
    enabled = {name: one.inputs["enabled"] for name, one in of_type(drained, POOL).items()}
    assert enabled == {"test-use1": True, "test-euw1": True, "test-apse2": False}
    # Its instances are as they were, and no update waits for them to serve: what they read may be out of reach.
    assert "test-apse2-blue" in of_type(drained, "aws:autoscaling/group:Group")
    assert set(waited) == {"us-east-1", "eu-west-1"}


def test_a_region_that_was_never_there_cannot_be_lost() -> None:
    with pytest.raises(pulumi.RunError, match="no update of this stack has built it yet"):
        render(writer="eu-west-1", unreachable="us-east-1")
