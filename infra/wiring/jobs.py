"""Scheduled jobs, the database's and the application's own: where they run, and what is watched of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pulumi

from infra.alarms.jobs import SUCCEEDED
from infra.alarms.model import Kind, Severity
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
from infra.thresholds import JOB_CPU, JOB_MEMORY, OWN_JOB_CPU, OWN_JOB_MEMORY
from infra.user_data import JOB, WEB
from infra.wiring.alarms import TASKS_TELL
from infra.wiring.data import Data
from infra.wiring.databases import DIRECT_URL
from infra.wiring.place import Place
from infra.wiring.site import Site
from infra.wiring.workload_context import Surroundings

# Where a schedule is that names no group. A group of our own would replace the schedules that exist: docs/adr/0028.
_GROUP = "default"


def tasks(
    site: Site,
    secret: AppSecret,
    log_ins: Mapping[str, pulumi.Output[str]],
    data: Data,
    topics: Mapping[Severity, pulumi.Input[str]],
) -> Iterator[Subject]:
    """Declare the jobs as Fargate tasks. Yields what to watch.

    Scheduled where the writes are alone: a schedule has one owner. Whatever else they need is in every region that can
    take the writes: a failover must not wait for IAM, which is changed in us-east-1 alone.
    """
    settings, place = site.settings, site.place
    if settings.jobs is None or not settings.runs_tasks or not place.standby:
        return
    name, queues = f"{site.base}-tasks", data.queues
    letters = queues.undelivered
    if settings.database.roles:
        # Whoever reads this one may change tables, so the application's instances and pods cannot.
        secret = AppSecret(
            f"{site.base}-jobs-login",
            # Not guarded: it comes and goes with the writes, and the stack makes it anew.
            AppSecretArgs(key_arn=site.key_arn, values={DIRECT_URL: data.jobs}, protect=False),
            opts=place.options,
        )
    image = in_region(settings, settings.jobs.image, site.name)
    jobs = Jobs(
        name,
        JobsArgs(
            region=site.name,
            what="Database jobs",
            image=image,
            cpu=JOB_CPU.value,
            memory=JOB_MEMORY.value,
            repositories=[arn for arn in [repository(image)] if arn],
            log_in=log_ins.get(registry_of(image)),
            secret_arn=secret.arn,
            keys={URL_VARIABLE: DIRECT_URL},
            key_arn=site.key_arn,
            vpc_id=site.network.vpc_id,
            subnet_ids=site.network.private_subnet_ids,
            variables=variables(settings),
            dead_letters=letters.arn,
            jobs=[job.told for job in JOBS] if place.writes else (),
        ),
        opts=pulumi.ResourceOptions(providers=[place.provider], depends_on=[secret]),
    )
    if not place.writes:
        idle_clock(name, place, queues)
        return
    TaskFailures(
        name,
        TaskFailuresArgs(
            cluster_arn=jobs.cluster_arn,
            log_group=jobs.log_group,
            what="database job",
            procedure=f"{settings.alerts.procedures}#database-jobs",
            quiet=HEALTH,
            topic=topics[TASKS_TELL],
            queue_url=letters.url,
            queue_arn=letters.arn,
        ),
        opts=place.options,
    )
    yield from of_jobs(name, place, queues, kind=Kind.TASK_LOG, log_group=jobs.log_group)


def variables(settings: Settings) -> dict[str, str]:
    """What every job is told, on either runtime."""
    size = settings.sizes.database
    told = server_limit(size.instance_class, size.max_connections)
    return {} if told is None or settings.external_database else {CONNECTIONS_VARIABLE: str(told)}


def idle_clock(name: str, place: Place, queues: Queues) -> None:
    """What a clock needs of IAM, where no job runs yet."""
    _clock(name, place, queues, Subject(kinds=(Kind.JOBS,), name=name).namespace, None)


def _clock(name: str, place: Place, queues: Queues, namespace: str, when: ScheduledJob | None) -> None:
    Clock(
        f"{name}-clock",
        ClockArgs(namespace=namespace, metric=SUCCEEDED, when=when, dead_letters=queues.undelivered.arn),
        opts=place.options,
    )


def own_tasks(around: Surroundings, topics: Mapping[Severity, pulumi.Input[str]]) -> Iterator[Subject]:
    """Declare the application's own scheduled jobs as Fargate tasks. Yields what to watch.

    The version with the most traffic, with what instances of it get and may do. Where and when: as `tasks`.
    """
    settings, place = around.settings, around.place
    jobs = settings.described.schedules
    if not jobs or settings.background_on_pods or not place.standby:
        return
    name, image = f"{place.base}-own", around.worker_image
    letters = Undelivered(f"{name}-undelivered", UndeliveredArgs(protect=place.protect), opts=place.options)
    run = Jobs(
        name,
        JobsArgs(
            region=place.region.name,
            what="Jobs of the application",
            image=image,
            cpu=OWN_JOB_CPU.value,
            memory=OWN_JOB_MEMORY.value,
            repositories=[arn for arn in [repository(image)] if arn],
            log_in=around.log_ins.get(registry_of(image)),
            secret_arn=around.secret.arn,
            keys={key: key for key in around.secret.names},
            key_arn=around.key_arn,
            vpc_id=around.network.vpc_id,
            subnet_ids=around.network.private_subnet_ids,
            variables=around.environment(JOB),
            dead_letters=letters.arn,
            statements=around.statements(WEB),
            scratch=True,
            jobs=jobs if place.writes else (),
        ),
        opts=around.options,
    )
    if not place.writes:
        return
    TaskFailures(
        name,
        TaskFailuresArgs(
            cluster_arn=run.cluster_arn,
            log_group=run.log_group,
            what="job",
            procedure=f"{settings.alerts.procedures}#own-jobs",
            quiet=None,
            topic=topics[TASKS_TELL],
            queue_url=letters.url,
            queue_arn=letters.arn,
        ),
        opts=place.options,
    )
    if not settings.runs_tasks:
        yield _schedules(name)
    yield _letters(name, letters.queue_name)


def of_jobs(name: str, place: Place, queues: Queues, *, kind: Kind, log_group: pulumi.Input[str]) -> Iterator[Subject]:
    """Jobs whose last lines come to `log_group`. Declares the clock that makes their silence data."""
    runs = Subject(kinds=(Kind.JOBS, kind), name=name, log_group=log_group)
    _clock(name, place, queues, runs.namespace, CLOCK)
    yield runs
    yield _schedules(name)
    yield _letters(name, queues.undelivered.name)


def _schedules(name: str) -> Subject:
    return Subject(kinds=(Kind.SCHEDULES,), name=f"{name}-schedules", dimensions={"ScheduleGroup": _GROUP})


def _letters(name: str, queue: pulumi.Input[str]) -> Subject:
    return Subject(kinds=(Kind.UNDELIVERED,), name=f"{name}-letters", dimensions={"QueueName": queue})
