"""The Kubernetes runtime of a region: the cluster, the application's pods in it, and what they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pulumi

from infra import authorities, naming
from infra.alarms.model import Kind
from infra.alarms.subject import Subject
from infra.components.data.database import DATABASE
from infra.components.kubernetes.app_namespace import AppNamespace, AppNamespaceArgs
from infra.components.kubernetes.cron_jobs import COMPONENT as JOBS_COMPONENT
from infra.components.kubernetes.cron_jobs import NAME as JOBS_NAME
from infra.components.kubernetes.cron_jobs import CronJobs, CronJobsArgs
from infra.components.kubernetes.network_policies import NetworkPolicies, NetworkPoliciesArgs
from infra.components.kubernetes.pod_identity import PodIdentity, PodIdentityArgs
from infra.components.kubernetes.pod_workers import COMPONENT as WORKERS_COMPONENT
from infra.components.kubernetes.pod_workers import PodWorkers, PodWorkersArgs
from infra.components.kubernetes.target_binding import TargetBinding, TargetBindingArgs, gate_label
from infra.components.kubernetes.workload import COMPONENT as WEB_COMPONENT
from infra.components.kubernetes.workload import Workload, WorkloadArgs
from infra.config.models.pods import LISTENS
from infra.config.settings import Settings
from infra.images import in_region
from infra.pod_spec import APP, PodEnvironment, PodRequest, labels, literal
from infra.schedules import JOBS, URL_VARIABLE
from infra.stages import Capability
from infra.thresholds import JOB_MEMORY, JOB_POD_CPU
from infra.user_data import JOB, WEB, WORKER
from infra.wiring.alarm_subjects import of_pod_logs, of_pods
from infra.wiring.cluster_access import CLUSTER, CREATOR
from infra.wiring.clusters import RunningCluster, cluster
from infra.wiring.databases import DIRECT_URL, pools_in_cluster
from infra.wiring.egress import app_reach, database_reach
from infra.wiring.helm_releases import pooler_values, redis_values, release_pooler, release_redis
from infra.wiring.jobs import idle_clock, of_jobs, variables
from infra.wiring.pod_secrets import (
    APP_SECRET,
    DATABASE_SECRET,
    JOBS_SECRET,
    REDIS_READER_URL,
    REDIS_SECRET,
    REDIS_URL,
    pod_secrets,
    read_by_pods,
    redis_revision,
)
from infra.wiring.region_context import RegionContext
from infra.wiring.registry import docker_config
from infra.wiring.workload_context import WorkloadContext

_MILLI = 1000

Secrets = Mapping[str, Mapping[str, pulumi.Input[str]]]


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Result of the Kubernetes runtime of a region.

    serving: resources that have to exist before pods can get requests.
    subjects: what gets alarms.
    outputs: outputs of the region about the cluster.
    """

    serving: Sequence[pulumi.Resource]
    subjects: Sequence[Subject]
    outputs: Mapping[str, pulumi.Input[object]]


@dataclass(frozen=True, kw_only=True)
class _Namespace:
    """The application's namespace in the region's cluster.

    name: the namespace.
    cluster: its cluster.
    environment: environment of the pods, by role.
    options: options of what is deployed to the namespace.
    """

    name: str
    cluster: RunningCluster
    environment: Mapping[str, PodEnvironment]
    options: pulumi.ResourceOptions

    def after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of what is deployed to the namespace once all of `resources` exist."""
        return pulumi.ResourceOptions.merge(self.options, pulumi.ResourceOptions(depends_on=list(resources)))


def pods(workload: WorkloadContext) -> Pods:
    """Declare the region's cluster and everything that runs in it."""
    settings, target = workload.region.settings, cluster(workload)
    name = naming.namespace(pulumi.get_project(), pulumi.get_stack())
    secrets = pod_secrets(workload, name)
    namespace = _namespace(workload, target, name, secrets)
    services = [*_pooler_and_cache(workload, namespace, secrets), *_pod_identity(workload, namespace, WEB)]
    bindings = {color: _target_binding(workload, namespace, color) for color in settings.rollout.colors}
    workloads = [
        _web_pods(workload, namespace, [*services, *bindings[color]], color, image)
        for color, image in workload.images.items()
    ]
    workers = _workers(workload, namespace, services)
    _scheduled_jobs(workload, namespace, services)
    outputs: dict[str, pulumi.Input[str]] = {CLUSTER: target.name or "given", "namespace": name}
    if target.creator is not None:
        outputs[CREATOR] = target.creator
    if workers is not None:
        # The stack's outputs are saved once all are known: then the workers have been replaced, and no pod uses the
        # previous passwords.
        outputs["workers"] = workers.deployment
    return Pods(
        serving=[*chain(*bindings.values()), *workloads], subjects=list(_subjects(workload, namespace)), outputs=outputs
    )


