"""A stack with a database, in AWS' memory and in a state."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from catalog.engine_steps import EngineStep
from infra.config.settings import Settings
from ops import stackfile
from ops.restore.cloud import RestoreCloud
from ops.restore.look import look
from ops.restore.perform import RestoreRun
from ops.restore.plan import plan, source, wish
from ops.restore.shape import Shape, shape
from tests.restore.aurora import NOW, REGION, Aurora

NAME = "test-use1-db"
TO = "2026-11-29T10:30:15Z"
STAMP = "20261129103015"
RESTORED, KEPT = f"{NAME}-restore-{STAMP}", f"{NAME}-before-{STAMP}"
SECRET = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:test-use1-credentials-master-1a2b3c4-AbCdEf"
TODAYS = "made-up-and-of-today"
PROXY = "test-use1-proxy-1a2b3c4"
SCALED = f"cluster:{NAME}"
ADDED = "application-autoscaling-1b4e28ba"
TAGS = {"ascent:project": "ascent", "ascent:stack": "test", "team": "a, b"}
KEY = f"arn:aws:kms:{REGION}:123456789012:key/mrk-1"
CALL = "urn:pulumi:test::ascent::ascent:infra:RoleKeeper$aws:lambda/invocation:Invocation::test-use1-roles"


def resource(type_: str, name: str, identifier: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """A resource in a state."""
    urn = f"urn:pulumi:test::ascent::ascent:infra:Database${type_}::{name}"
    return {"urn": urn, "type": type_, "id": identifier, "inputs": inputs, "outputs": {**inputs, **outputs}}


def state(*, readers: int = 1, proxy: bool = True, scaled: bool = True, roles: bool = False) -> list[dict[str, Any]]:
    """The resources of a stack's database, as the engine exports them."""
    cluster = {
        "clusterIdentifier": NAME,
        "databaseName": "app",
        "dbClusterParameterGroupName": "test-use1-db-params",
        "dbSubnetGroupName": "test-use1-db-subnets",
        "deletionProtection": True,
        "enabledCloudwatchLogsExports": ["postgresql"],
        "engine": "aurora-postgresql",
        "engineVersion": "16.8",
        "iamDatabaseAuthenticationEnabled": True,
        "kmsKeyId": KEY,
        "masterUsername": "ascent",
        "masterPassword": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1"},
        "port": 5432,
        "backupRetentionPeriod": 35,
        "copyTagsToSnapshot": True,
        "storageEncrypted": True,
        "serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 32},
        "vpcSecurityGroupIds": ["sg-1", "sg-2"],
        **({"enableHttpEndpoint": True} if roles else {}),
    }
    told = {"clusterResourceId": "cluster-OLD", "engineVersionActual": "16.8", "tagsAll": TAGS}
    found = [resource("aws:rds/cluster:Cluster", NAME, NAME, cluster, told)]
    for tier, role in enumerate(("writer", "reader", "reader-2")[: readers + 1]):
        name = f"{NAME}-{role}"
        has = {
            "identifier": name,
            "clusterIdentifier": NAME,
            "engine": "aurora-postgresql",
            "instanceClass": "db.serverless",
            "autoMinorVersionUpgrade": False,
            "promotionTier": min(tier, 1),
            "performanceInsightsEnabled": True,
            "performanceInsightsKmsKeyId": KEY,
            "performanceInsightsRetentionPeriod": 7,
        }
        seen = {"availabilityZone": f"{REGION}{'bcd'[tier]}", "publiclyAccessible": False, "tagsAll": TAGS}
        type_ = "aws:rds/clusterInstance:ClusterInstance"
        # As the engine orders them: not by who writes.
        found.insert(0, resource(type_, name, name, has, seen))
    secret = "aws:secretsmanager/secret:Secret"
    found.append(resource(secret, "test-use1-credentials-master", SECRET, {}, {}))
    if proxy:
        target = {"dbClusterIdentifier": NAME, "dbProxyName": PROXY, "targetGroupName": "default"}
        identifier = f"{PROXY}/default/TRACKED_CLUSTER/{NAME}"
        found.append(resource("aws:rds/proxyTarget:ProxyTarget", "test-use1-proxy", identifier, target, {}))
    if scaled:
        found.append(resource("aws:appautoscaling/target:Target", NAME, SCALED, {"resourceId": SCALED}, {}))
        found.append(resource("aws:appautoscaling/policy:Policy", NAME, "p", {"resourceId": SCALED}, {}))
    if roles:
        found.append({"urn": CALL, "type": "aws:lambda/invocation:Invocation", "id": "i", "inputs": {}, "outputs": {}})
    return found


