"""Scheduled jobs as Fargate tasks: nothing runs between them, and they need no instance to be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.schedules import JOB_VARIABLE, ScheduledJob
from infra.security_groups import letting_out
from infra.thresholds import JOB_EVENT_AGE, JOB_RETRIES, POD_USER

_JOB_LOG_DAYS = 14  # days: two runs of every weekly job, to compare them

_TMP = "tmp"
# A volume of the task's own is root's, unless the image has one at the same path: then it gets that one's owner and
# rights (Amazon ECS Developer Guide, Use bind mounts with Amazon ECS).
_SCRATCH = {
    "user": str(POD_USER.value),
    "mountPoints": [{"sourceVolume": _TMP, "containerPath": "/tmp"}],  # noqa: S108  a volume of the task's own
}


@dataclass(frozen=True, kw_only=True)
class JobsArgs:
    """What the jobs need.

    region: AWS region.
    what: what they are, in two or three words.
    image: container image.
    cpu, memory: CPU units and MiB of a task, in a combination that Fargate has.
    repositories: ARNs of private ECR repositories to pull it from.
    log_in: ARN of the secret that logs in at the image's registry, with the same KMS key; None where nothing has to.
    secret_arn: Secrets Manager secret.
    keys: key in that secret by environment variable.
    key_arn: KMS key of that secret.
    vpc_id, subnet_ids: the VPC, and its private subnets.
    variables: environment variables of every job.
    dead_letters: ARN of the queue of what could not be started.
    statements: what the jobs may do at AWS.
    scratch: whether they may write to /tmp, as the application's user. An image of their own says `VOLUME /tmp`.
    jobs: what runs when.
    """

    region: str
    what: str
    image: str
    cpu: int
    memory: int
    repositories: Sequence[str]
    log_in: pulumi.Input[str] | None
    secret_arn: pulumi.Input[str]
    keys: Mapping[str, str]
    key_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    variables: Mapping[str, pulumi.Input[str]]
    dead_letters: pulumi.Input[str]
    statements: Sequence[iam.Statement] = ()
    scratch: bool = False
    jobs: Sequence[ScheduledJob]


class Jobs(pulumi.ComponentResource):
    """A schedule per job, each of which runs one and the same task with its own command.

    cluster_arn: of the ECS cluster, which runs nothing else. A task's group there is its job's name.
    log_group: name of the log group.
    """

    def __init__(self, name: str, args: JobsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Jobs"), name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(name, settings=[{"name": "containerInsights", "value": "disabled"}], opts=self._child)
        group = letting_out(
            name,
            vpc_id=args.vpc_id,
            description=args.what,
            rule="To the database, and to AWS",
            opts=self._child,
        )
        execution = self._execution_role()
        self._role = self._task_role()
        logs = aws.cloudwatch.LogGroup(name, retention_in_days=_JOB_LOG_DAYS, opts=self._child)
        task = self._task(execution, logs)
        scheduler = self._scheduler_role(task, execution)
        for job in args.jobs:
            aws.scheduler.Schedule(
                f"{name}-{job.name}",
                description=job.source,
                schedule_expression=job.aws_cron,
                schedule_expression_timezone="UTC",
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": cluster.arn,
                    "role_arn": scheduler,
                    "input": pulumi.Output.json_dumps({"containerOverrides": [_override(job)]}),
                    "ecs_parameters": {
                        "task_definition_arn": task.arn,
                        "launch_type": "FARGATE",
                        "group": job.name,
                        "network_configuration": {"subnets": args.subnet_ids, "security_groups": [group.id]},
                    },
                    "dead_letter_config": {"arn": args.dead_letters},
                    "retry_policy": {
                        "maximum_retry_attempts": JOB_RETRIES.value,
                        "maximum_event_age_in_seconds": JOB_EVENT_AGE.value,
                    },
                },
                opts=self._child,
            )
        self.cluster_arn = cluster.arn
        self.log_group = logs.name
        self.register_outputs({"jobs": [job.name for job in args.jobs]})

    def _execution_role(self) -> aws.iam.Role:
        """What ECS does on behalf of a task before it runs: pull its image, read its secret."""
        name, args = self._name, self._args
        role = aws.iam.Role(f"{name}-run", assume_role_policy=iam.trust("ecs-tasks.amazonaws.com"), opts=self._child)
        statements = [
            *iam.read_secret(args.secret_arn, args.key_arn, args.region),
            *iam.read_also([args.log_in] if args.log_in is not None else []),
            *iam.pull(args.repositories),
        ]
        aws.iam.RolePolicy(f"{name}-run", role=role.id, policy=iam.policy(*statements), opts=self._child)
        return role

    def _task_role(self) -> aws.iam.Role | None:
        """What the jobs themselves may do, if anything."""
        name, args = self._name, self._args
        if not args.statements:
            return None
        role = aws.iam.Role(name, assume_role_policy=iam.trust("ecs-tasks.amazonaws.com"), opts=self._child)
        aws.iam.RolePolicy(name, role=role.id, policy=iam.policy(*args.statements), opts=self._child)
        return role

    def _task(self, execution: aws.iam.Role, logs: aws.cloudwatch.LogGroup) -> aws.ecs.TaskDefinition:
        name, args = self._name, self._args
        aws.iam.RolePolicy(
            f"{name}-log",
            role=execution.id,
            policy=iam.policy(iam.write_logs(logs.arn)),
            opts=self._child,
        )
        container = {
            "name": "job",
            "image": args.image,
            **({"repositoryCredentials": {"credentialsParameter": args.log_in}} if args.log_in is not None else {}),
            "essential": True,
            "readonlyRootFilesystem": True,
            **({"environment": _environment(args.variables)} if args.variables else {}),
            **(_SCRATCH if args.scratch else {}),
            "secrets": [
                {"name": variable, "valueFrom": pulumi.Output.concat(args.secret_arn, f":{key}::")}
                for variable, key in args.keys.items()
            ],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": logs.name, "awslogs-region": args.region, "awslogs-stream-prefix": "job"},
            },
        }
        return aws.ecs.TaskDefinition(
            name,
            family=name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.cpu),
            memory=str(args.memory),
            runtime_platform={"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
            execution_role_arn=execution.arn,
            task_role_arn=self._role.arn if self._role is not None else None,
            volumes=[{"name": _TMP}] if args.scratch else None,
            container_definitions=pulumi.Output.json_dumps([container]),
            opts=self._child,
        )

    def _scheduler_role(self, task: aws.ecs.TaskDefinition, execution: aws.iam.Role) -> pulumi.Output[str]:
        name = self._name
        role = aws.iam.Role(f"{name}-start", assume_role_policy=iam.trust("scheduler.amazonaws.com"), opts=self._child)
        policy = aws.iam.RolePolicy(
            f"{name}-start",
            role=role.id,
            policy=iam.policy(
                # Any revision: a schedule and its task definition are not changed at the same moment.
                iam.allow(["ecs:RunTask"], [pulumi.Output.concat(task.arn_without_revision, ":*")]),
                iam.allow(["iam:PassRole"], [execution.arn, *([self._role.arn] if self._role is not None else [])]),
                iam.allow(["sqs:SendMessage"], [self._args.dead_letters]),
            ),
            opts=self._child,
        )
        # By way of the policy: a schedule whose role may not run its task is refused.
        return pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))


def _override(job: ScheduledJob) -> dict[str, object]:
    """What makes the one task this job's."""
    return {
        "name": "job",
        "command": [*job.command],
        "environment": _environment({JOB_VARIABLE: job.name}),
    }


def _environment(variables: Mapping[str, pulumi.Input[str]]) -> list[dict[str, pulumi.Input[str]]]:
    return [{"name": name, "value": value} for name, value in variables.items()]