def _namespace(workload: WorkloadContext, target: RunningCluster, name: str, secrets: Secrets) -> _Namespace:
    """Declare the application's namespace, its Secrets, service accounts and network policies."""
    region, settings = workload.region, workload.region.settings
    namespace = AppNamespace(
        f"{region.base}-app",
        AppNamespaceArgs(
            namespace=name,
            service_accounts=[WEB_COMPONENT, JOBS_COMPONENT, *([WORKER] if _runs_workers(region) else [])],
            secrets=secrets,
            # The label takes effect on new pods. It restarts none; other changes of their template do.
            labels={gate_label(auto_mode=target.ours): "enabled"},
            docker_config=docker_config(settings),
        ),
        opts=pulumi.ResourceOptions(providers=[target.provider], depends_on=[*target.ready, workload.secret]),
    )
    policies = NetworkPolicies(
        f"{region.base}-policies",
        NetworkPoliciesArgs(
            namespace=name,
            web=labels(WEB_COMPONENT),
            jobs=labels(JOBS_COMPONENT, name=JOBS_NAME),
            clients=[str(region.vpc_cidr)],
            port=settings.described.port,
            app_reach=app_reach(settings),
            jobs_reach=[database_reach(settings)],
        ),
        opts=pulumi.ResourceOptions(providers=[target.provider], depends_on=[namespace]),
    )
    return _Namespace(
        name=name,
        cluster=target,
        environment={role: _environment(workload, secrets, role) for role in (WEB, WORKER, JOB)},
        options=pulumi.ResourceOptions(providers=[target.provider], depends_on=[namespace, policies]),
    )


def _subjects(workload: WorkloadContext, namespace: _Namespace) -> Iterator[Subject]:
    """What gets alarms in the cluster; nothing in an existing cluster, which sends no metrics to CloudWatch for us."""
    region, target = workload.region, namespace.cluster
    if target.log_group is None or target.name is None:
        return
    sizes = region.settings.sizes
    maximum = dict.fromkeys(workload.images, sizes.hpa.maximum)
    if _runs_workers(region) and sizes.workers is not None:
        maximum[WORKERS_COMPONENT] = sizes.workers.maximum
    for deployment, replicas in maximum.items():
        yield of_pods(f"{region.base}-{deployment}-pods", target.name, namespace.name, deployment, replicas)
    yield of_pod_logs(f"{region.base}-pods-app", target.log_group)
    queues, tasks = workload.data.queues, f"{region.base}-tasks-pods"
    if _runs_database_jobs(region):
        yield from of_jobs(tasks, region, queues, kind=Kind.POD_TASK_LOG, log_group=target.log_group)
    elif _may_run_database_jobs(region):
        idle_clock(tasks, region, queues)


def _may_run_workers(region: RegionContext) -> bool:
    """Whether pods of the region run the queue workers once it takes the writes."""
    settings = region.settings
    return settings.background_on_pods and settings.sizes.workers is not None and region.is_standby


def _runs_workers(region: RegionContext) -> bool:
    """Whether pods of the region run the queue workers. Only in the writing region."""
    return _may_run_workers(region) and region.takes_writes


def _may_run_database_jobs(region: RegionContext) -> bool:
    """Whether pods of the region run the database jobs once it takes the writes."""
    settings = region.settings
    wanted = region.has(Capability.DATABASE_JOBS) and settings.jobs is not None
    return wanted and settings.background_on_pods and region.is_standby


def _runs_database_jobs(region: RegionContext) -> bool:
    """Whether pods of the region run the database jobs. Only in the writing region."""
    return _may_run_database_jobs(region) and region.takes_writes


def _environment(workload: WorkloadContext, secrets: Mapping[str, Mapping[str, object]], role: str) -> PodEnvironment:
    region = workload.region
    application = region.application
    redis = {REDIS_URL: (REDIS_SECRET, "url"), REDIS_READER_URL: (REDIS_SECRET, "readerUrl")}
    keyed = application.renamed(redis) if REDIS_SECRET in secrets else {}
    whole = [name for name in secrets if name in (APP_SECRET, DATABASE_SECRET)]
    plain = dict(workload.environment(role))
    plain |= {name: literal(value) for name, value in application.environment.items()}
    return PodEnvironment(plain=plain, secrets=whole, keys=keyed)


def _pooler_and_cache(workload: WorkloadContext, namespace: _Namespace, secrets: Secrets) -> Iterator[pulumi.Resource]:
    """PgBouncer and Redis, where they run in the cluster itself."""
    region, settings = workload.region, workload.region.settings
    if pools_in_cluster(settings):
        hosts = workload.data.hosts
        verifies = settings.cluster is not None and settings.cluster.verify_database
        roots = authorities.rds(region.name) if verifies else None
        values = pooler_values(
            settings.pooler,
            list(hosts),
            DATABASE,
            settings.ranges,
            together=not region.takes_writes,
            roots=roots,
        )
        yield release_pooler(region.base, values, hosts, namespace.name, namespace.options)
    cache = settings.sizes.cache
    if cache is not None and cache.in_cluster:
        redis = redis_values(namespace.cluster.storage_class)
        revision = redis_revision(secrets[REDIS_SECRET])
        yield release_redis(region.base, redis, namespace.name, revision, namespace.options)


