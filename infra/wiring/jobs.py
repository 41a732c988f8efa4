"""Scheduled jobs, of the database and of the application: where they run, and what gets alarms."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from infra.alarms.jobs import SUCCEEDED
from infra.alarms.model import Kind
from infra.alarms.subject import Subject
from infra.capacity.connections import server_limit
from infra.components.compute.clock import Clock, ClockArgs
from infra.components.compute.jobs import Jobs, JobsArgs
from infra.components.compute.queues import Queues
from infra.components.compute.undelivered import Undelivered, UndeliveredArgs
from infra.components.data.app_secret import AppSecret, AppSecretArgs
from infra.components.observability.task_failures import TaskFailures, TaskFailuresArgs
from infra.config.settings import Settings
from infra.images import in_region, registry_of, repository
from infra.schedules import CLOCK, CONNECTIONS_VARIABLE, HEALTH, JOBS, URL_VARIABLE, ScheduledJob
from infra.thresholds import JOB_CPU, JOB_MEMORY
from infra.user_data import JOB, WEB
from infra.wiring.alarms import TASK_SEVERITY, Topics
from infra.wiring.databases import DIRECT_URL
from infra.wiring.region_context import RegionContext
from infra.wiring.workload_context import WorkloadContext

_OWN_JOB_CPU = 512  # CPU units: as a pod of the first stages, half a vCPU; a size that Fargate has
_OWN_JOB_MEMORY = 2048  # MiB: what a t4g.small has, which every stage's application fits

# Group of schedules that name none. A group of their own would replace the existing schedules: docs/adr/0028.
_GROUP = "default"


def database_tasks(workload: WorkloadContext, topics: Topics) -> Iterator[Subject]:
    """Declare the database jobs as Fargate tasks. Yields what gets alarms.

    They are scheduled in the writing region alone, so that each job runs once. Everything else that they need is in
    every standby region: a failover must not wait for IAM, whose control plane is in us-east-1 alone.
    """
    region, settings = workload.region, workload.region.settings
    if settings.jobs is None or not settings.runs_tasks or not region.is_standby:
        return
    network, secret, queues = workload.network, workload.secret, workload.data.queues
    name = f"{region.base}-tasks"
    letters = queues.undelivered
    if settings.database.roles:
        # This user may change tables, so the application's instances and pods have no access to the secret.
        secret = AppSecret(
            f"{region.base}-jobs-login",
            # Not protected: the stack can create it again at any time.
            AppSecretArgs(key_arn=region.key_arn, values={DIRECT_URL: workload.data.jobs}, protect=False),
            opts=region.options,
        )
    image = in_region(settings, settings.jobs.image, region.name)
    jobs = Jobs(
        name,
        JobsArgs(
            region=region.name,
            what="Database jobs",
            image=image,
            cpu=JOB_CPU.value,
            memory=JOB_MEMORY.value,
            repositories=[arn for arn in [repository(image)] if arn],
            log_in=workload.registry_logins.get(registry_of(image)),
            secret_arn=secret.arn,
            keys={URL_VARIABLE: DIRECT_URL},
            key_arn=region.key_arn,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            variables=variables(settings),
            dead_letters=letters.arn,
            jobs=[job.told for job in JOBS] if region.takes_writes else (),
        ),
        opts=region.after(secret),
    )
    if not region.takes_writes:
        idle_clock(name, region, queues)
        return
    TaskFailures(
        name,
        TaskFailuresArgs(
            cluster_arn=jobs.cluster_arn,
            log_group=jobs.log_group,
            what="database job",
            procedure=f"{settings.alerts.procedures}#database-jobs",
            quiet=HEALTH,
            topic=topics[TASK_SEVERITY],
            queue_url=letters.url,
            queue_arn=letters.arn,
        ),
        opts=region.options,
    )
    yield from of_jobs(name, region, queues, kind=Kind.TASK_LOG, log_group=jobs.log_group)


def variables(settings: Settings) -> dict[str, str]:
    """Environment variables of the database jobs, on either runtime."""
    size = settings.sizes.database
    limit = server_limit(size.instance_class, size.max_connections)
    return {} if limit is None or settings.external_database else {CONNECTIONS_VARIABLE: str(limit)}


def idle_clock(name: str, region: RegionContext, queues: Queues) -> None:
    """Declare the IAM role of the clock in a standby region, where no job runs yet."""
    _clock(name, region, queues, Subject(kinds=(Kind.JOBS,), name=name).namespace, None)


def _clock(name: str, region: RegionContext, queues: Queues, namespace: str, when: ScheduledJob | None) -> None:
    Clock(
        f"{name}-clock",
        ClockArgs(namespace=namespace, metric=SUCCEEDED, when=when, dead_letters=queues.undelivered.arn),
        opts=region.options,
    )


def application_tasks(workload: WorkloadContext, topics: Topics) -> Iterator[Subject]:
    """Declare the application's own scheduled jobs as Fargate tasks. Yields what gets alarms.

    They run the version with the most traffic, with the environment and the permissions of its instances. The regions
    are those of `database_tasks`.
    """
    region, settings = workload.region, workload.region.settings
    network, secret = workload.network, workload.secret
    jobs = settings.described.schedules
    if not jobs or settings.background_on_pods or not region.is_standby:
        return
    name, image = f"{region.base}-own", workload.worker_image
    letters = Undelivered(f"{name}-undelivered", UndeliveredArgs(protect=region.protect), opts=region.options)
    run = Jobs(
        name,
        JobsArgs(
            region=region.name,
            what="Jobs of the application",
            image=image,
            cpu=_OWN_JOB_CPU,
            memory=_OWN_JOB_MEMORY,
            repositories=[arn for arn in [repository(image)] if arn],
            log_in=workload.registry_logins.get(registry_of(image)),
            secret_arn=secret.arn,
            keys={key: key for key in secret.names},
            key_arn=region.key_arn,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            variables=workload.environment(JOB),
            dead_letters=letters.arn,
            statements=workload.statements(WEB),
            scratch=True,
            jobs=jobs if region.takes_writes else (),
        ),
        opts=workload.options,
    )
    if not region.takes_writes:
        return
    TaskFailures(
        name,
        TaskFailuresArgs(
            cluster_arn=run.cluster_arn,
            log_group=run.log_group,
            what="job",
            procedure=f"{settings.alerts.procedures}#own-jobs",
            quiet=None,
            topic=topics[TASK_SEVERITY],
            queue_url=letters.url,
            queue_arn=letters.arn,
        ),
        opts=region.options,
    )
    if not settings.runs_tasks:
        yield _schedules(name)
    yield _letters(name, letters.queue_name)


def of_jobs(
    name: str, region: RegionContext, queues: Queues, *, kind: Kind, log_group: pulumi.Input[str]
) -> Iterator[Subject]:
    """Database jobs that log to `log_group`. Declares the clock, whose data points reveal that a job did not run."""
    runs = Subject(kinds=(Kind.JOBS, kind), name=name, log_group=log_group)
    _clock(name, region, queues, runs.namespace, CLOCK)
    yield runs
    yield _schedules(name)
    yield _letters(name, queues.undelivered.name)


def _schedules(name: str) -> Subject:
    return Subject(kinds=(Kind.SCHEDULES,), name=f"{name}-schedules", dimensions={"ScheduleGroup": _GROUP})


def _letters(name: str, queue: pulumi.Input[str]) -> Subject:
    return Subject(kinds=(Kind.UNDELIVERED,), name=f"{name}-letters", dimensions={"QueueName": queue})
