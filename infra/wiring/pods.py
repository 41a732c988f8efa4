"""The Kubernetes runtime of one region: the cluster, the application's pods in it, and what they need around them."""

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
from infra.images import in_region
from infra.pod_spec import APP, PodEnvironment, PodRequest, labels, literal
from infra.schedules import JOBS, URL_VARIABLE
from infra.stages import Capability
from infra.thresholds import JOB_MEMORY, JOB_POD_CPU
from infra.user_data import JOB, WEB, WORKER
from infra.wiring.alarms import of_pod_logs, of_pods
from infra.wiring.cluster_access import CLUSTER, CREATOR
from infra.wiring.clusters import RunningCluster, cluster
from infra.wiring.databases import DIRECT_URL, pools_in_cluster
from infra.wiring.egress import app_reach, database_reach
from infra.wiring.in_cluster import pooler_values, redis_values, release_pooler, release_redis
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
from infra.wiring.registry import docker_config
from infra.wiring.workload_context import Surroundings

_MILLI = 1000


@dataclass(frozen=True, kw_only=True)
class Pods:
    """What the runtime hands over.

    serving: what has to be there before pods can be sent requests.
    subjects: what is to be watched.
    outputs: what the stack tells about it.
    """

    serving: list[pulumi.Resource]
    subjects: Sequence[Subject]
    outputs: Mapping[str, pulumi.Input[object]]


@dataclass(frozen=True, kw_only=True)
class _Inside:
    """A cluster, and the application's namespace in it."""

    around: Surroundings
    running: RunningCluster
    namespace: str
    environment: Mapping[str, PodEnvironment]
    options: pulumi.ResourceOptions


def pods(around: Surroundings) -> Pods:
    """Declare the region's cluster and all that runs in it."""
    place, running = around.place, cluster(around)
    namespace = naming.namespace(pulumi.get_project(), pulumi.get_stack())
    secrets = pod_secrets(around, namespace)
    accounts = [WEB_COMPONENT, JOBS_COMPONENT, *([WORKER] if _works(around) else [])]
    home = AppNamespace(
        f"{place.base}-app",
        AppNamespaceArgs(
            namespace=namespace,
            service_accounts=accounts,
            secrets=secrets,
            # The label reaches pods that come after it. It restarts none; what else changes of their template does.
            labels={gate_label(auto_mode=running.ours): "enabled"},
            docker_config=docker_config(around.settings),
        ),
        opts=pulumi.ResourceOptions(providers=[running.provider], depends_on=[*running.ready, around.secret]),
    )
    policies = NetworkPolicies(
        f"{place.base}-policies",
        NetworkPoliciesArgs(
            namespace=namespace,
            web=labels(WEB_COMPONENT),
            jobs=labels(JOBS_COMPONENT, name=JOBS_NAME),
            clients=[around.vpc],
            port=around.settings.described.port,
            app_reach=app_reach(around.settings),
            jobs_reach=[database_reach(around.settings)],
        ),
        opts=pulumi.ResourceOptions(providers=[running.provider], depends_on=[home]),
    )
    inside = _Inside(
        around=around,
        running=running,
        namespace=namespace,
        environment={role: _environment(around, secrets, role) for role in (WEB, WORKER, JOB)},
        options=pulumi.ResourceOptions(providers=[running.provider], depends_on=[home, policies]),
    )
    beside = [*_beside(inside, secrets), *_identity(inside, WEB)]
    reached = {color: _reached(inside, color) for color in around.settings.rollout.colors}
    workloads = [_color(inside, [*beside, *reached[color]], color, image) for color, image in around.images.items()]
    workers = _background(inside, beside)
    outputs: dict[str, pulumi.Input[str]] = {CLUSTER: running.name or "given", "namespace": namespace}
    if running.creator is not None:
        outputs[CREATOR] = running.creator
    if workers is not None:
        # The stack's outputs are kept once all of them are known, and with them which passwords nobody has any more.
        outputs["workers"] = workers.deployment
    return Pods(serving=[*chain(*reached.values()), *workloads], subjects=list(_watched(inside)), outputs=outputs)