def _amount(settings: Settings) -> PodRequest:
    size = settings.sizes.pods
    return PodRequest(millicores=int(size.cpu * _MILLI), memory=size.memory)


def _pod_identity(workload: WorkloadContext, namespace: _Namespace, role: str) -> list[pulumi.Resource]:
    """IAM permissions of the pods of a service account; none in a cluster that is not at EKS."""
    region, target = workload.region, namespace.cluster
    if target.name is None:
        return []
    args = PodIdentityArgs(
        cluster=target.name, namespace=namespace.name, service_account=role, statements=workload.statements(role)
    )
    return [PodIdentity(f"{region.base}-pods-{role}", args, opts=region.after(*target.ready))]


def _web_pods(
    workload: WorkloadContext, namespace: _Namespace, before: Sequence[pulumi.Resource], color: str, image: str
) -> Workload:
    """The pods of a color that serve requests, made once all of `before` exist."""
    settings = workload.region.settings
    size, application, liveness = settings.sizes.hpa, settings.described, settings.pods.liveness
    return Workload(
        f"{workload.region.base}-{color}-pods",
        WorkloadArgs(
            color=color,
            namespace=namespace.name,
            service_account=WEB_COMPONENT,
            image=image,
            environment=namespace.environment[WEB],
            secret_version=read_by_pods(workload),
            amount=_amount(settings),
            minimum=size.minimum,
            maximum=size.maximum,
            by_memory=settings.hpa.by_memory,
            port=application.port,
            health_path=application.health_path,
            liveness=None if liveness == LISTENS else liveness or application.health_path,
        ),
        opts=namespace.after(*before),
    )


def _target_binding(workload: WorkloadContext, namespace: _Namespace, color: str) -> list[pulumi.Resource]:
    """Registers a color's pods in their target group, with health checks; also for a color without pods now.

    Made before the pods, which get the readiness gate for that health only when they are created.
    """
    region, balancer, group = workload.region, workload.balancer, f"{color}-k8s"
    binding = TargetBinding(
        f"{region.base}-{color}-pods",
        TargetBindingArgs(
            namespace=namespace.name,
            color=color,
            target_group_arn=balancer.target_groups[group].arn,
            port=region.application.port,
            auto_mode=namespace.cluster.ours,
            balancer_group_id=balancer.security_group_id,
        ),
        opts=namespace.options,
    )
    return [binding, balancer.check(group, after=[binding])]


def _workers(
    workload: WorkloadContext, namespace: _Namespace, services: Sequence[pulumi.Resource]
) -> PodWorkers | None:
    """Queue workers, in the writing region."""
    region, settings = workload.region, workload.region.settings
    size = settings.sizes.workers
    # In every standby region: a failover must not wait for IAM, whose control plane is in us-east-1 alone.
    identity = _pod_identity(workload, namespace, WORKER) if _may_run_workers(region) else []
    if size is None or not _runs_workers(region):
        return None
    return PodWorkers(
        f"{region.base}-workers-pods",
        PodWorkersArgs(
            namespace=namespace.name,
            service_account=WORKER,
            image=workload.worker_image,
            environment=namespace.environment[WORKER],
            secret_version=read_by_pods(workload),
            amount=_amount(settings),
            minimum=size.minimum,
            maximum=size.maximum,
            by_memory=settings.hpa.by_memory,
        ),
        opts=namespace.after(*services, *identity),
    )


def _scheduled_jobs(workload: WorkloadContext, namespace: _Namespace, services: Sequence[pulumi.Resource]) -> None:
    """Scheduled jobs of the database and of the application. In the writing region alone, so that each runs once."""
    region, settings = workload.region, workload.region.settings
    if _runs_database_jobs(region) and settings.jobs is not None:
        CronJobs(
            f"{region.base}-tasks-pods",
            CronJobsArgs(
                namespace=namespace.name,
                service_account=JOBS_COMPONENT,
                name=JOBS_NAME,
                image=in_region(settings, settings.jobs.image, region.name),
                environment=PodEnvironment(
                    plain=variables(settings),
                    keys={URL_VARIABLE: (JOBS_SECRET if settings.database.roles else DATABASE_SECRET, DIRECT_URL)},
                ),
                amount=PodRequest(millicores=JOB_POD_CPU.value, memory=JOB_MEMORY.value),
                jobs=[job.told for job in JOBS],
            ),
            opts=namespace.options,
        )
    schedules = settings.described.schedules
    if schedules and settings.background_on_pods and region.takes_writes:
        CronJobs(
            f"{region.base}-own-pods",
            CronJobsArgs(
                namespace=namespace.name,
                service_account=WEB_COMPONENT,
                name=APP,
                image=workload.worker_image,
                environment=namespace.environment[JOB],
                amount=_amount(settings),
                jobs=[replace(job, command=tuple(map(literal, job.command))) for job in schedules],
            ),
            opts=namespace.after(*services),
        )
