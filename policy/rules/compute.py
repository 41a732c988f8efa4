"""Policies of instances, groups and tasks."""

from __future__ import annotations

import json

from policy.model import (
    PolicyRule,
    Props,
    at_least,
    at_most,
    every,
    given,
    is_false,
    is_true,
    one_of,
    several,
    values,
    wants,
)

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_GROUP = "aws:autoscaling/group:Group"
_ZONES = 3
_PATCHES_SECONDS = 30 * 24 * 3600


def _bounds(props: Props) -> str | None:
    least, most = props.get("minSize"), props.get("maxSize")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        return f"minSize {least} exceeds maxSize {most}"
    if props.get("desiredCapacity") is not None:
        return "desiredCapacity is set, so every update undoes what the scaling policies did"
    return None


def _elb_health(props: Props) -> str | None:
    return one_of("healthCheckType", "ELB")(props) if props.get("targetGroupArns") else None


def _containers(props: Props) -> list[Props]:
    text = props.get("containerDefinitions")
    try:
        return list(json.loads(text)) if isinstance(text, str) else []
    except ValueError:
        return []


def _read_only(props: Props) -> str | None:
    writable = [one.get("name") for one in _containers(props) if one.get("readonlyRootFilesystem") is not True]
    return f"container {writable[0]} may write to its root filesystem" if writable else None


def _no_secrets(props: Props) -> str | None:
    words = ("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL")
    plain = [
        entry.get("name", "")
        for one in _containers(props)
        for entry in one.get("environment") or ()
        if any(word in str(entry.get("name", "")).upper() for word in words)
    ]
    return f"{plain[0]} is in the environment in plain text; take it from Secrets Manager" if plain else None


def _no_public_task(props: Props) -> str | None:
    public = values(props, "target.ecsParameters.networkConfiguration.assignPublicIp")
    return "the task gets a public address" if any(one is True for one in public) else None


def _abandons(props: Props) -> str | None:
    launching = "autoscaling:EC2_INSTANCE_LAUNCHING" in values(props, "lifecycleTransition")
    return one_of("defaultResult", "ABANDON")(props) if launching else None


def _keeps_events(props: Props) -> str | None:
    # What says that it is not worth another try, another one follows.
    if values(props, "retryPolicy.maximumRetryAttempts") == [0]:
        return None
    return given("deadLetterConfig.arn")(props)


