"""Lifecycle hooks of autoscaling groups: an instance comes into service, and goes, when it says so itself."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.user_data import END_HOOK, LAUNCH_HOOK

_BOOT_LIMIT = 900  # seconds: packages, an image and a start take 135 to 210 s on a t4g.small; four times that
_END_LIMIT = 420  # seconds: the time that a worker has to stop, and two minutes to report it

_LAUNCHING, _TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
# A group is created with its first hook, which its first instances need. Later the provider could change that only by
# replacing the group. So the resources of `hooked` hold it from then on: PutLifecycleHook updates one of the same name.
IGNORED = ["initialLifecycleHooks"]
INITIAL: list[aws.autoscaling.GroupInitialLifecycleHookArgsDict] = [
    {
        "name": LAUNCH_HOOK,
        "lifecycle_transition": _LAUNCHING,
        "heartbeat_timeout": _BOOT_LIMIT,
        "default_result": "ABANDON",
    }
]


def hooked(name: str, group: pulumi.Input[str], *, ends: bool, opts: pulumi.ResourceOptions) -> None:
    """Hooks of the autoscaling group `group`.

    A launch that is not completed is abandoned, and tried again. With `ends`, an instance is also given the time to
    finish what it is at before it is terminated; one that does not report is terminated all the same.
    """
    aws.autoscaling.LifecycleHook(
        f"{name}-launch",
        name=LAUNCH_HOOK,
        autoscaling_group_name=group,
        lifecycle_transition=_LAUNCHING,
        heartbeat_timeout=_BOOT_LIMIT,
        default_result="ABANDON",
        opts=opts,
    )
    if ends:
        aws.autoscaling.LifecycleHook(
            f"{name}-end",
            name=END_HOOK,
            autoscaling_group_name=group,
            lifecycle_transition=_TERMINATING,
            heartbeat_timeout=_END_LIMIT,
            default_result="CONTINUE",
            opts=opts,
        )
