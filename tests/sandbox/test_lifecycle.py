"""Resources come into being, change, drift and go, and the clouds' refusals along the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog.values import UNKNOWN, Properties, Secret, digest, has_unknown
from sandbox.provider.world import World
from tests.sandbox.conftest import Aborted, Engine, Start

_VPC, _SUBNET, _GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup"
_SECRET = "aws:secretsmanager/secret:Secret"
_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


class Network:
    """A VPC with two subnets and a security group."""

    def __init__(self, aws: Engine) -> None:
        self.aws = aws
        self.vpc, self.vpc_state = aws.create(_VPC, {"cidrBlock": "10.0.0.0/16"})
        self.subnets = [
            aws.create(_SUBNET, {"vpcId": self.vpc, "cidrBlock": f"10.0.{i}.0/24"}, name=f"s{i}")[0] for i in range(2)
        ]
        self.group, _ = aws.create(_GROUP, {"vpcId": self.vpc, "name": "g"})


@pytest.fixture
def network(aws: Engine) -> Network:
    """A network to put things in."""
    return Network(aws)


def test_preview_knows_what_was_asked_and_nothing_else(aws: Engine) -> None:
    identifier, state = aws.create(_BALANCER, {"name": "web", "subnets": [UNKNOWN, "b"]}, preview=True)
    assert identifier == ""
    assert state["name"] == "web"
    assert state["region"] == "us-east-1"
    assert all(state[name] is UNKNOWN for name in ("arn", "dnsName", "zoneId", "arnSuffix", "vpcId"))


@pytest.mark.parametrize(("zone", "there"), [("Z0123456789ABC", True), ("example.com", False)])
def test_a_hosted_zone_is_there_because_no_stack_makes_one(aws: Engine, zone: str, there: bool) -> None:  # noqa: FBT001
    record = {"zoneId": zone, "name": "shop.example.com", "type": "CNAME", "ttl": 60, "records": ["x.example.com"]}
    if there:
        assert aws.create("aws:route53/record:Record", record)[1]["zoneId"] == zone
        return
    with pytest.raises(Aborted, match="NoSuchHostedZone"):
        aws.create("aws:route53/record:Record", record)


def test_outputs_look_like_the_cloud_s(network: Network) -> None:
    arn, state = network.aws.create(
        _BALANCER, {"name": "web", "subnets": network.subnets, "securityGroups": [network.group]}
    )
    assert arn == state["arn"]
    assert arn.startswith("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/")
    assert arn.endswith(state["arnSuffix"])
    assert state["dnsName"].startswith("web-")
    assert network.vpc.startswith("vpc-")
    assert network.vpc_state["defaultSecurityGroupId"].startswith("sg-")
    assert not has_unknown(state)


@pytest.mark.parametrize(
    ("given", "zone", "zone_id"),
    [
        ({"availabilityZoneId": "use1-az4"}, "us-east-1d", "use1-az4"),
        ({"availabilityZone": "us-east-1c"}, "us-east-1c", "use1-az3"),
        ({}, "us-east-1a", "use1-az1"),
    ],
)
def test_a_subnet_s_zone_has_a_name_and_an_id(network: Network, given: Properties, zone: str, zone_id: str) -> None:
    _, state = network.aws.create(_SUBNET, {"vpcId": network.vpc, "cidrBlock": "10.0.9.0/24", **given}, name="zoned")
    assert (state["availabilityZone"], state["availabilityZoneId"]) == (zone, zone_id)


def test_flow_logs_to_a_bucket_need_its_policy_and_no_role(network: Network) -> None:
    aws, token = network.aws, "aws:ec2/flowLog:FlowLog"
    log = {"vpcId": network.vpc, "logDestinationType": "s3", "logDestination": "arn:aws:s3:::logs/flow/"}
    aws.create("aws:s3/bucket:Bucket", {"bucket": "logs"})
    with pytest.raises(Aborted, match="Access Denied for LogDestination: arn:aws:s3:::logs/flow/"):
        aws.create(token, log)
    said = "delivery.logs.amazonaws.com s3:PutObject s3:GetBucketAcl arn:aws:s3:::logs/flow/AWSLogs/1/*"
    aws.create("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "logs", "policy": json.dumps({"Statement": said})})
    identifier, _ = aws.create(token, log)
    assert identifier.startswith("fl-")
    assert aws.check(token, log)[1] == {}
    _, failures = aws.check(token, {**log, "iamRoleArn": "arn:aws:iam::123456789012:role/flow"})
    assert list(failures.values()) == ["InvalidParameter: DeliverLogsPermissionArn is not applicable for s3 delivery"]


def test_a_task_definition_s_arn_names_its_family_and_revision(aws: Engine) -> None:
    """Policies are made of it: Amazon ECS, "Actions, resources, and condition keys", task-definition."""
    _, state = aws.create("aws:ecs/taskDefinition:TaskDefinition", {"family": "tasks", "containerDefinitions": "[]"})
    family = "arn:aws:ecs:us-east-1:123456789012:task-definition/tasks"
    assert state["arnWithoutRevision"] == family
    assert state["arn"] == f"{family}:{int(state['revision'])}"
    # Another image is another revision beside the one before.
    aws.create("aws:ecs/taskDefinition:TaskDefinition", {"family": "tasks", "containerDefinitions": '[{"name": "a"}]'})
    _, cluster = aws.create("aws:ecs/cluster:Cluster", {"name": "jobs"})
    assert cluster["arn"] == "arn:aws:ecs:us-east-1:123456789012:cluster/jobs"


def test_a_type_that_no_table_knows_still_works(aws: Engine) -> None:
    identifier, state = aws.create("aws:sfn/activity:Activity", {"name": "work"})
    assert identifier == "work"
    assert state["arn"].startswith("arn:aws:sfn:us-east-1:123456789012:")


def test_versions_count_up_with_changes_that_make_one(aws: Engine) -> None:
    old, new = {"name": "t", "instanceType": "t4g.small"}, {"name": "t", "instanceType": "t4g.large"}
    identifier, state = aws.create(_TEMPLATE, old)
    assert state["latestVersion"] == 1
    assert aws.update(_TEMPLATE, identifier, state, old, new, preview=True)["latestVersion"] is UNKNOWN
    state = aws.update(_TEMPLATE, identifier, state, old, new)
    assert state["latestVersion"] == 2
    tagged = aws.update(_TEMPLATE, identifier, state, new, {**new, "tags": {"a": "b"}})
    assert (tagged["latestVersion"], tagged["tagsAll"]) == (2, {"a": "b"})


def test_secrets_are_secret_everywhere(aws: Engine, world: World) -> None:
    arn, _ = aws.create(_SECRET, {"name": "db"})
    inputs = {"secretId": arn, "secretString": Secret("hush-hush")}
    identifier, state = aws.create(_VERSION, inputs)
    assert state["secretString"] == Secret("hush-hush")
    text = world.path.read_text()
    assert "hush-hush" not in text
    assert digest("hush-hush") in text
    _, seen, asked = aws.read(_VERSION, identifier, state, inputs)
    assert seen["secretString"] == Secret("hush-hush")
    assert asked == inputs


def test_a_plain_value_in_a_secret_place_is_sealed(aws: Engine, world: World) -> None:
    arn, _ = aws.create(_SECRET, {"name": "db"})
    inputs = {"secretId": arn, "secretString": "hush-hush"}
    identifier, state = aws.create(_VERSION, inputs)
    assert state["secretString"] == Secret("hush-hush")
    assert "hush-hush" not in world.path.read_text()
    assert aws.read(_VERSION, identifier, state, inputs)[2]["secretString"] in ("hush-hush", Secret("hush-hush"))


def test_drift_by_hand_is_read_back(aws: Engine, world: World) -> None:
    inputs = {"name": "jobs", "visibilityTimeoutSeconds": 30}
    identifier, state = aws.create("aws:sqs/queue:Queue", inputs)
    text = world.path.read_text()
    world.path.write_text(text.replace('"visibilityTimeoutSeconds": 30', '"visibilityTimeoutSeconds": 99'))
    _, seen, asked = aws.read("aws:sqs/queue:Queue", identifier, state, inputs)
    assert seen["visibilityTimeoutSeconds"] == asked["visibilityTimeoutSeconds"] == 99
    world.path.write_text('{"format": 1, "resources": {}}')
    assert aws.read("aws:sqs/queue:Queue", identifier, state, inputs)[0] == ""
    aws.delete("aws:sqs/queue:Queue", identifier, state)  # gone already: fine


def _overlapping(net: Network) -> None:
    net.aws.create(_SUBNET, {"vpcId": net.vpc, "cidrBlock": "10.0.1.128/25"}, name="other")


def _outside(net: Network) -> None:
    net.aws.create(_SUBNET, {"vpcId": net.vpc, "cidrBlock": "10.9.0.0/24"}, name="other")


def _unknown_vpc(net: Network) -> None:
    net.aws.create(_SUBNET, {"vpcId": "vpc-0", "cidrBlock": "10.0.9.0/24"}, name="other")


def _unknown_group(net: Network) -> None:
    net.aws.create(_BALANCER, {"name": "web", "subnets": net.subnets, "securityGroups": ["sg-0"]})


def _twice(net: Network) -> None:
    for name in ("one", "two"):
        net.aws.create("aws:sqs/queue:Queue", {"name": "jobs"}, name=name)


def _vpc_in_use(net: Network) -> None:
    net.aws.delete(_VPC, net.vpc, net.vpc_state)


def _protected(net: Network) -> None:
    inputs = {"name": "web", "subnets": net.subnets, "enableDeletionProtection": True}
    net.aws.delete(_BALANCER, *net.aws.create(_BALANCER, inputs))


def _no_log_permission(net: Network) -> None:
    bucket, _ = net.aws.create("aws:s3/bucket:Bucket", {"bucket": "logs"})
    net.aws.create(
        _BALANCER, {"name": "web", "subnets": net.subnets, "accessLogs": {"bucket": bucket, "enabled": True}}
    )


def _log_permission_for_another(net: Network) -> None:
    net.aws.create("aws:s3/bucket:Bucket", {"bucket": "logs"})
    reads = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [reads]})
    net.aws.create("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "logs", "policy": policy})
    net.aws.create(
        _BALANCER, {"name": "web", "subnets": net.subnets, "accessLogs": {"bucket": "logs", "enabled": True}}
    )


def _target_group_in_use(net: Network) -> None:
    balancer, _ = net.aws.create(_BALANCER, {"name": "web", "subnets": net.subnets})
    token = "aws:lb/targetGroup:TargetGroup"
    group, state = net.aws.create(token, {"name": "t", "port": 80, "protocol": "HTTP", "vpcId": net.vpc})
    action = {"type": "forward", "targetGroupArn": group}
    net.aws.create(
        "aws:lb/listener:Listener",
        {"loadBalancerArn": balancer, "port": 80, "protocol": "HTTP", "defaultActions": [action]},
    )
    net.aws.delete(token, group, state)


def _name_still_blocked(net: Network) -> None:
    arn, state = net.aws.create(_SECRET, {"name": "db"})
    net.aws.delete(_SECRET, arn, state)
    net.aws.create(_SECRET, {"name": "db"})


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (_overlapping, "InvalidSubnet.Conflict"),
        (_outside, "InvalidSubnet.Range"),
        (_unknown_vpc, "InvalidVpcID.NotFound: The vpc ID 'vpc-0'"),
        (_unknown_group, "InvalidGroup.NotFound: The security group 'sg-0'"),
        (_twice, "QueueAlreadyExists"),
        (_vpc_in_use, "DependencyViolation"),
        (_protected, "deletion protection is enabled"),
        (_no_log_permission, "Access Denied for bucket: logs"),
        (_log_permission_for_another, "Access Denied for bucket: logs"),
        (_target_group_in_use, "ResourceInUse"),
        (_name_still_blocked, "already scheduled for deletion: db"),
    ],
)
def test_what_is_refused_when_it_is_done(network: Network, act: Callable[[Network], None], words: str) -> None:
    with pytest.raises(Aborted) as refusal:
        act(network)
    assert words in str(refusal.value)


def test_names_are_free_again_where_nothing_blocks_them(aws: Engine) -> None:
    inputs = {"name": "db", "recoveryWindowInDays": 0}
    for _ in range(2):
        aws.delete(_SECRET, *aws.create(_SECRET, inputs))


def test_the_same_name_in_two_regions_is_two_things(aws: Engine, world: World) -> None:
    token = "aws:cloudwatch/logGroup:LogGroup"
    made = [aws.create(token, {"name": "app", "region": region}, name=region) for region in ("us-east-1", "eu-west-1")]
    assert [state["region"] for _, state in made] == ["us-east-1", "eu-west-1"]
    for identifier, state in made:
        assert aws.read(token, identifier, state, {"name": "app"})[0] == identifier or state["region"] != "us-east-1"
        aws.delete(token, identifier, state)
    assert json.loads(world.path.read_text())["resources"] == {}


def test_a_setting_of_two_zones_is_two_things(start: Start, world: World) -> None:
    token, cloudflare = "cloudflare:index/zoneSetting:ZoneSetting", start("cloudflare")
    zones = {digit * 32: value for digit, value in (("a", "1.2"), ("b", "1.3"))}
    made = {
        zone: cloudflare.create(token, {"zoneId": zone, "settingId": "min_tls_version", "value": value}, name=zone)
        for zone, value in zones.items()
    }
    # As the provider has it: zone_setting/resource.go, data.ID = data.SettingID.
    assert {identifier for identifier, _ in made.values()} == {"min_tls_version"}
    for zone, (identifier, state) in made.items():
        assert cloudflare.read(token, identifier, state, state)[1]["value"] == zones[zone]
    first, second = made.values()
    cloudflare.delete(token, *first)
    assert cloudflare.read(token, *second, second[1])[1]["value"] == "1.3"
    cloudflare.delete(token, *second)
    assert json.loads(world.path.read_text())["resources"] == {}


def test_a_setting_of_an_older_world_is_found(start: Start, world: World) -> None:
    token, cloudflare = "cloudflare:index/zoneSetting:ZoneSetting", start("cloudflare")
    inputs = {"zoneId": "a" * 32, "settingId": "ssl", "value": "strict"}
    old = {"ssl": {"scope": "", "name": "", "inputs": inputs, "outputs": {"id": "ssl"}}}
    world.path.write_text(json.dumps({"format": 1, "resources": {"cloudflare": {token: old}}}))
    assert cloudflare.update(token, "ssl", inputs, inputs, {**inputs, "value": "full"})["value"] == "full"
    (entry,) = json.loads(world.path.read_text())["resources"]["cloudflare"][token].values()
    assert (entry["scope"], entry["inputs"]["value"]) == ("a" * 32, "full")


def test_only_one_entry_point_for_a_phase(start: Start) -> None:
    cloudflare = start("cloudflare")
    inputs = {"zoneId": "0" * 32, "name": "a", "kind": "zone", "phase": "http_request_firewall_custom"}
    cloudflare.create("cloudflare:index/ruleset:Ruleset", inputs, name="a")
    with pytest.raises(Aborted, match="A similar configuration"):
        cloudflare.create("cloudflare:index/ruleset:Ruleset", {**inputs, "name": "b"}, name="b")


def test_kubernetes_objects_need_their_namespace(start: Start) -> None:
    kubernetes = start("kubernetes", context="dev")
    inputs: Properties = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "app"},
        "data": {"a": "b"},
    }
    with pytest.raises(Aborted, match='namespaces "app" not found'):
        kubernetes.create("kubernetes:core/v1:ConfigMap", inputs)
    kubernetes.create("kubernetes:core/v1:Namespace", {"metadata": {"name": "app"}})
    assert kubernetes.create("kubernetes:core/v1:ConfigMap", inputs)[0] == "app/c"
    with pytest.raises(Aborted, match="already exists"):
        kubernetes.create("kubernetes:core/v1:ConfigMap", inputs)


@pytest.mark.parametrize("length", [1, 16, 64])
def test_random_passwords_are_random_secret_and_as_long_as_asked(start: Start, length: int) -> None:
    random = start("random")
    inputs = {"length": length, "special": False}
    values = {random.create("random:index/randomPassword:RandomPassword", inputs)[1]["result"] for _ in range(2)}
    assert all(isinstance(value, Secret) and len(value.value) == length for value in values)
    assert length == 1 or len(values) == 2


@pytest.mark.parametrize(
    ("kind", "inputs", "output"),
    [
        ("randomId:RandomId", {"byteLength": 4}, "hex"),
        ("randomString:RandomString", {"length": 8, "minNumeric": 8}, "result"),
        ("randomPet:RandomPet", {"length": 3, "prefix": "p"}, "separator"),
        ("randomInteger:RandomInteger", {"min": 1, "max": 6}, "result"),
        ("randomUuid:RandomUuid", {}, "result"),
    ],
)
def test_other_random_values(start: Start, kind: str, inputs: dict[str, Any], output: str) -> None:
    identifier, state = start("random").create(f"random:index/{kind}", inputs)
    assert identifier
    assert state[output]


@pytest.mark.parametrize(
    ("operation", "rule", "survives"),
    [("create", "create:aws:sqs/*:2", 1), ("create", "create:1", 0), ("delete", "delete:1", 1)],
)
def test_faults_hit_the_operation_asked_for(
    start: Start, world: World, operation: str, rule: str, survives: int
) -> None:
    engine = start("aws", {"ASCENT_SANDBOX_FAIL": rule})
    token = "aws:sqs/queue:Queue"

    def work() -> None:
        for name in ("a", "b"):
            identifier, state = engine.create(token, {"name": name}, name=name)
            if operation == "delete":
                engine.delete(token, identifier, state)

    with pytest.raises(Aborted, match="sandbox fault"):
        work()
    queues = world.transact(lambda view: [key for key, _ in view.all(token)])
    assert len(queues) == survives


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ASCENT_SANDBOX_FAIL", "explode:1"), ("ASCENT_SANDBOX_CRASH", "create"), ("ASCENT_SANDBOX_LATENCY_MS", "soon")],
)
def test_ill_formed_faults_are_refused(start: Start, variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=variable):
        start("aws", {variable: value})


def test_a_composite_alarm_needs_the_alarms_that_its_rule_names(aws: Engine) -> None:
    composite = {"alarmName": "page", "alarmRule": 'ALARM("long") AND (OK("short") OR FALSE)'}
    alarm = {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "Errors",
        "namespace": "App",
        "period": 60,
        "statistic": "Sum",
        "threshold": 1,
    }
    aws.create("aws:cloudwatch/metricAlarm:MetricAlarm", {**alarm, "name": "long"}, name="long")
    with pytest.raises(Aborted, match=r"alarms \[short\] in the alarm rule do not exist"):
        aws.create("aws:cloudwatch/compositeAlarm:CompositeAlarm", composite)
    aws.create("aws:cloudwatch/metricAlarm:MetricAlarm", {**alarm, "name": "short"}, name="short")
    aws.create("aws:cloudwatch/compositeAlarm:CompositeAlarm", composite)


@pytest.mark.parametrize(
    ("timeout", "bounds", "outcome"), [("10m", 2, "fails"), ("0", 2, "works"), ("10m", 1, "works")]
)
def test_an_update_of_a_groups_bounds_waits_for_an_exact_number_unless_it_is_told_not_to(
    network: Network, world: World, timeout: str, bounds: int, outcome: str
) -> None:
    aws, group = network.aws, "aws:autoscaling/group:Group"
    template, _ = aws.create(_TEMPLATE, {"name": "t", "imageId": "ami-0123456789abcdef0", "instanceType": "t4g.small"})
    inputs = {
        "name": "g",
        "minSize": 1,
        "maxSize": 9,
        "vpcZoneIdentifiers": network.subnets,
        "launchTemplate": {"id": template, "version": "1"},
        "waitForCapacityTimeout": timeout,
    }
    identifier, state = aws.create(group, inputs)

    def scale_out(view: Any) -> None:
        entry = view.find(group, identifier, "us-east-1")
        entry.outputs["desiredCapacity"] = 5
        view.put(group, identifier, entry)

    world.transact(scale_out)
    if outcome == "fails":
        with pytest.raises(Aborted, match=r"want exactly 2 healthy instance\(s\) in Auto Scaling Group, have 5"):
            aws.update(group, identifier, state, inputs, {**inputs, "minSize": bounds})
    else:
        aws.update(group, identifier, state, inputs, {**inputs, "minSize": bounds, "maxSize": 8})