RULES = (
    PolicyRule(
        name="template-imdsv2",
        types=(_TEMPLATE,),
        severity="critical",
        reason="IMDSv1 hands a role's credentials to anyone who can make the application fetch a URL.",
        frameworks=("FSBP:EC2.170", "CIS-AWS-3.0:5.6"),
        check=one_of("metadataOptions.httpTokens", "required"),
    ),
    PolicyRule(
        name="template-encrypted-disks",
        types=(_TEMPLATE,),
        severity="high",
        reason="Disks outlive their instances, as snapshots do.",
        frameworks=("CIS-AWS-3.0:2.2.1",),
        check=every(given("blockDeviceMappings"), is_true("blockDeviceMappings[*].ebs.encrypted")),
    ),
    PolicyRule(
        name="template-no-public-address",
        types=(_TEMPLATE,),
        severity="high",
        reason="An instance with a public address can be reached past the load balancer.",
        frameworks=("FSBP:EC2.25",),
        check=is_false("networkInterfaces[*].associatePublicIpAddress"),
    ),
    PolicyRule(
        name="template-profile",
        types=(_TEMPLATE,),
        severity="medium",
        reason="Without a role of its own, an instance is given keys, and keys leak.",
        check=given("iamInstanceProfile"),
    ),
    PolicyRule(
        name="group-bounds",
        types=(_GROUP,),
        severity="high",
        reason="Capacity belongs to the scaling policies, within bounds that make sense.",
        check=_bounds,
    ),
    PolicyRule(
        name="group-three-zones",
        types=(_GROUP,),
        severity="high",
        reason="The loss of a zone must leave two to carry the load.",
        frameworks=("FSBP:AutoScaling.2",),
        check=several("vpcZoneIdentifiers", _ZONES),
    ),
    PolicyRule(
        name="group-health-of-balancer",
        types=(_GROUP,),
        severity="high",
        reason="Otherwise an instance stays whose machine is fine and whose application is dead.",
        frameworks=("FSBP:AutoScaling.1",),
        check=_elb_health,
    ),
    PolicyRule(
        name="group-instances-renewed",
        types=(_GROUP,),
        severity="medium",
        reason="Patches come with new machine images; an instance that is never replaced gets none.",
        check=at_most("maxInstanceLifetime", _PATCHES_SECONDS),
    ),
    PolicyRule(
        name="group-refresh-stops",
        types=(_GROUP,),
        severity="medium",
        reason="A refresh that fails should stop: a rollback would launch the new template again, as the group has it.",
        check=every(given("instanceRefresh"), is_false("instanceRefresh.preferences.autoRollback")),
    ),
    PolicyRule(
        name="launch-abandoned",
        types=("aws:autoscaling/lifecycleHook:LifecycleHook",),
        severity="high",
        reason="An instance whose application never answered must not come into service when the time is up.",
        check=_abandons,
    ),
    PolicyRule(
        name="scaling-tracks-target",
        types=("aws:autoscaling/policy:Policy", "aws:appautoscaling/policy:Policy"),
        severity="medium",
        reason="Step scaling forgets to scale in, and its thresholds age.",
        check=one_of("policyType", "TargetTrackingScaling"),
    ),
    PolicyRule(
        name="scaling-bounds",
        types=("aws:appautoscaling/target:Target",),
        severity="high",
        reason="A range that is empty or open-ended scales to nothing, or without end.",
        check=every(at_least("minCapacity", 1), at_most("maxCapacity", 15)),
    ),
    PolicyRule(
        name="task-read-only",
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        severity="medium",
        reason="An attacker cannot store a program on a read-only file system.",
        frameworks=("FSBP:ECS.5",),
        check=_read_only,
    ),
    PolicyRule(
        name="task-no-plain-secrets",
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        severity="critical",
        reason="Everyone who may describe a task reads its environment.",
        frameworks=("FSBP:ECS.8",),
        check=_no_secrets,
    ),
    PolicyRule(
        name="schedule-private",
        types=("aws:scheduler/schedule:Schedule",),
        severity="high",
        reason="Jobs reach the database; nothing should reach them.",
        frameworks=("FSBP:ECS.2",),
        check=_no_public_task,
    ),
    PolicyRule(
        name="schedule-retries-end",
        types=("aws:scheduler/schedule:Schedule",),
        severity="medium",
        reason="A job that cannot run must not be tried for a day, beside its own next run.",
        check=every(
            at_most("target.retryPolicy.maximumRetryAttempts", 10),
            at_most("target.retryPolicy.maximumEventAgeInSeconds", 3600),
        ),
    ),
    PolicyRule(
        name="schedule-keeps-failures",
        types=("aws:scheduler/schedule:Schedule",),
        severity="medium",
        reason="A task that could not be started is dropped silently, unless a queue takes the event.",
        check=given("target.deadLetterConfig.arn"),
    ),
    PolicyRule(
        name="event-keeps-failures",
        types=("aws:cloudwatch/eventTarget:EventTarget",),
        severity="medium",
        reason="An event that could not be delivered is dropped silently, unless a queue takes it.",
        check=_keeps_events,
    ),
    PolicyRule(
        name="function-log-ends",
        types=("aws:lambda/function:Function",),
        severity="low",
        reason="Without a log group of the program, Lambda makes one that keeps its logs for ever.",
        check=given("loggingConfig.logGroup"),
    ),
    PolicyRule(
        name="schedule-utc",
        types=("aws:scheduler/schedule:Schedule",),
        severity="low",
        reason="A zone with summer time runs a nightly job twice, or never, once a year.",
        check=wants("scheduleExpressionTimezone", lambda value: value in (None, "UTC"), "UTC"),
    ),
)