def _watched(inside: _Inside) -> Iterator[Subject]:
    """What CloudWatch is told of the pods: of a cluster that the stack did not make, nothing."""
    running, sizes, base = inside.running, inside.around.settings.sizes, inside.around.place.base
    if running.log_group is None or running.name is None:
        return
    most = dict.fromkeys(inside.around.images, sizes.hpa.maximum)
    if _works(inside.around) and sizes.workers is not None:
        most[WORKERS_COMPONENT] = sizes.workers.maximum
    for deployment, replicas in most.items():
        yield of_pods(f"{base}-{deployment}-pods", running.name, inside.namespace, deployment, replicas)
    yield of_pod_logs(f"{base}-pods-app", running.log_group)
    place, queues, tasks = inside.around.place, inside.around.data.queues, f"{base}-tasks-pods"
    if _runs_jobs(inside.around):
        yield from of_jobs(tasks, place, queues, kind=Kind.POD_TASK_LOG, log_group=running.log_group)
    elif _could_run_jobs(inside.around):
        idle_clock(tasks, place, queues)


def _could_work(around: Surroundings) -> bool:
    """Whether pods of this region serve the queues once the writes are there."""
    settings = around.settings
    return settings.background_on_pods and settings.sizes.workers is not None and around.place.standby


def _works(around: Surroundings) -> bool:
    """Whether pods of this region serve the queues, which are where the writes are."""
    return _could_work(around) and around.place.writes


def _could_run_jobs(around: Surroundings) -> bool:
    """Whether pods of this region run the schedules once the writes are there."""
    settings = around.settings
    wanted = settings.row.has(Capability.DATABASE_JOBS) and settings.jobs is not None
    return wanted and settings.background_on_pods and around.place.standby


def _runs_jobs(around: Surroundings) -> bool:
    """Whether pods of this region run the schedules, which are where the writes are."""
    return _could_run_jobs(around) and around.place.writes


def _environment(around: Surroundings, secrets: Mapping[str, Mapping[str, object]], role: str) -> PodEnvironment:
    redis = {REDIS_URL: (REDIS_SECRET, "url"), REDIS_READER_URL: (REDIS_SECRET, "readerUrl")}
    keyed = around.settings.described.renamed(redis) if REDIS_SECRET in secrets else {}
    whole = [name for name in secrets if name in (APP_SECRET, DATABASE_SECRET)]
    plain = dict(around.environment(role))
    plain |= {name: literal(value) for name, value in around.settings.described.environment.items()}
    return PodEnvironment(plain=plain, secrets=whole, keys=keyed)


def _beside(inside: _Inside, secrets: Mapping[str, Mapping[str, pulumi.Input[str]]]) -> Iterator[pulumi.Resource]:
    """The pooler and the cache that run in the cluster itself."""
    around, settings, base = inside.around, inside.around.settings, inside.around.place.base
    if pools_in_cluster(settings):
        hosts = around.data.hosts
        cidrs, replica = settings.ranges, not around.place.writes
        verifies = settings.cluster is not None and settings.cluster.verify_database
        roots = authorities.rds(around.place.region.name) if verifies else None
        values = pooler_values(settings.pooler, list(hosts), DATABASE, cidrs, together=replica, roots=roots)
        yield release_pooler(base, values, hosts, inside.namespace, inside.options)
    cache = settings.sizes.cache
    if cache is not None and cache.in_cluster:
        redis = redis_values(inside.running.storage_class)
        revision = redis_revision(secrets[REDIS_SECRET])
        yield release_redis(base, redis, inside.namespace, revision, inside.options)


def _amount(around: Surroundings) -> PodRequest:
    size = around.settings.sizes.pods
    return PodRequest(millicores=int(size.cpu * _MILLI), memory=size.memory)


