"""Aurora PostgreSQL in one region: a writer, or a replica of another region's, and readers where wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra import naming
from infra.roles.names import MASTER
from infra.security_groups import admitting
from infra.thresholds import (
    DATABASE_PORT,
    HNSW_BUILD_MEMORY,
    HNSW_BUILD_WORKERS,
    INSIGHTS_DAYS,
    READER_CPU_TARGET,
    READER_SCALE_IN_COOLDOWN,
    READER_SCALE_OUT_COOLDOWN,
    SLOW_QUERY_MS,
)

_SNAPSHOT_SUFFIX = 6  # characters: two billion names, for the few clusters that a name ever had
_DATABASE_LOG_DAYS = 30  # days: as the application's own log
_IDLE_TRANSACTION_MS = 60_000  # milliseconds: an idle transaction pins a pooled connection

DATABASE = "app"
# Static parameters are set from birth, because they wait for a reboot.
BASE_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {"rds.force_ssl": "1", "idle_in_transaction_session_timeout": str(_IDLE_TRANSACTION_MS)}
)
STATIC_PARAMETERS: Mapping[str, str] = MappingProxyType({"shared_preload_libraries": "pg_stat_statements"})
# Dynamic ones, which a stage may add and take away without a reboot.
TUNED_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "log_min_duration_statement": str(SLOW_QUERY_MS.value),
        "pg_stat_statements.track": "all",
        "track_io_timing": "1",
        "maintenance_work_mem": str(HNSW_BUILD_MEMORY.value),
        "max_parallel_maintenance_workers": str(HNSW_BUILD_WORKERS.value),
    }
)
# A session in another region sees its own writes, once they have come back. Static in Aurora PostgreSQL's parameter
# list, and RDS refuses a static parameter that is to apply at once (Amazon RDS API, ModifyDBClusterParameterGroup).
# SESSION is also its default, so no instance has to start again for it.
FORWARDING_PARAMETERS: Mapping[str, str] = MappingProxyType({"apg_write_forward.consistency_mode": "session"})


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The master user of a database of its own. Its name is `infra.roles.names.MASTER`.

    password: a secret output.
    """

    password: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Replica:
    """What a replica follows; it has the users and databases of its source.

    global_identifier: the global database that it joins, known once that has its first member.
    """

    global_identifier: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """What a database needs.

    vpc_id, subnet_ids: the VPC, and its data subnets over three zones.
    zones: names of the availability zones: of the writer, of the reader that takes over when the writer's is lost, and
        so on in turn.
    client_cidr: range whose addresses may connect.
    key_arn: multi-Region KMS key of its storage and insights.
    origin: a database of its own, or a replica.
    engine_version: of Aurora PostgreSQL, as `16.8`.
    major_upgrade: whether that is of another major version than the cluster has, which then is down for minutes.
    member: whether it is in a global database, or about to be: its version is then changed there.
    forwards: send writes to the region that takes them. AWS accepts it from a member of a global database alone.
    instance_class: `db.serverless`, or a provisioned class.
    min_acu, max_acu: capacity of each serverless instance, in Aurora capacity units.
    max_connections: connections that an instance takes, or None for AWS' default, which follows a provisioned class.
    data_api: have the RDS Data API, which makes the roles.
    tuned: slow-query log, statement statistics and memory for index builds.
    readers: readers that are always there.
    most_readers: readers that load may add up to, or None where nothing adds any: Aurora scales none of a replica's.
    backup_days: how far back it can be restored, in days.
    final_snapshot: take a last snapshot before it is deleted.
    protect: guard it against deletion here and at AWS.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    zones: Sequence[pulumi.Input[str]]
    client_cidr: str
    key_arn: pulumi.Input[str]
    origin: Owner | Replica
    engine_version: str
    major_upgrade: bool
    member: bool
    forwards: bool
    instance_class: str
    min_acu: float
    max_acu: float
    max_connections: int | None
    data_api: bool
    tuned: bool
    readers: int
    most_readers: int | None
    backup_days: int
    final_snapshot: bool
    protect: bool


class Database(pulumi.ComponentResource):
    """An Aurora PostgreSQL cluster.

    cluster_identifier: its identifier at AWS, the component's own name.
    arn: its ARN.
    engine_version: its version, once it has it.
    log_group: name of the log group with PostgreSQL's log, once it is there.
    endpoint, reader_endpoint: host names. Without readers, the latter leads to the writer. The former of a replica
        leads nowhere until the replica is promoted.
    """

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Database"), name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._cluster = self._make_cluster()
        writer = self._instance("writer" if isinstance(args.origin, Owner) else "standby", zone=0, promotion_tier=0)
        # All that there are at least are the program's own, for those that autoscaling makes are in no state: what
        # deletes a cluster knows nothing of them, and RDS refuses to delete one that still has an instance.
        readers: list[aws.rds.ClusterInstance] = []
        for number in range(1, args.readers + 1):
            role = "reader" if number == 1 else f"reader-{number}"
            # One after the other: the first instance of a cluster is its writer, and of those that get another class
            # only one starts again at a time, while another one takes the writes.
            last = readers[-1] if readers else writer
            readers.append(self._instance(role, zone=number, promotion_tier=1, after=last))
        if args.most_readers is not None:
            self._scale(readers, args.most_readers)
        self.cluster_identifier = self._cluster.cluster_identifier
        self.arn = self._cluster.arn
        self.engine_version = self._cluster.engine_version_actual
        self.endpoint = self._cluster.endpoint
        self.reader_endpoint = self._cluster.reader_endpoint
        self.register_outputs({"endpoint": self.endpoint})

    def _make_cluster(self) -> aws.rds.Cluster:
        name, args = self._name, self._args
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        subnets = aws.rds.SubnetGroup(
            name, description=f"Data subnets of {name}", subnet_ids=args.subnet_ids, opts=kept
        )
        group = admitting(
            name,
            vpc_id=args.vpc_id,
            cidr=args.client_cidr,
            port=DATABASE_PORT,
            description="PostgreSQL from the VPC",
            rule="PostgreSQL from the VPC",
            opts=self._child,
        )
        # RDS would make this log group itself, and keep its logs for ever: the name is known, so ours comes first.
        logs = aws.cloudwatch.LogGroup(
            name, name=f"/aws/rds/cluster/{name}/postgresql", retention_in_days=_DATABASE_LOG_DAYS, opts=kept
        )
        self.log_group = logs.name
        owner = args.origin if isinstance(args.origin, Owner) else None
        return aws.rds.Cluster(
            name,
            cluster_identifier=name,
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            engine_version=args.engine_version,
            allow_major_version_upgrade=True if args.major_upgrade else None,
            database_name=DATABASE if owner else None,
            master_username=MASTER if owner else None,
            master_password=owner.password if owner else None,
            global_cluster_identifier=args.origin.global_identifier if isinstance(args.origin, Replica) else None,
            enable_global_write_forwarding=True if args.forwards else None,
            port=DATABASE_PORT.value,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            db_cluster_parameter_group_name=self._parameters().name,
            serverlessv2_scaling_configuration={"min_capacity": args.min_acu, "max_capacity": args.max_acu},
            storage_encrypted=True,
            kms_key_id=args.key_arn,
            iam_database_authentication_enabled=True,
            enable_http_endpoint=True if args.data_api else None,
            enabled_cloudwatch_logs_exports=["postgresql"],
            backup_retention_period=args.backup_days,
            copy_tags_to_snapshot=True,
            deletion_protection=args.protect,
            skip_final_snapshot=not args.final_snapshot,
            final_snapshot_identifier=self._last_snapshot(),
            # Amazon RDS API Reference, DeleteDBCluster: they go at once unless this is said. Kept, the cluster can be
            # restored to any of those days after it is gone.
            delete_automated_backups=False,
            apply_immediately=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                retain_on_delete=args.protect,
                depends_on=[logs],
                # A global database takes its first cluster in by its own end, and a failover turns the replication
                # round; set here, the next update would take the cluster out or be refused.
                ignore_changes=[
                    "globalClusterIdentifier",
                    "replicationSourceIdentifier",
                    *(["engineVersion"] if args.member else []),
                ],
            ),
        )

    def _last_snapshot(self) -> pulumi.Output[str]:
        """Name of the final snapshot, another one for each cluster that ever had this name: RDS refuses a second."""
        own = random.RandomString(
            f"{self._name}-final", length=_SNAPSHOT_SUFFIX, special=False, upper=False, opts=self._child
        )
        return pulumi.Output.concat(self._name, "-final-", own.result)

    def _parameters(self) -> aws.rds.ClusterParameterGroup:
        taken = self._args.max_connections
        static = {**STATIC_PARAMETERS, **({"max_connections": str(taken)} if taken is not None else {})}
        return aws.rds.ClusterParameterGroup(
            self._name,
            # Of another major version, it is another group, and the cluster takes it in the same call.
            family=f"aurora-postgresql{self._args.engine_version.partition('.')[0]}",
            description=f"Parameters of {self._name}",
            parameters=[
                *_parameters(static, "pending-reboot"),
                *_parameters(BASE_PARAMETERS, "immediate"),
                *_parameters(TUNED_PARAMETERS if self._args.tuned else {}, "immediate"),
                *_parameters(FORWARDING_PARAMETERS if self._args.forwards else {}, "pending-reboot"),
            ],
            opts=self._child,
        )

    def _instance(
        self, role: str, *, zone: int, promotion_tier: int, after: aws.rds.ClusterInstance | None = None
    ) -> aws.rds.ClusterInstance:
        args = self._args
        return aws.rds.ClusterInstance(
            f"{self._name}-{role}",
            identifier=f"{self._name}-{role}",
            cluster_identifier=self._cluster.id,
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            instance_class=args.instance_class,
            # Left to RDS, both could land in one zone, and go down with it.
            availability_zone=args.zones[zone % len(args.zones)],
            promotion_tier=promotion_tier,
            auto_minor_version_upgrade=False,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key_arn,
            performance_insights_retention_period=INSIGHTS_DAYS.value,
            apply_immediately=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect and promotion_tier == 0,
                depends_on=[after] if after else None,
                # It cannot change, and to compare it would be to replace the instance while the name is not known.
                ignore_changes=["availabilityZone"],
            ),
        )

    def _scale(self, readers: Sequence[aws.rds.ClusterInstance], maximum: int) -> None:
        """Readers that autoscaling adds to those that are always there, which count as its least."""
        name = self._name
        target = aws.appautoscaling.Target(
            name,
            service_namespace="rds",
            scalable_dimension="rds:cluster:ReadReplicaCount",
            resource_id=pulumi.Output.concat("cluster:", self._cluster.id),
            min_capacity=len(readers),
            max_capacity=maximum,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(readers)),
        )
        aws.appautoscaling.Policy(
            name,
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                "target_value": float(READER_CPU_TARGET.value),
                "predefined_metric_specification": {"predefined_metric_type": "RDSReaderAverageCPUUtilization"},
                "scale_out_cooldown": READER_SCALE_OUT_COOLDOWN.value,
                "scale_in_cooldown": READER_SCALE_IN_COOLDOWN.value,
            },
            opts=self._child,
        )


def _parameters(values: Mapping[str, str], method: str) -> list[aws.rds.ClusterParameterGroupParameterArgs]:
    return [
        aws.rds.ClusterParameterGroupParameterArgs(name=name, value=value, apply_method=method)
        for name, value in values.items()
    ]
