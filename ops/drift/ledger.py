"""Expected drift: properties that another service owns, by type. A table, read by `judge`."""

from __future__ import annotations

from dataclasses import dataclass

AUTOSCALING = "EC2 Auto Scaling"
HPA = "the HorizontalPodAutoscaler"
GLOBAL_DATABASE = "Aurora's global database"
GLOBAL_DATASTORE = "ElastiCache's Global Datastore"


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """One property that drifts, and that need not be put back.

    type: type token.
    path: property, with `[*]` for any element of a list; everything below it is meant too.
    owner: who changes it.
    reason: why that is right.
    ignored: applies only where the program leaves the property to its owner by `ignore_changes`.
    in_rollout: only while a rollout is under way.
    """

    type: str
    path: str
    owner: str
    reason: str
    ignored: bool = False
    in_rollout: bool = False


LEDGER = (
    Expected(
        type="aws:autoscaling/group:Group",
        path="desiredCapacity",
        owner=AUTOSCALING,
        reason="Scaling policies move it within the bounds; the program sets the bounds alone.",
    ),
    Expected(
        type="aws:autoscaling/group:Group",
        path="predictedCapacity",
        owner=AUTOSCALING,
        reason="A forecast, which AWS recalculates continuously.",
    ),
    Expected(
        type="aws:autoscaling/group:Group",
        path="warmPoolSize",
        owner=AUTOSCALING,
        reason="Instances leave the warm pool when the group grows, and come back to it.",
    ),
    Expected(
        type="aws:autoscaling/group:Group",
        path="initialLifecycleHooks",
        owner="the group's LifecycleHook resources",
        reason="A group is created with its first hook; later changes are those resources'.",
        ignored=True,
    ),
    Expected(
        type="kubernetes:apps/v1:Deployment",
        path="spec.replicas",
        owner=HPA,
        reason="It moves them within its bounds; the program sets the bounds alone.",
        ignored=True,
    ),
    Expected(
        type="kubernetes:apps/v1:Deployment",
        path='metadata.annotations["deployment.kubernetes.io/revision"]',
        owner="Kubernetes",
        reason="The Deployment's controller counts its rollouts there.",
    ),
    Expected(
        type="aws:lb/listener:Listener",
        path="defaultActions[*].forward.targetGroups",
        owner="ascent rollout",
        reason="A step that was cut off has moved them; `ascent rollout step` or `abort` settles it.",
        in_rollout=True,
    ),
    Expected(
        type="aws:ec2/subnet:Subnet",
        path="availabilityZone",
        owner="the subnet",
        reason="It cannot change; what an older stack made by the zone's name stays where it is.",
        ignored=True,
    ),
    Expected(
        type="aws:ec2/subnet:Subnet",
        path="availabilityZoneId",
        owner="the subnet",
        reason="The same zone by its id.",
        ignored=True,
    ),
    Expected(
        type="aws:rds/clusterInstance:ClusterInstance",
        path="availabilityZone",
        owner="the instance",
        reason="It cannot change; the zone is the one that it was made in.",
        ignored=True,
    ),
    Expected(
        type="aws:rds/cluster:Cluster",
        path="clusterMembers",
        owner="Application Auto Scaling",
        reason="It adds readers by load, and takes them away.",
    ),
    Expected(
        type="aws:rds/cluster:Cluster",
        path="globalClusterIdentifier",
        owner=GLOBAL_DATABASE,
        reason="When a global database adopts a cluster, AWS sets this on the cluster.",
        ignored=True,
    ),
    Expected(
        type="aws:rds/cluster:Cluster",
        path="replicationSourceIdentifier",
        owner=GLOBAL_DATABASE,
        reason="A failover reverses the replication.",
        ignored=True,
    ),
    Expected(
        type="aws:rds/cluster:Cluster",
        path="engineVersion",
        owner=GLOBAL_DATABASE,
        reason="It is one for all members, and is changed there.",
        ignored=True,
    ),
    Expected(
        type="aws:rds/globalCluster:GlobalCluster",
        path="globalClusterMembers",
        owner=GLOBAL_DATABASE,
        reason="A failover makes another member the writer.",
    ),
    Expected(
        type="aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
        path="primaryReplicationGroupId",
        owner=GLOBAL_DATASTORE,
        reason="A failover makes another member the primary.",
        ignored=True,
    ),
    *(
        Expected(
            type="aws:elasticache/replicationGroup:ReplicationGroup",
            path=path,
            owner=GLOBAL_DATASTORE,
            reason="It is one for all members, and is changed there.",
            ignored=True,
        )
        for path in ("engineVersion", "nodeType", "parameterGroupName")
    ),
    *(
        Expected(
            type=type_,
            path="vpcSubnetIds",
            owner="RDS Proxy",
            reason="RDS Proxy drops subnets in zones that it does not support, and would do so again.",
            ignored=True,
        )
        for type_ in ("aws:rds/proxy:Proxy", "aws:rds/proxyEndpoint:ProxyEndpoint")
    ),
    Expected(
        type="aws:eks/cluster:Cluster",
        path="accessConfig.bootstrapClusterCreatorAdminPermissions",
        owner="EKS",
        reason="It can never be changed, and clusters from before have it on.",
        ignored=True,
    ),
    Expected(
        type="aws:eks/cluster:Cluster",
        path="platformVersion",
        owner="EKS",
        reason="It brings its own patches in without being asked.",
    ),
    *(
        Expected(
            type="aws:acm/certificate:Certificate",
            path=path,
            owner="ACM",
            reason="It renews certificates by itself, as long as the record that validates them is there.",
        )
        for path in ("notAfter", "notBefore", "pendingRenewal", "renewalEligibility", "renewalSummaries")
    ),
)


def left_by_the_program(type_: str, path: str) -> Expected:
    """A row for a property that a program ignores without a row here, as in another project."""
    return Expected(
        type=type_, path=path, owner="others", reason="The program leaves it to them by ignore_changes.", ignored=True
    )
