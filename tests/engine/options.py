"""A small program before and after a change, with all that a program can tell an engine about changes."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

Options = pulumi.ResourceOptions
REGION = "us-east-1"


class Part(pulumi.ComponentResource):
    """A component with one child."""

    def __init__(self, name: str, opts: Options) -> None:
        super().__init__("ascent:infra:Part", name, None, opts)
        aws.sns.Topic("child", opts=Options(parent=self))


def main(*, after: bool) -> None:
    """Declare it all."""
    word = "after" if after else "before"
    here = aws.Provider("here", region=REGION, default_tags={"tags": {"team": "one"}})

    def told(**options: Any) -> Options:
        return Options(provider=here, **options)

    def shown(name: str, value: pulumi.Input[str]) -> None:
        aws.ssm.Parameter(name, type="SecureString", value=value, opts=told())

    vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", opts=told())
    subnets = [
        aws.ec2.Subnet(
            f"net-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{index}.0/24",
            availability_zone=f"{REGION}{zone}",
            opts=told(),
        ).id
        for index, zone in enumerate("ab")
    ]
    # Deleted first, and so with what is made of no more than its name.
    forced = told(replace_on_changes=["description"], delete_before_replace=True)
    group = aws.rds.SubnetGroup("data", name="data", description=word, subnet_ids=subnets, opts=forced)
    aws.rds.Cluster(
        "data",
        engine="aurora-postgresql",
        engine_version="16.8",
        master_username="somebody",
        master_password=pulumi.Output.secret("made-up-password"),
        skip_final_snapshot=True,
        db_subnet_group_name=group.name,
        opts=told(),
    )
    # Replaced: under a name of the provider's own, and under one of the program's.
    port = 8080 if after else 80
    named = {"own": "own", "given": None}
    for key, name in named.items():
        front = aws.lb.TargetGroup(key, name=name, port=port, protocol="HTTP", vpc_id=vpc.id, opts=told())
        shown(f"{key}-arn", front.arn)
        shown(f"{key}-name", front.name)
        shown(f"{key}-port", front.port.apply(str))
    shown("still", vpc.id)
    # What the program says of a change.
    aws.sns.Topic("ignored", display_name=word, opts=told(ignore_changes=["displayName"]))
    aws.sns.Topic("forced", display_name=word, opts=told(replace_on_changes=["displayName"]))
    # Other names, or another place, for the same.
    aliases = [pulumi.Alias(name="old")] if after else None
    topic = aws.sns.Topic("new" if after else "old", opts=told(aliases=aliases))
    shown("topic", topic.arn)
    Part(
        "second" if after else "first",
        Options(providers=[here], aliases=[pulumi.Alias(name="first")] if after else None),
    )
    # Secrets: made anew, kept, and another one.
    made = random.RandomPassword("made", length=20, keepers={"word": word})
    kept = random.RandomPassword("kept", length=20)
    shown("made", made.result)
    shown("kept", pulumi.Output.concat(kept.result, "!"))
    shown("given", pulumi.Output.secret(word))
    # What an update makes anew.
    template = aws.ec2.LaunchTemplate(
        "boot",
        instance_type="t4g.small",
        image_id="ami-0123456789abcdef0",
        user_data="YWZ0ZXI=" if after else "YmVmb3Jl",
        opts=told(),
    )
    aws.autoscaling.Group(
        "fleet",
        min_size=1,
        max_size=2,
        vpc_zone_identifiers=[subnets[0]],
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        opts=told(),
    )
    # Another provider takes along what it manages.
    there = aws.Provider("there", region="eu-west-1" if after else "us-west-2")
    far = aws.sns.Topic("far", opts=Options(provider=there))
    shown("far", far.arn)
