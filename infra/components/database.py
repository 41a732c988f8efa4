"""Aurora PostgreSQL in one region: a writer, or a replica of another region's, and readers where wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.components.credentials import DATABASE_USER
from infra.security_groups import admitting
from infra.thresholds import (
    BACKUP_DAYS,
    BACKUP_DAYS_UNPROTECTED,
    DATABASE_LOG_DAYS,
    DATABASE_PORT,
    HNSW_BUILD_MEMORY,
    HNSW_BUILD_WORKERS,
    IDLE_TRANSACTION_MS,
    INSIGHTS_DAYS,
    READER_CPU_TARGET,
    READER_SCALE_IN_COOLDOWN,
    READER_SCALE_OUT_COOLDOWN,
    SLOW_QUERY_MS,
)

DATABASE = "app"
# A long-term support release: AWS keeps it for years, and the minor version moves when we say so.
ENGINE_VERSION = "16.8"
FAMILY = "aurora-postgresql16"
# Static parameters are set from birth, because they wait for a reboot.
BASE_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {"rds.force_ssl": "1", "idle_in_transaction_session_timeout": str(IDLE_TRANSACTION_MS.value)}
)
STATIC_PARAMETERS: Mapping[str, str] = MappingProxyType({"shared_preload_libraries": "pg_stat_statements,pg_cron"})
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
# A session in another region sees its own writes, once they have come back.
FORWARDING_PARAMETERS: Mapping[str, str] = MappingProxyType({"apg_write_forward.consistency_mode": "session"})


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The master user of a database of its own. Its name is `DATABASE_USER`.

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
    zones: availability zones of the writer, and of the reader that takes over when the writer's is lost.
    client_cidr: range whose addresses may connect.
    key_arn: multi-Region KMS key of its storage and insights.
    origin: a database of its own, or a replica.
    forwards: send writes to the region that takes them. AWS accepts it from a member of a global database alone.
    instance_class: `db.serverless`, or a provisioned class.
    min_acu, max_acu: capacity of each serverless instance, in Aurora capacity units.
    tuned: slow-query log, statement statistics and memory for index builds.
    readers: fewest and most readers, or None for none.
    scaled: add readers by load. Without it there is one: Aurora scales none of a replica's.
    protect: guard it against deletion here and at AWS, keep backups longest, and take a final snapshot.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    zones: tuple[str, str]
    client_cidr: str
    key_arn: pulumi.Input[str]
    origin: Owner | Replica
    forwards: bool
    instance_class: str
    min_acu: float
    max_acu: float
    tuned: bool
    readers: tuple[int, int] | None
    scaled: bool
    protect: bool


class Database(pulumi.ComponentResource):
    """An Aurora PostgreSQL cluster.

    cluster_identifier: its identifier at AWS, the component's own name.
    arn: its ARN.
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
        owned, (zone, other_zone) = isinstance(args.origin, Owner), args.zones
        self._instance("writer" if owned else "standby", zone, promotion_tier=0)
        if args.readers is not None:
            reader = self._instance("reader", other_zone, promotion_tier=1)
            if args.scaled:
                self._scale(reader, *args.readers)
        self.cluster_identifier = self._cluster.cluster_identifier
        self.arn = self._cluster.arn
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
            name, name=f"/aws/rds/cluster/{name}/postgresql", retention_in_days=DATABASE_LOG_DAYS.value, opts=kept
        )
        self.log_group = logs.name
        owner = args.origin if isinstance(args.origin, Owner) else None
        return aws.rds.Cluster(
            name,
            cluster_identifier=name,
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            engine_version=ENGINE_VERSION,
            database_name=DATABASE if owner else None,
            master_username=DATABASE_USER if owner else None,
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
            enabled_cloudwatch_logs_exports=["postgresql"],
            backup_retention_period=(BACKUP_DAYS if args.protect else BACKUP_DAYS_UNPROTECTED).value,
            copy_tags_to_snapshot=True,
            deletion_protection=args.protect,
            skip_final_snapshot=not args.protect,
            final_snapshot_identifier=f"{name}-final" if args.protect else None,
            apply_immediately=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                retain_on_delete=args.protect,
                depends_on=[logs],
                # A global database takes its first cluster in by its own end, and a failover turns the replication
                # round; set here, the next update would take the cluster out or be refused.
                ignore_changes=["globalClusterIdentifier", "replicationSourceIdentifier"],
            ),
        )

    def _parameters(self) -> aws.rds.ClusterParameterGroup:
        return aws.rds.ClusterParameterGroup(
            self._name,
            family=FAMILY,
            description=f"Parameters of {self._name}",
            parameters=[
                *_parameters(STATIC_PARAMETERS, "pending-reboot"),
                *_parameters(BASE_PARAMETERS, "immediate"),
                *_parameters(TUNED_PARAMETERS if self._args.tuned else {}, "immediate"),
                *_parameters(FORWARDING_PARAMETERS if self._args.forwards else {}, "immediate"),
            ],
            opts=self._child,
        )

    def _instance(self, role: str, zone: str, *, promotion_tier: int) -> aws.rds.ClusterInstance:
        args = self._args
        return aws.rds.ClusterInstance(
            f"{self._name}-{role}",
            identifier=f"{self._name}-{role}",
            cluster_identifier=self._cluster.id,
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            instance_class=args.instance_class,
            # Left to RDS, both could land in one zone, and go down with it.
            availability_zone=zone,
            promotion_tier=promotion_tier,
            auto_minor_version_upgrade=False,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key_arn,
            performance_insights_retention_period=INSIGHTS_DAYS.value,
            apply_immediately=True,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect and promotion_tier == 0),
        )

    def _scale(self, reader: aws.rds.ClusterInstance, minimum: int, maximum: int) -> None:
        """Readers that autoscaling adds to the one that a failover within the region promotes first."""
        name = self._name
        target = aws.appautoscaling.Target(
            name,
            service_namespace="rds",
            scalable_dimension="rds:cluster:ReadReplicaCount",
            resource_id=pulumi.Output.concat("cluster:", self._cluster.id),
            min_capacity=minimum,
            max_capacity=maximum,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[reader]),
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
