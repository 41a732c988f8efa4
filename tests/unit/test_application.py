"""The application's description: profiles, what a stack says of its own, and that the whole platform goes by it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

from infra.application import PROFILES, Profile
from infra.config.loading import parse
from infra.config.problems import SECRETS, SettingsError
from infra.edge.caching import cache_rules
from infra.edge.limits import rate_limits
from infra.schedules import ScheduledJob, refused
from infra.user_data import LARGEST, boot_size
from infra.wiring import build
from infra.wiring.edge import site_of
from ops.engine import recorder
from ops.engine.recorder import Recorded
from ops.stackfile import ROOT
from tests.unit.configs import config, settings
from tests.unit.runtime import built, of_type, record

BUCKET, CORS = "aws:s3/bucket:Bucket", "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
QUEUE, SCHEDULE = "aws:sqs/queue:Queue", "aws:scheduler/schedule:Schedule"
TARGETS, TASK = "aws:lb/targetGroup:TargetGroup", "aws:ecs/taskDefinition:TaskDefinition"
SECRET = "aws:secretsmanager/secretVersion:SecretVersion"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
# A bookshop: another product than the runbooks'.
SHOP: dict[str, Any] = {
    "profile": "plain",
    "port": 8080,
    "healthPath": "/up",
    "buckets": {
        "covers": {"public": True, "images": True},
        "files": {"public": True},
        "returns": {"browserUploads": True, "expireUnused": True, "archive": True},
    },
    "queues": ["mail", "invoices"],
    "rateLimits": [
        {"name": "general", "paths": ["/API/", "/graphql"], "perMinute": 300},
        {"name": "checkout", "paths": ["/checkout"], "methods": ["POST"], "perMinute": 12},
    ],
    "hashedPaths": ["/assets/"],
    "neverCached": ["/api", "/Account"],
    "schedules": {"nightly": {"cron": "30 2 * * 1-5", "command": ["bin/report", "--daily"]}},
    "environment": {"LOG_LEVEL": "info"},
    "names": {"DATABASE_URL": "POSTGRES_URL", "REDIS_URL": "CACHE_URL"},
}


def shop(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, application=SHOP, **changes)


def ended(everything: dict[str, Recorded], type_: str, part: str) -> set[str]:
    return {name.partition(part)[2] for name in of_type(everything, type_) if part in name}


def test_a_stack_that_says_nothing_has_the_runbooks_application() -> None:
    assert settings().described == PROFILES[Profile.RUNBOOKS]
    assert settings(application={"profile": "runbooks"}).described == PROFILES[Profile.RUNBOOKS]


def test_the_plain_profile_has_nothing_of_another_product() -> None:
    everything = built(live=True, stage=7, application={"profile": "plain"})
    assert ended(everything, BUCKET, "test-use1-store-") == {"files", "public"}
    assert ended(everything, QUEUE, "test-use1-jobs-") == {"jobs", "jobs-dead", "undelivered"}
    text = json.dumps([one.inputs for one in everything.values()], default=str)
    for word in ("analy", "avatars", "generated/", "_next", "recommendations", "image-analysis"):
        assert word not in text, word


def test_buckets_and_queues_are_the_applications() -> None:
    everything = shop(stage=7)
    assert ended(everything, BUCKET, "test-euw1-store-") == {"covers", "files", "returns"}
    assert ended(everything, CORS, "test-use1-store-") == {"returns"}
    assert ended(everything, QUEUE, "test-use1-jobs-") == {
        "mail",
        "mail-dead",
        "invoices",
        "invoices-dead",
        "undelivered",
    }


def test_only_what_is_public_is_left_to_the_key_of_s3() -> None:
    encryption = of_type(
        shop(stage=1), "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    found = {
        name.rpartition("-")[2]: one.inputs["rules"][0]["applyServerSideEncryptionByDefault"]["sseAlgorithm"]
        for name, one in encryption.items()
        if "-store-" in name
    }
    assert found == {"covers": "AES256", "files": "AES256", "returns": "aws:kms"}


@pytest.mark.parametrize("runtime", ["ec2", "kubernetes"])
def test_everything_that_asks_knows_the_port_and_the_path(runtime: str) -> None:
    everything = shop(stage=7, runtime=runtime)
    groups = of_type(everything, TARGETS).values()
    assert groups
    # A group of pods keeps its port: another one would be another group, which a binding cannot take.
    port = {"instance": 8080, "ip": 3000}
    for one in groups:
        assert (one.inputs["port"], one.inputs["healthCheck"]["path"]) == (port[one.inputs["targetType"]], "/up")
    admitted = [
        one.inputs
        for one in of_type(everything, INGRESS).values()
        if one.inputs["description"] == "From the load balancer"
    ]
    assert admitted
    assert {(one["fromPort"], one["toPort"]) for one in admitted} == {(8080, 8080)}
    monitor = of_type(everything, "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor")
    assert {one.inputs["path"] for one in monitor.values()} == {"/up"}
    text = json.dumps([one.inputs for one in everything.values()], default=str)
    assert "/api/health" not in text
    assert "https://app.example.com/up" in text
    assert "/covers/ascent-outside" in text
    if runtime == "kubernetes":
        (web,) = (
            one.inputs["spec"]
            for name, one in of_type(everything, "kubernetes:apps/v1:Deployment").items()
            if name == "test-use1-blue-pods"
        )
        (container,) = web["template"]["spec"]["containers"]
        assert container["ports"][0]["containerPort"] == 8080
        assert {
            container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        } == {"/up"}
        policy = of_type(everything, "kubernetes:networking.k8s.io/v1:NetworkPolicy")["test-use1-policies-web"]
        assert policy.inputs["spec"]["ingress"][0]["ports"] == [{"port": 8080, "protocol": "TCP"}]


def test_the_edge_goes_by_its_paths() -> None:
    chosen = settings(stage=5, application=SHOP, edge={"plan": "business"})
    site = site_of(chosen)
    caching = " ".join(rule.expression for rule in cache_rules(site).rules)
    for path in ("/assets/", "/covers/", "/files/"):
        assert f'"{path}"' in caching
    assert '"/returns/"' not in caching
    assert '"/account"' in caching
    general, checkout = rate_limits(site, chosen.rate_limits).rules
    assert '"/api/"' in general.expression
    assert '"/graphql"' in general.expression
    assert '"POST"' in checkout.expression
    assert '"/up"' in str((checkout.ratelimit or {})["counting_expression"])
    # A business zone counts over its own period; the number is a minute's.
    assert chosen.rate_limits == {"general": 300, "checkout": 12}


def test_a_zone_without_images_has_no_rule_for_them() -> None:
    chosen = settings(stage=5, application={"profile": "plain"})
    rules = {rule.ref for rule in cache_rules(site_of(chosen)).rules}
    assert "images" not in rules
    assert "storage" in rules
    assert "images" in {rule.ref for rule in cache_rules(site_of(settings(stage=5))).rules}


def test_the_firewall_counts_the_first_limits_methods() -> None:
    limits = [{"name": "login", "paths": ["/login"], "methods": ["POST", "PUT"], "perMinute": 12}]
    (acl,) = of_type(
        built(live=True, stage=1, firewall=True, application={"rateLimits": limits}), "aws:wafv2/webAcl:WebAcl"
    ).values()
    (rate,) = (rule["statement"]["rateBasedStatement"] for rule in acl.inputs["rules"] if rule["name"] == "rate")
    path, method = rate["scopeDownStatement"]["andStatement"]["statements"]
    assert path["byteMatchStatement"]["searchString"] == "/login"
    asked = [one["byteMatchStatement"] for one in method["orStatement"]["statements"]]
    assert [(one["searchString"], one["positionalConstraint"]) for one in asked] == [
        ("POST", "EXACTLY"),
        ("PUT", "EXACTLY"),
    ]


def test_a_limit_that_aws_waf_refuses_is_refused_where_it_would_be_waf_s() -> None:
    limits = [{"name": "login", "paths": ["/login"], "perMinute": 9}]
    with pytest.raises(SettingsError, match="login has 9 requests a minute, and AWS WAF takes 10 or more"):
        settings(stage=4, firewall=True, application={"rateLimits": limits})
    assert settings(stage=5, firewall=True, application={"rateLimits": limits})


def test_the_firewall_counts_the_first_limits_paths() -> None:
    (acl,) = of_type(shop(stage=1, firewall=True), "aws:wafv2/webAcl:WebAcl").values()
    (rate,) = (rule["statement"]["rateBasedStatement"] for rule in acl.inputs["rules"] if rule["name"] == "rate")
    assert rate["limit"] == 300
    either = rate["scopeDownStatement"]["orStatement"]["statements"]
    assert [one["byteMatchStatement"]["searchString"] for one in either] == ["/api/", "/graphql"]


@pytest.fixture
def revealed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Recorded]]:
    """Makes a shop whose secrets can be read. They are made up."""

    def inside(struct: Struct) -> Any:
        if recorder.signature(struct) == rpc._special_secret_sig:
            return recorder._plain(struct.fields["value"])
        return special(struct)

    special = recorder._special
    monkeypatch.setattr(recorder, "_special", inside)
    return lambda **changes: record(lambda: build(settings(application=SHOP, **changes)), live=True)


def test_the_application_finds_variables_under_its_own_names(revealed: Callable[..., dict[str, Recorded]]) -> None:
    everything = revealed(stage=6)
    (secret,) = (one for name, one in of_type(everything, SECRET).items() if name == "test-use1-app")
    held = json.loads(secret.inputs["secretString"])
    assert held["POSTGRES_URL"] == held["DATABASE_URL"]
    assert held["CACHE_URL"] == held["REDIS_URL"]
    (task,) = (one for name, one in of_type(everything, TASK).items() if name == "test-use1-own")
    (container,) = json.loads(task.inputs["containerDefinitions"])
    assert {"name": "LOG_LEVEL", "value": "info"} in container["environment"]


def test_in_pods_a_further_name_has_the_address_of_the_pooler(revealed: Callable[..., dict[str, Recorded]]) -> None:
    everything = revealed(stage=6, runtime="kubernetes")
    values = {
        name: one.inputs.get("stringData") or {}
        for name, one in of_type(everything, "kubernetes:core/v1:Secret").items()
        if "use1" in name
    }
    holding = [one for one in values.values() if "POSTGRES_URL" in one]
    assert len(holding) == 1
    assert holding[0]["POSTGRES_URL"] == holding[0]["DATABASE_URL"]
    assert "pgbouncer" in holding[0]["POSTGRES_URL"]


def test_its_own_jobs_run_its_image_with_what_it_gets() -> None:
    everything = shop(stage=1)
    (schedule,) = (one for name, one in of_type(everything, SCHEDULE).items() if name == "test-use1-own-nightly")
    assert schedule.inputs["scheduleExpression"] == "cron(30 2 ? * 2-6 *)"
    (override,) = json.loads(schedule.inputs["target"]["input"])["containerOverrides"]
    assert override["command"] == ["bin/report", "--daily"]
    (task,) = (one for name, one in of_type(everything, TASK).items() if name == "test-use1-own")
    (container,) = json.loads(task.inputs["containerDefinitions"])
    assert container["image"] == "registry.example.com/app:1.0.0"
    assert {"name": "ROLE", "value": "job"} in container["environment"]
    assert {one["name"] for one in container["secrets"]} >= {"DATABASE_URL", "DATABASE_DIRECT_URL", "POSTGRES_URL"}
    assert container["user"] == "1000"
    assert container["mountPoints"] == [{"sourceVolume": "tmp", "containerPath": "/tmp"}]  # noqa: S108
    assert task.inputs["volumes"] == [{"name": "tmp"}]
    assert "taskRoleArn" in task.inputs
    assert {"name": "DB_POOL_MAX", "value": "2"} in container["environment"]
    pattern = of_type(everything, "aws:cloudwatch/eventRule:EventRule")["test-use1-own"].inputs["eventPattern"]
    assert {"exitCode": [{"anything-but": [0]}]} in [
        one.get("containers") for one in json.loads(pattern)["detail"]["$or"]
    ]


@pytest.mark.parametrize("stage", [1, 3])
def test_a_queue_has_one_policy_and_the_topic_takes_what_is_told_of_jobs(stage: int) -> None:
    everything = shop(stage=stage)
    policies = of_type(everything, "aws:sqs/queuePolicy:QueuePolicy").values()
    queues = [one.inputs["queueUrl"] for one in policies]
    assert len(queues) == len(set(queues)) > 0
    topics = of_type(everything, "aws:sns/topicPolicy:TopicPolicy").values()
    assert any("events.amazonaws.com" in json.dumps(one.inputs) for one in topics)
    target = of_type(everything, "aws:cloudwatch/eventTarget:EventTarget")["test-use1-own"].inputs
    told = target["inputTransformer"]["inputTemplate"]
    assert "test-use1-own: job <job> failed" in told
    assert "#own-jobs" in told
    assert "\n## Own jobs\n" in (ROOT / "docs" / "procedures.md").read_text()


def test_its_own_jobs_are_in_the_budget_of_connections() -> None:
    plain = {**SHOP, "schedules": {}}
    assert settings(application=SHOP).connections.workers == settings(application=plain).connections.workers + 2


def test_kubernetes_leaves_dollars_as_they_are_and_repeats_nothing() -> None:
    application = {
        **SHOP,
        "environment": {"PRICE": "$(PORT) $$"},
        "schedules": {"a": {"cron": "0 0 * * *", "command": ["echo", "$(PORT)"]}},
    }
    everything = built(live=True, stage=1, runtime="kubernetes", application=application)
    spec = of_type(everything, "kubernetes:batch/v1:CronJob")["test-use1-own-pods-a"].inputs["spec"]["jobTemplate"][
        "spec"
    ]
    assert spec["backoffLimit"] == 0
    (container,) = spec["template"]["spec"]["containers"]
    assert container["args"] == ["echo", "$$(PORT)"]
    assert {"name": "PRICE", "value": "$$(PORT) $$$$"} in container["env"]


def test_what_does_not_fit_the_user_data_of_an_instance_is_refused() -> None:
    many = {"environment": {f"VARIABLE_{number}": "x" * 100 for number in range(50)}}
    with pytest.raises(SettingsError, match="bytes, and EC2 takes 16384"):
        settings(application=many)
    assert settings(application=many, runtime="kubernetes")
    most = {f"bucket-{number}": {"public": True} for number in range(8)}
    fits = settings(application={"buckets": most, "queues": [f"queue-{number}" for number in range(4)]})
    # What is estimated is no less than what is then made.
    (template,) = of_type(
        built(live=True, application={"buckets": most, "queues": [f"queue-{number}" for number in range(4)]}),
        "aws:ec2/launchTemplate:LaunchTemplate",
    ).values()
    assert len(base64.b64decode(template.inputs["userData"])) <= boot_size(fits.described) <= LARGEST


def test_a_stack_whose_zone_another_one_writes_says_its_paths_there() -> None:
    with pytest.raises(SettingsError, match="the stack other writes the rules of the zone"):
        settings(stage=5, edge={"owner": "other"}, application={"hashedPaths": ["/assets/"]})


def test_in_a_cluster_its_own_jobs_are_cron_jobs() -> None:
    everything = shop(stage=4, runtime="kubernetes")
    assert not [name for name in of_type(everything, SCHEDULE) if "-own-" in name]
    spec = of_type(everything, "kubernetes:batch/v1:CronJob")["test-use1-own-pods-nightly"].inputs["spec"]
    assert spec["schedule"] == "30 2 * * 1-5"
    template = spec["jobTemplate"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert container["args"] == ["bin/report", "--daily"]
    assert {"name": "ROLE", "value": "job"} in container["env"]
    assert {"secretRef": {"name": "database-credentials"}} in container["envFrom"]
    # The policy that lets the application out is for these pods as well.
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "app"
    assert template["spec"]["serviceAccountName"] == "web"


def test_a_schedule_has_one_owner() -> None:
    everything = shop(stage=7)
    assert {one.region for name, one in of_type(everything, SCHEDULE).items() if "-own-" in name} == {"us-east-1"}
    # What IAM has to make is in every region that can take the writes.
    assert {one.region for name, one in of_type(everything, TASK).items() if name.endswith("-own")} == {
        "us-east-1",
        "eu-west-1",
        "ap-southeast-2",
    }


def test_the_nodes_hold_its_own_jobs() -> None:
    needs = {need.what: need.pods for need in settings(runtime="kubernetes", application=SHOP).node_budget.needs}
    assert needs["own jobs"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": "shop"}, "application.profile: given \"shop\"; it should be 'runbooks' or 'plain'"),
        ({"port": 80}, "application.port: given 80; it should be greater than or equal to 1024"),
        ({"healthPath": "up"}, 'application.healthPath: given "up"; it does not have the right form'),
        ({"buckets": {"covers": {}}}, "at least one bucket should be public"),
        ({"buckets": {"a": {"images": True}}}, "images is about public files"),
        ({"buckets": {"Covers": {"public": True}}}, "application.buckets.Covers"),
        ({"queues": ["mail", "mail"]}, "each should be listed once, and mail is listed again"),
        ({"queues": []}, "application.queues: given []; it should not be empty"),
        ({"rateLimits": [{"name": "a", "paths": ['/a"b'], "perMinute": 1}]}, "it does not have the right form"),
        ({"schedules": {"a": {"cron": "@daily", "command": ["x"]}}}, "it should have five fields"),
        ({"schedules": {"apply": {"cron": "0 0 * * *", "command": ["x"]}}}, "it is a job of ascent:jobs"),
        ({"schedules": {"a": {"cron": "0 0 * * *", "command": ["x" * 900] * 9}}}, "characters as JSON"),
        ({"environment": {"DATABASE_URL": "x"}}, "DATABASE_URL is set by the platform"),
        ({"environment": {"PATH": "x"}}, "would change how the instance's own programs run"),
        ({"names": {"DATABASE_URI": "X"}}, "the platform sets no DATABASE_URI"),
        ({"names": {"DATABASE_URL": "PORT"}}, "PORT is set by the platform"),
        ({"names": {"DATABASE_URL": "X", "REDIS_URL": "X"}}, "X should be given once"),
        ({"cachedPaths": ["/a"]}, "unknown key. Did you mean hashedPaths?"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings(application=changes)
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("Pulumi.test.yaml: ascent:application")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"buckets": {"c" * 10: {"public": True}}},
            'given "cccccccccc"; it should have 8 characters at most',
        ),
        ({"queues": ["q" * 22]}, "it should have 21 characters at most, as AWS adds to it (Amazon SQS API Reference"),
        ({"schedules": {"s" * 30: {"cron": "0 0 * * *", "command": ["x"]}}}, "it should have 11 characters at most"),
    ],
)
def test_a_name_that_does_not_fit_beside_the_stacks_is_refused(given: dict[str, Any], message: str) -> None:
    longest = f"Pulumi.{'s' * 34}.yaml"
    with pytest.raises(SettingsError) as refusal:
        parse(config(application=given), longest, encrypted=SECRETS)
    assert message in str(refusal.value)
    assert parse(config(application=given), "Pulumi.test.yaml", encrypted=SECRETS)


def test_a_number_for_a_limit_that_the_application_lacks_is_refused() -> None:
    with pytest.raises(SettingsError, match="the application has no rate limit uploads, but general"):
        settings(stage=5, application={"profile": "plain"}, edge={"plan": "pro", "rateLimitPerMinute": {"uploads": 5}})


def test_a_variable_is_a_secret_or_not() -> None:
    with pytest.raises(SettingsError, match="LOG_LEVEL is one of ascent:appSecrets"):
        settings(application={"environment": {"LOG_LEVEL": "x"}}, appSecrets={"LOG_LEVEL": "y"})


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("0 2 * * *", None),
        ("*/15 8-18 * * 1-5", None),
        ("0,30 0 1,15 1-6 *", None),
        ("0 24 * * *", "from 0 to 23"),
        ("60 * * * *", "from 0 to 59"),
        ("0 0 0 * *", "from 1 to 31"),
        ("0 0 * * 7", "from 0 to 6"),
        ("0 0 * * MON", "it should be * or numbers"),
        ("0 0 5-1 * *", "the smaller number first"),
        ("0 0 1 * 1", "EventBridge Scheduler refuses both together"),
        ("0 0 * *", "five fields"),
        ("0 0 * * */2", "it should be * or numbers"),
        ("0 */25 * * *", "from 0 to 23"),
    ],
)
def test_a_time_means_the_same_to_kubernetes_and_to_eventbridge(cron: str, reason: str | None) -> None:
    found = refused(cron)
    assert found is None if reason is None else reason in str(found)


def test_days_of_the_week_are_counted_from_one_at_aws() -> None:
    assert ScheduledJob("x", "0 2 * * 0,2-4", (), "").aws_cron == "cron(0 2 ? * 1,3-5 *)"
