"""Scheduled jobs as CronJobs, where no instance is there to own the schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.autoscaling import metadata
from infra.pod_spec import Container, PodEnvironment, PodRequest, described, labels, pod, resources
from infra.schedules import JOB_VARIABLE, ScheduledJob
from infra.thresholds import JOB_EVENT_AGE, JOB_HISTORY

_JOB_KEEP = 172_800  # seconds: two days to read the log of a run that failed

COMPONENT = "jobs"
# Not the application's: what that may reach is more than a job needs.
NAME = "database"


@dataclass(frozen=True, kw_only=True)
class CronJobsArgs:
    """What the jobs need.

    namespace, service_account: where they run, and as whom.
    name: label of their pods that network policies go by: `NAME`, or the application's.
    image: container image.
    environment: environment variables of every job.
    amount: what a pod requests.
    jobs: what runs when.
    """

    namespace: str
    service_account: str
    name: str
    image: str
    environment: PodEnvironment
    amount: PodRequest
    jobs: Sequence[ScheduledJob]


# Karpenter, which EKS Auto Mode runs, moves pods to fewer nodes, and would end an index build that takes hours
# (Karpenter documentation, Disruption: pod-level controls).
UNDISTURBED: Mapping[str, str] = MappingProxyType({"karpenter.sh/do-not-disrupt": "true"})
# What is evicted all the same, because its node goes, is begun again and is no failure of the job's (Kubernetes
# documentation, Jobs: pod failure policy).
DISRUPTED: kubernetes.batch.v1.PodFailurePolicyRuleArgsDict = {
    "action": "Ignore",
    "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}],
}


class CronJobs(pulumi.ComponentResource):
    """A CronJob for each job. A run that is still going holds up the next, and one that was missed is made up for."""

    def __init__(self, name: str, args: CronJobsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("CronJobs"), name, None, opts)
        for job in args.jobs:
            selected = labels(COMPONENT, job.name, name=args.name)
            kubernetes.batch.v1.CronJob(
                f"{name}-{job.name}",
                metadata=metadata(job.name, args.namespace, selected),
                spec={
                    "schedule": job.cron,
                    "time_zone": "Etc/UTC",
                    # Explicit, so that drift shows a job that was suspended by hand.
                    "suspend": False,
                    "concurrency_policy": "Forbid",
                    "starting_deadline_seconds": JOB_EVENT_AGE.value,
                    "successful_jobs_history_limit": JOB_HISTORY.value,
                    "failed_jobs_history_limit": JOB_HISTORY.value,
                    "job_template": {
                        "spec": {
                            "backoff_limit": job.retries,
                            "pod_failure_policy": {"rules": [DISRUPTED]},
                            "active_deadline_seconds": job.deadline.value,
                            "ttl_seconds_after_finished": _JOB_KEEP,
                            "template": {
                                "metadata": {"labels": described(selected), "annotations": dict(UNDISTURBED)},
                                "spec": {**_pod(args, job), "restart_policy": "Never"},
                            },
                        }
                    },
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"jobs": [job.name for job in args.jobs]})


def _pod(args: CronJobsArgs, job: ScheduledJob) -> kubernetes.core.v1.PodSpecArgsDict:
    environment = replace(args.environment, plain={JOB_VARIABLE: job.name, **args.environment.plain})
    container: Container = {
        "name": "job",
        "image": args.image,
        "args": [*job.command],
        "env": environment.variables,
        "resources": resources(args.amount),
    }
    if environment.sources:
        container["env_from"] = environment.sources
    return pod(container, args.service_account)