def aws(resources: list[dict[str, Any]], *, follows: bool = False, lost: bool = False) -> Aurora:
    """AWS with what a state is about, and a reader that autoscaling has added; or all but the cluster."""
    one = Aurora(follows=follows)
    one.secrets[SECRET] = json.dumps({"username": "ascent", "password": TODAYS})
    if any("proxyTarget" in item["type"] for item in resources):
        one.proxies[PROXY] = [] if lost else [NAME]
    if any("appautoscaling/target" in item["type"] for item in resources):
        one.scaled[SCALED] = False
    if lost:
        window = {"EarliestTime": NOW - timedelta(days=35), "LatestTime": NOW - timedelta(hours=1)}
        one.backups["cluster-OLD"] = {"DbClusterResourceId": "cluster-OLD", "RestoreWindow": window}
        return one
    # Its guard has been lifted by hand: kept, it has one.
    made = one.add_cluster(
        NAME, Engine="aurora-postgresql", DbClusterResourceId="cluster-OLD", DeletionProtection=False
    )
    one.data[made["DbClusterResourceId"]] = "everything but what was deleted"
    for item in resources:
        if item["type"].endswith("ClusterInstance"):
            one.add_instance(item["id"], NAME)
    if one.scaled:
        one.add_instance(ADDED, NAME)
    return one


@dataclass
class Machine:
    """An engine that notes what it is asked for. `ops`: what it foresees, by the end of a URN."""

    resources_: list[dict[str, Any]]
    ops: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def resources(self) -> list[dict[str, Any]]:
        return self.resources_

    def refresh(self, urns: Any) -> None:
        self.told.append(("refresh", tuple(urns)))

    def update(self, replace: Any = ()) -> None:
        self.told.append(("update", tuple(replace)))

    def foreseen(self) -> list[EngineStep]:
        urns = [one["urn"] for one in self.resources_]
        return [EngineStep(urn=urn, op=self.ops.get(urn.rpartition("::")[2], "same")) for urn in urns]


def settings(stage: int = 4, **other: Any) -> Settings:
    """Settings of a stack at a stage."""
    return stackfile.read({**stackfile.config("prod"), "stage": stage, **other}, "Pulumi.test.yaml")


@dataclass
class Under:
    """A restore under way."""

    sky: Aurora
    run: RestoreRun
    shape: Shape
    machine: Machine
    asked: list[str]

    def all(self) -> dict[str, str]:
        """Take every step."""
        return {step.id: self.run.take(step.id) for step in self.run.plan.steps}


def under(
    sky: Aurora,
    resources: list[dict[str, Any]],
    *,
    to: str | None = TO,
    snapshot: str | None = None,
    yes: bool = True,
    machine: Machine | None = None,
) -> Under:
    """A restore as the command begins it, or takes it up."""
    engine, asked = machine or Machine(resources), list[str]()

    def ask(endpoint: str) -> bool:
        asked.append(endpoint)
        return yes

    shaped = shape(resources, "test", REGION)
    cloud, wanted = RestoreCloud(sky.client, REGION), wish(to, snapshot, NOW)
    names, found = look(cloud, wanted, shaped)
    origin = source(wanted, found, names, shaped)
    run = RestoreRun(
        plan=plan(settings(), "test", shaped, names, origin, found, NOW),
        shape=shaped,
        names=names,
        source=origin,
        cloud=cloud,
        engine=engine,
        ask=ask,
        answers=lambda url: url == "https://app.example.com/api/health",
        wait=sky.step,
    )
    return Under(sky, run, shaped, engine, asked)