def _after(inside: _Inside, *more: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(inside.options, pulumi.ResourceOptions(depends_on=list(more)))


def _identity(inside: _Inside, what: str) -> list[pulumi.Resource]:
    """What the pods of an account may do at AWS; in a cluster that EKS does not know, nobody can say so."""
    around, name = inside.around, inside.running.name
    if name is None:
        return []
    args = PodIdentityArgs(
        cluster=name, namespace=inside.namespace, service_account=what, statements=around.statements(what)
    )
    options = pulumi.ResourceOptions(providers=[around.place.provider], depends_on=list(inside.running.ready))
    return [PodIdentity(f"{around.place.base}-pods-{what}", args, opts=options)]


def _color(inside: _Inside, before: list[pulumi.Resource], color: str, image: str) -> Workload:
    around, size = inside.around, inside.around.settings.sizes.hpa
    application = around.settings.described
    liveness = around.settings.pods.liveness
    return Workload(
        f"{around.place.base}-{color}-pods",
        WorkloadArgs(
            color=color,
            namespace=inside.namespace,
            service_account=WEB_COMPONENT,
            image=image,
            environment=inside.environment[WEB],
            secret_version=read_by_pods(around),
            amount=_amount(around),
            minimum=size.minimum,
            maximum=size.maximum,
            by_memory=around.settings.hpa.by_memory,
            port=application.port,
            health_path=application.health_path,
            liveness=None if liveness == LISTENS else liveness or application.health_path,
        ),
        opts=_after(inside, *before),
    )


def _reached(inside: _Inside, color: str) -> list[pulumi.Resource]:
    """What makes a color's pods targets whose health is known, also of a color that has none at the moment.

    There before its pods: they are told to wait for that health only when they are created.
    """
    around, target = inside.around, f"{color}-k8s"
    binding = TargetBinding(
        f"{around.place.base}-{color}-pods",
        TargetBindingArgs(
            namespace=inside.namespace,
            color=color,
            target_group_arn=around.balancer.target_groups[target].arn,
            port=around.settings.described.port,
            auto_mode=inside.running.ours,
            balancer_group_id=around.balancer.security_group_id,
        ),
        opts=inside.options,
    )
    return [binding, around.balancer.check(target, after=[binding])]


def _background(inside: _Inside, beside: list[pulumi.Resource]) -> PodWorkers | None:
    """Queue workers, which are returned, and scheduled jobs: where the writes are, as a schedule has one owner."""
    around, settings = inside.around, inside.around.settings
    workers, base = settings.sizes.workers, around.place.base
    made = None
    # Before it is needed: a failover must not wait for IAM, which is changed in us-east-1 alone.
    identity = _identity(inside, WORKER) if _could_work(around) else []
    if _works(around) and workers is not None:
        made = PodWorkers(
            f"{base}-workers-pods",
            PodWorkersArgs(
                namespace=inside.namespace,
                service_account=WORKER,
                image=around.worker_image,
                environment=inside.environment[WORKER],
                secret_version=read_by_pods(around),
                amount=_amount(around),
                minimum=workers.minimum,
                maximum=workers.maximum,
                by_memory=settings.hpa.by_memory,
            ),
            opts=_after(inside, *beside, *identity),
        )
    if _runs_jobs(around) and settings.jobs is not None:
        CronJobs(
            f"{base}-tasks-pods",
            CronJobsArgs(
                namespace=inside.namespace,
                service_account=JOBS_COMPONENT,
                name=JOBS_NAME,
                image=in_region(settings, settings.jobs.image, around.place.region.name),
                environment=PodEnvironment(
                    plain=variables(settings),
                    keys={URL_VARIABLE: (JOBS_SECRET if settings.database.roles else DATABASE_SECRET, DIRECT_URL)},
                ),
                amount=PodRequest(millicores=JOB_POD_CPU.value, memory=JOB_MEMORY.value),
                jobs=[job.told for job in JOBS],
            ),
            opts=inside.options,
        )
    if settings.described.schedules and settings.background_on_pods and around.place.writes:
        CronJobs(
            f"{base}-own-pods",
            CronJobsArgs(
                namespace=inside.namespace,
                service_account=WEB_COMPONENT,
                name=APP,
                image=around.worker_image,
                environment=inside.environment[JOB],
                amount=_amount(around),
                jobs=[replace(job, command=tuple(map(literal, job.command))) for job in settings.described.schedules],
            ),
            opts=_after(inside, *beside),
        )
    return made
