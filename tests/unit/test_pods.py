"""The application on Kubernetes: what its objects say, at every stage and for every runtime that has pods."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi
import pytest

from catalog import config as configuration
from infra.authorities import rds
from infra.database_url import password, port, through, userlist
from infra.schedules import JOBS
from infra.stages import STAGES
from infra.wiring.pod_secrets import redis_revision
from ops.engine.recorder import SECRET, Recorded
from tests.unit.runtime import built, of_type, record

DEPLOYMENT, HPA = "kubernetes:apps/v1:Deployment", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
PDB, SERVICE = "kubernetes:policy/v1:PodDisruptionBudget", "kubernetes:core/v1:Service"
POLICY, CRON = "kubernetes:networking.k8s.io/v1:NetworkPolicy", "kubernetes:batch/v1:CronJob"
SECRETS, RELEASE = "kubernetes:core/v1:Secret", "kubernetes:helm.sh/v3:Release"
BINDING = "kubernetes:eks.amazonaws.com/v1:TargetGroupBinding"
IMAGE = "registry.example.com/app:1.0.0"
TWO = {"blue": {"image": IMAGE, "weight": 70}, "green": {"image": IMAGE, "weight": 30}}
OWN = {"kubeconfig": "apiVersion: v1", "context": "team"}


def live(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, **{"runtime": "kubernetes", **changes})


def blue(everything: dict[str, Recorded], type_: str) -> dict[str, Any]:
    return dict(of_type(everything, type_)["test-use1-blue-pods"].inputs)


def pod(everything: dict[str, Recorded]) -> dict[str, Any]:
    found: dict[str, Any] = blue(everything, DEPLOYMENT)["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("runtime", ["kubernetes", "both"])
@pytest.mark.parametrize("stage", STAGES)
def test_replicas_belong_to_the_autoscaler_alone(stage: int, runtime: str) -> None:
    everything = live(stage=stage, runtime=runtime)
    deployments, autoscalers = of_type(everything, DEPLOYMENT), of_type(everything, HPA)
    assert set(deployments) == set(autoscalers)
    assert all("replicas" not in one.inputs["spec"] for one in deployments.values())
    size = STAGES[stage].sizes.hpa
    spec = autoscalers["test-use1-blue-pods"].inputs["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (size.minimum, size.maximum)
    targets = {one["resource"]["name"]: one["resource"]["target"]["averageUtilization"] for one in spec["metrics"]}
    assert targets == {"cpu": 70, "memory": 80}
    up, down = spec["behavior"]["scaleUp"], spec["behavior"]["scaleDown"]
    assert (up["stabilizationWindowSeconds"], up["policies"][0]["value"]) == (60, 100)
    assert (down["stabilizationWindowSeconds"], down["policies"][0]["value"]) == (300, 25)


def test_a_pod_has_no_right_that_it_does_not_need() -> None:
    everything = live()
    found = pod(everything)
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = found["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    (namespace,) = of_type(everything, "kubernetes:core/v1:Namespace").values()
    labels = namespace.inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    accounts = of_type(everything, "kubernetes:core/v1:ServiceAccount").values()
    assert all(one.inputs["automountServiceAccountToken"] is False for one in accounts)


def test_a_pod_keeps_the_contract_of_health_and_going() -> None:
    found = pod(live())
    (container,) = found["containers"]
    probes = {name: container[f"{name}Probe"] for name in ("liveness", "readiness", "startup")}
    assert {one["httpGet"]["path"] for one in probes.values()} == {"/api/health"}
    # A pod that fails is out of service in seconds, and started again only when a failover of the database is over.
    lasts = {name: one["periodSeconds"] * one["failureThreshold"] for name, one in probes.items()}
    assert (lasts["readiness"], lasts["liveness"]) == (15, 120)
    assert (probes["liveness"]["initialDelaySeconds"], probes["liveness"]["periodSeconds"]) == (30, 10)
    assert (probes["readiness"]["initialDelaySeconds"], probes["readiness"]["periodSeconds"]) == (5, 5)
    assert probes["startup"]["periodSeconds"] * probes["startup"]["failureThreshold"] == 120
    drain = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    group = of_type(live(), "aws:lb/targetGroup:TargetGroup")["test-use1-blue-k8s"]
    delay = group.inputs["deregistrationDelay"]
    assert drain > delay
    assert found["terminationGracePeriodSeconds"] >= drain + 30


@pytest.mark.parametrize(
    ("liveness", "asked"),
    [("/api/live", {"httpGet": {"path": "/api/live", "port": "http"}}), ("tcp", {"tcpSocket": {"port": "http"}})],
)
def test_whether_a_pod_lives_may_be_asked_elsewhere_than_whether_it_serves(liveness: str, asked: Any) -> None:
    (container,) = pod(live(stage=1, pods={"liveness": liveness}))["containers"]
    assert asked.items() <= container["livenessProbe"].items()
    assert container["readinessProbe"]["httpGet"]["path"] == "/api/health"


def test_pods_may_be_scaled_by_cpu_alone() -> None:
    """Where memory that was once taken is never given back, pods that came for it would never go."""
    autoscalers = of_type(live(stage=6, hpa={"byMemory": False}), HPA)
    assert set(autoscalers) == {"test-use1-blue-pods", "test-use1-workers-pods"}
    for one in autoscalers.values():
        assert [metric["resource"]["name"] for metric in one.inputs["spec"]["metrics"]] == ["cpu"]


def test_an_update_takes_no_pod_away_before_another_is_ready() -> None:
    spec = blue(live(), DEPLOYMENT)["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    assert spec["minReadySeconds"] == 60
    keys = [one["topologyKey"] for one in spec["template"]["spec"]["topologySpreadConstraints"]]
    assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    budget = blue(live(), PDB)["spec"]
    assert "minAvailable" not in budget
    assert budget["maxUnavailable"] == "25%"


@pytest.mark.parametrize(
    ("stage", "cpu", "memory"), [(1, "500m", "512Mi"), (4, "1000m", "1024Mi"), (6, "2000m", "2048Mi")]
)
def test_requests_are_the_guides_and_limits_twice_that(stage: int, cpu: str, memory: str) -> None:
    (container,) = pod(live(stage=stage))["containers"]
    assert container["resources"]["requests"] == {"cpu": cpu, "memory": memory}
    doubled = {"cpu": f"{int(cpu[:-1]) * 2}m", "memory": f"{int(memory[:-2]) * 2}Mi"}
    assert container["resources"]["limits"] == doubled
    (own,) = pod(live(stage=stage, pods={"cpu": 0.25, "memory": 128}))["containers"]
    assert own["resources"]["requests"] == {"cpu": "250m", "memory": "128Mi"}


def test_each_running_color_has_pods_of_its_own_behind_its_own_target_group() -> None:
    everything = live(rollout=TWO)
    assert set(of_type(everything, DEPLOYMENT)) == {"test-use1-blue-pods", "test-use1-green-pods"}
    for color in ("blue", "green"):
        binding = of_type(everything, BINDING)[f"test-use1-{color}-pods"].inputs["spec"]
        service = of_type(everything, SERVICE)[f"test-use1-{color}-pods"].inputs
        assert binding["serviceRef"] == {"name": service["metadata"]["name"], "port": 80}
        assert binding["targetGroupARN"].endswith(f"{color}-k8s")
        assert service["spec"]["ports"][0]["port"] == 80
        (container,) = of_type(everything, DEPLOYMENT)[f"test-use1-{color}-pods"].inputs["spec"]["template"]["spec"][
            "containers"
        ]
        assert container["ports"][0] == {"name": "http", "containerPort": 3000, "protocol": "TCP"}
        group = of_type(everything, "aws:lb/targetGroup:TargetGroup")[f"test-use1-{color}-k8s"].inputs
        assert group["targetType"] == "ip"
        assert group["tags"]["eks:eks-cluster-name"] == "test-use1"


def test_a_pod_is_ready_when_the_load_balancer_says_so() -> None:
    """Each controller looks for a label of its own."""
    for changes, group in (({}, "eks.amazonaws.com"), ({"cluster": OWN}, "elbv2.k8s.aws")):
        (namespace,) = of_type(live(stage=1, **changes), "kubernetes:core/v1:Namespace").values()
        labels = namespace.inputs["metadata"]["labels"]
        gates = {key: value for key, value in labels.items() if "gate" in key}
        assert gates == {f"{group}/pod-readiness-gate-inject": "enabled"}


def test_a_color_without_pods_keeps_its_service_and_binding() -> None:
    everything = live(stage=1)
    assert set(of_type(everything, DEPLOYMENT)) == {"test-use1-blue-pods"}
    for kind in (BINDING, SERVICE):
        assert set(of_type(everything, kind)) == {"test-use1-blue-pods", "test-use1-green-pods"}
    green = of_type(everything, SERVICE)["test-use1-green-pods"].inputs["metadata"]
    # Nothing would ever make it ready.
    assert green["annotations"] == {"pulumi.com/skipAwait": "true"}


def _rules(everything: dict[str, Recorded], policy: str, way: str = "egress") -> list[tuple[Any, list[int]]]:
    spec = of_type(everything, POLICY)[f"test-use1-policies-{policy}"].inputs["spec"]
    peers = "to" if way == "egress" else "from"
    return [(rule.get(peers), sorted({port["port"] for port in rule["ports"]})) for rule in spec[way]]


def test_nothing_reaches_pods_and_they_reach_nothing_but_what_the_contract_needs() -> None:
    everything = live(stage=6)
    closed = of_type(everything, POLICY)["test-use1-policies-default-deny"].inputs["spec"]
    assert closed == {"podSelector": {"matchLabels": {}}, "policyTypes": ["Ingress", "Egress"]}
    assert _rules(everything, "web", "ingress") == [([{"ipBlock": {"cidr": "10.0.0.0/16"}}], [3000])]
    stack = [{"ipBlock": {"cidr": "10.0.0.0/11"}}]
    pooler, redis = ({"app.kubernetes.io/name": name} for name in ("pgbouncer", "redis"))
    assert _rules(everything, "app") == [
        (None, [53]),
        ([{"ipBlock": {"cidr": "169.254.170.23/32"}}], [80]),
        ([{"ipBlock": {"cidr": "0.0.0.0/0"}}], [443]),
        (stack, [5432]),
        ([{"podSelector": {"matchLabels": pooler}}], [6432]),
        ([{"podSelector": {"matchLabels": redis}}], [6379, 26379]),
        (stack, [6379]),
    ]
    assert _rules(everything, "jobs") == [(None, [53]), (stack, [5432])]
    # Each kind of pod is under a policy of its own.
    (job, *_) = of_type(everything, CRON).values()
    labels = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    selected = of_type(everything, POLICY)["test-use1-policies-jobs"].inputs["spec"]["podSelector"]["matchLabels"]
    assert selected.items() <= labels.items()
    assert labels["app.kubernetes.io/name"] != "app"


def test_somebody_elses_database_and_cache_are_reached_where_they_are() -> None:
    everything = live(
        stage=6,
        externalDatabase={
            "directUrl": "postgresql://a:hunter2@db/app",
            "pooledUrl": "postgresql://a:hunter2@db:6543/app",
        },
        externalCache={"url": "rediss://:hunter2@cache.example.com:6380"},
    )
    anywhere = [{"ipBlock": {"cidr": "0.0.0.0/0"}}]
    assert _rules(everything, "app")[-2:] == [(anywhere, [5432, 6543]), (anywhere, [6380])]
    assert _rules(everything, "jobs")[-1] == (anywhere, [5432, 6543])
    assert of_type(everything, RELEASE) == {}
    assert "hunter2" not in str(everything)


def test_secrets_are_never_plain_and_come_from_the_one_version_there_is() -> None:
    everything = live(stage=6, appSecrets={"SESSION_KEY": "hunter2"})
    secrets = of_type(everything, SECRETS)
    names = {one.inputs["metadata"]["name"] for one in secrets.values()}
    assert names == {"app-secrets", "database-credentials", "pgbouncer-users", "redis-credentials"}
    assert all(one.inputs["stringData"] == SECRET for one in secrets.values())
    assert "hunter2" not in str(everything)
    assert "made-up" not in str([one for one in everything.values() if one.type.startswith("kubernetes:")])
    (provider,) = of_type(everything, "pulumi:providers:kubernetes").values()
    assert provider.inputs["kubeconfig"] == SECRET
    # A changed value is a change, and not another object with a gap between the two.
    assert provider.inputs["enableSecretMutable"] == "true"
    template = blue(everything, DEPLOYMENT)["spec"]["template"]
    assert template["metadata"]["annotations"] == {"ascent/secret-version": "test-use1-app-version-pgbouncer"}
    (container,) = template["spec"]["containers"]
    assert {one["secretRef"]["name"] for one in container["envFrom"]} == {"app-secrets", "database-credentials"}
    (redis,) = [one for one in container["env"] if one["name"] == "REDIS_URL"]
    assert redis["valueFrom"]["secretKeyRef"] == {"name": "redis-credentials", "key": "url"}


def test_pods_are_replaced_when_a_pooler_comes_or_goes_and_may_reach_it_until_then() -> None:
    """Its address is in a Secret of the cluster alone, which pods read when they start."""
    alone, pooled = live(stage=1), live(stage=2)
    (before, after) = (
        blue(one, DEPLOYMENT)["spec"]["template"]["metadata"]["annotations"]["ascent/secret-version"]
        for one in (alone, pooled)
    )
    assert (before, after) == ("test-use1-app-version", "test-use1-app-version-pgbouncer")
    # Policies change before pods do.
    allowed = [
        of_type(one, POLICY)["test-use1-policies-app"].inputs["spec"]["egress"]
        for one in (alone, pooled, live(stage=6))
    ]
    assert allowed[0] == allowed[1] == allowed[2]


def test_pods_are_told_what_instances_are_told() -> None:
    (container,) = pod(live(stage=6))["containers"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert told["ROLE"] == "web"
    assert told["PORT"] == "3000"
    assert told["CACHE_TTL_FEED"] == "300"
    assert set(json.loads(told["QUEUE_URLS"])) >= {"notifications"}
    assert {"BUCKETS", "DB_POOL_MAX", "AWS_REGION"} <= set(told)


URL = "postgresql://app:p%40ss@db.example.com:5433/app?sslmode=require"


def test_a_url_by_way_of_the_pooler_keeps_the_user_and_goes_to_its_host() -> None:
    assert through(URL, "pgbouncer.ascent-prod.svc", "app_readers") == (
        "postgresql://app:p%40ss@pgbouncer.ascent-prod.svc/app_readers?sslmode=disable"
    )
    assert userlist(URL) == '"app" "p@ss"\n'
    assert password("redis+sentinel://:secret@host:26379/ascent") == "secret"
    assert (port(URL, 1), port("encrypted", 5432), port("postgresql://a:b@c/d", 5432)) == (5433, 5432, 5432)


@pytest.mark.parametrize("stage", [2, 3, 4, 5, 6, 7])
def test_the_pooler_never_opens_more_than_the_budget_counts(stage: int) -> None:
    everything = live(stage=stage, rollout=TWO)
    release = of_type(everything, RELEASE)["test-use1-pgbouncer"].inputs
    values = release["values"]
    caps = [one["maxDbConnections"] or values["pool"]["maxDbConnections"] for one in values["databases"]]
    assert max(caps) * (values["replicas"] + 2) <= values["connectionBudget"]
    hosts = [one["host"] for one in values["databases"]]
    assert hosts[0].startswith("test-use1-db.")
    assert (len(hosts) == 2) == (stage >= 4)
    pods = STAGES[stage].sizes.hpa.maximum * 2
    assert values["pool"]["maxClientConnections"] >= pods * 20
    assert values["serverTls"]["mode"] == "require"
    assert release["chart"] == "./charts/pgbouncer"


def test_the_pooler_may_ask_for_a_certificate_that_its_regions_roots_have_signed() -> None:
    everything = live(stage=7, cluster={"apiCidrs": [], "verifyDatabase": True})
    told = {name: one.inputs["values"].get("serverTls") for name, one in of_type(everything, RELEASE).items()}
    regions = {"use1": "us-east-1", "euw1": "eu-west-1", "apse2": "ap-southeast-2"}
    assert {name: (tls["mode"], tls["ca"]["pem"]) for name, tls in told.items()} == {
        f"test-{code}-pgbouncer": ("verify-full", rds(region)) for code, region in regions.items()
    }


def test_there_is_no_pooler_before_its_stage() -> None:
    assert of_type(live(stage=1), RELEASE) == {}


def test_redis_in_the_cluster_takes_the_place_of_elasticache() -> None:
    everything = live(stage=6, cache={"inCluster": True})
    assert not [one for one in everything.values() if one.type.startswith("aws:elasticache")]
    values = of_type(everything, RELEASE)["test-use1-redis"].inputs["values"]
    assert values["auth"]["secretName"] == "redis-credentials"
    assert values["storage"]["className"] == "ascent"
    reached = [(peers, ports) for peers, ports in _rules(everything, "app") if 26379 in ports]
    assert reached == [([{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "redis"}}}], [6379, 26379])]


def _revisions(**changes: Any) -> dict[str, str]:
    releases = of_type(live(stage=6, cache={"inCluster": True}, **changes), RELEASE)
    return {one.inputs["name"]: one.inputs["values"]["auth"]["revision"] for one in releases.values()}


def test_what_runs_beside_restarts_for_its_own_passwords_alone() -> None:
    """Redis, that is: PgBouncer reads changed users by itself."""
    before = _revisions()
    assert before["pgbouncer"] == ""
    assert re.fullmatch("[0-9a-f]{16}", before["redis"])
    assert _revisions(appSecrets={"SESSION_KEY": "hunter2"}) == before


def test_either_password_moves_the_revision_of_redis() -> None:
    secrets: list[dict[str, pulumi.Input[str]]] = [
        {"password": "a", "url": "redis://a"},
        {"password": "a", "url": "redis://elsewhere"},
        {"password": "b", "url": "redis://a"},
        {"password": "b", "url": "redis://a", "previousPassword": "a"},
    ]
    known: list[list[str]] = []
    record(lambda: pulumi.Output.all(*map(redis_revision, secrets)).apply(known.append))
    ((first, elsewhere, other, both),) = known
    assert first == elsewhere
    assert len({first, other, both}) == 3


def test_jobs_and_queues_have_one_owner() -> None:
    schedule = "aws:scheduler/schedule:Schedule"
    owners = {runtime: live(stage=7, runtime=runtime) for runtime in ("kubernetes", "both")}
    # The clock starts nothing.
    assert set(of_type(owners["kubernetes"], schedule)) == {"test-use1-tasks-pods-clock"}
    assert len(of_type(owners["kubernetes"], CRON)) == len(JOBS)
    assert len(of_type(owners["both"], schedule)) == len(JOBS) + 1
    assert of_type(owners["both"], CRON) == {}
    assert [name for name in of_type(owners["kubernetes"], DEPLOYMENT) if "workers" in name] == [
        "test-use1-workers-pods"
    ]
    assert not [name for name in of_type(owners["both"], DEPLOYMENT) if "workers" in name]


def test_a_job_never_runs_twice_at_once_and_never_for_ever() -> None:
    assert of_type(live(stage=2), CRON) == {}
    assert of_type(live(stage=3, jobs=None), CRON) == {}
    spec = of_type(live(stage=3), CRON)["test-use1-tasks-pods-archive-messages"].inputs["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 4 1 * *", "Etc/UTC")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] == 3600
    assert {spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]} == {3}
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (3, 21600)
    # No node is emptied under it; should one go all the same, the run is begun again and has not failed.
    assert job["template"]["metadata"]["annotations"] == {"karpenter.sh/do-not-disrupt": "true"}
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert job["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    (container,) = job["template"]["spec"]["containers"]
    name, told, url = container["env"]
    assert name == {"name": "ASCENT_JOB", "value": "archive-messages"}
    assert told == {"name": "ASCENT_MAX_CONNECTIONS", "value": "2000"}
    assert url["valueFrom"]["secretKeyRef"] == {"name": "database-credentials", "key": "DATABASE_DIRECT_URL"}
    assert container["args"] == ["retain", "--job", "archive", "--config", "/etc/ascent/database.yaml"]


def test_in_a_cluster_that_is_there_already_nothing_of_eks_is_made() -> None:
    everything = live(stage=6, cluster=OWN)
    assert not [one for one in everything.values() if one.type.startswith("aws:eks")]
    (provider,) = of_type(everything, "pulumi:providers:kubernetes").values()
    assert provider.inputs["kubeconfig"] == SECRET
    assert provider.inputs["context"] == "team"
    binding = of_type(everything, "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding")["test-use1-blue-pods"]
    rule = binding.inputs["spec"]["networking"]["ingress"][0]
    assert rule["from"] == [{"securityGroup": {"groupID": "test-use1-id"}}]
    assert not {"NodeClass", "NodePool", "StorageClass"} & {one.type.rpartition(":")[2] for one in everything.values()}
    known_to_eks = live(stage=6, cluster={**OWN, "name": "team"})
    associations = of_type(known_to_eks, "aws:eks/podIdentityAssociation:PodIdentityAssociation").values()
    assert {one.inputs["clusterName"] for one in associations} == {"team"}


def test_the_provider_waits_longer_than_kubernetes_does() -> None:
    """It would give up first otherwise, and not say why."""
    deployments = of_type(live(stage=6), DEPLOYMENT)
    assert set(deployments) == {"test-use1-blue-pods", "test-use1-workers-pods"}
    for one in deployments.values():
        deadline = one.inputs["spec"]["progressDeadlineSeconds"]
        assert all(int(one.timeouts[op].removesuffix("m")) * 60 > deadline for op in ("create", "update"))


@pytest.mark.parametrize("cluster", [{"apiCidrs": []}, OWN], ids=["made", "given"])
def test_what_kubectl_changed_is_taken_back_by_an_update_in_place(cluster: dict[str, Any]) -> None:
    """Without force, the API server refuses an apply of fields that another manager has set: a conflict."""
    (provider,) = of_type(live(cluster=cluster), "pulumi:providers:kubernetes").values()
    assert provider.inputs["enablePatchForce"] == "true"
    after = dict(provider.inputs)
    before = {name: value for name, value in after.items() if name != "enablePatchForce"}
    assert configuration.changed(before, after) == ["enablePatchForce"]
    # pulumi-kubernetes, provider/pkg/provider/provider.go, DiffConfig: another cluster alone replaces anything.
    assert configuration.replacing("kubernetes", before, after) == []


def test_what_was_stopped_by_hand_is_found_to_be() -> None:
    """Refresh compares what the program says, and nothing else; ops/drift/stopped.py reads what it cannot say."""
    everything = live(stage=6)
    assert {one.inputs["spec"]["suspend"] for one in of_type(everything, CRON).values()} == {False}
    assert not any("paused" in one.inputs["spec"] for one in of_type(everything, DEPLOYMENT).values())


def test_a_worker_has_the_time_of_a_job_to_end() -> None:
    deployment = of_type(live(stage=6), "kubernetes:apps/v1:Deployment")["test-use1-workers-pods"].inputs
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 300
