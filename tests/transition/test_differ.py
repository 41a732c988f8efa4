"""Two renders compare as the engine compares a program with its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from ops.transition.model import Op
from tests.transition.support import Program, moved, ops, properties, rendered

OPTS = pulumi.ResourceOptions


def network(cidr: str = "10.0.0.0/16", opts: OPTS | None = None, **subnet: Any) -> Program:
    def program() -> None:
        vpc = aws.ec2.Vpc("net", cidr_block=cidr, opts=opts)
        aws.ec2.Subnet("part", vpc_id=vpc.id, cidr_block="10.0.1.0/24", **subnet)

    return program


def test_what_stays_answers_as_it_did() -> None:
    assert ops(moved(network(), network())) == {}
    # An output of something that is updated, too.
    assert ops(moved(network(), network(opts=None, tags={"a": "b"}))) == {"Subnet part": "update"}


def test_what_is_made_of_something_replaced_follows_it() -> None:
    found = moved(network(), network("10.1.0.0/16"))
    assert ops(found) == {"Vpc net": "replace", "Subnet part": "replace"}
    assert properties(found, "part") == ("vpcId",)


def test_what_is_made_of_something_that_comes_changes_in_that_place_alone() -> None:
    def program(*, more: bool) -> Program:
        def run() -> None:
            key = aws.kms.Key("old")
            other = aws.kms.Key("new") if more else key
            aws.sns.Topic("told", tags={"key": other.arn, "same": key.id})

        return run

    found = moved(program(more=False), program(more=True))
    assert ops(found) == {"Key new": "create", "Topic told": "update"}
    assert properties(found, "told") == ("tags.key",)
    assert ops(moved(program(more=True), program(more=False))) == {"Key new": "delete", "Topic told": "update"}


def test_an_update_changes_what_it_makes_anew_and_no_more() -> None:
    def program(data: str) -> Program:
        def run() -> None:
            template = aws.ec2.LaunchTemplate("boot", user_data=data)
            aws.autoscaling.Group(
                "fleet",
                min_size=1,
                max_size=2,
                launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            )

        return run

    found = moved(program("a"), program("b"))
    assert ops(found) == {"LaunchTemplate boot": "update", "Group fleet": "update"}
    assert properties(found, "fleet") == ("launchTemplate.version",)


def test_text_made_of_outputs_is_compared_as_text() -> None:
    def program(action: str) -> Program:
        def run() -> None:
            bucket = aws.s3.Bucket("store")
            document = pulumi.Output.json_dumps({"Action": action, "Resource": bucket.arn})
            aws.s3.BucketPolicy("store", bucket=bucket.id, policy=document)

        return run

    assert ops(moved(program("s3:GetObject"), program("s3:GetObject"))) == {}
    assert ops(moved(program("s3:GetObject"), program("s3:PutObject"))) == {"BucketPolicy store": "update"}


def test_secrets_are_compared_and_never_told() -> None:
    def program(word: str) -> Program:
        def run() -> None:
            made = random.RandomPassword("made", length=20)
            secret = pulumi.Output.secret(word)
            aws.ssm.Parameter("kept", type="SecureString", value=pulumi.Output.concat(secret, made.result))

        return run

    assert ops(moved(program("one"), program("one"))) == {}
    found = moved(program("hidden-1"), program("hidden-2"))
    assert ops(found) == {"Parameter kept": "update"}
    assert "hidden" not in str(found.as_dict()) + str(found.details())
    assert rendered(program("hidden")).resources[-1].inputs["value"] == {"secret": True}


@pytest.mark.parametrize(
    ("opts", "expected"),
    [
        ({}, "update"),
        ({"ignore_changes": ["tags"]}, None),
        ({"ignore_changes": ["tags.other"]}, "update"),
        ({"replace_on_changes": ["tags"]}, "replace"),
        ({"replace_on_changes": ["displayName"]}, "update"),
    ],
)
def test_the_program_says_what_a_change_means(opts: Mapping[str, Any], expected: str | None) -> None:
    def program(value: str) -> Program:
        return lambda: aws.sns.Topic("told", tags={"key": value}, opts=OPTS(**opts))

    assert ops(moved(program("a"), program("b"))).get("Topic told") == expected


def test_what_cannot_be_without_something_deleted_first_goes_along() -> None:
    """It uses no more of it than its name, which stays the same."""

    def program(text: str, *, first: bool | None) -> Program:
        def run() -> None:
            told = OPTS(replace_on_changes=["description"], delete_before_replace=first)
            group = aws.rds.SubnetGroup("data", name="data", description=text, subnet_ids=["a", "b"], opts=told)
            aws.rds.Cluster("db", engine="aurora-postgresql", db_subnet_group_name=group.name)

        return run

    alone = {"SubnetGroup data": "replace"}
    assert ops(moved(program("a", first=False), program("b", first=False))) == alone
    assert ops(moved(program("a", first=True), program("b", first=True))) == alone | {"Cluster db": "replace"}


def test_what_has_another_name_is_the_same_where_an_alias_says_so() -> None:
    class Part(pulumi.ComponentResource):
        def __init__(self, name: str, opts: OPTS | None = None) -> None:
            super().__init__("ascent:infra:Part", name, None, opts)
            aws.sns.Topic("told", opts=OPTS(parent=self))

    def before() -> None:
        aws.sns.Topic("old")
        Part("one")

    def after() -> None:
        aws.sns.Topic("new", opts=OPTS(aliases=[pulumi.Alias(name="old")]))
        Part("one", OPTS(aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))
        aws.sns.Topic("more")

    def apart() -> None:
        aws.sns.Topic("new")

    def moved_out() -> None:
        aws.sns.Topic("old")
        aws.sns.Topic(
            "told", opts=OPTS(aliases=["urn:pulumi:test::ascent::ascent:infra:Part$aws:sns/topic:Topic::told"])
        )

    def under() -> None:
        aws.sns.Topic("old")
        Part("two", OPTS(aliases=[pulumi.Alias(name="one")]))

    assert ops(moved(before, after)) == {"Topic more": "create"}
    assert ops(moved(before, moved_out)) == {}
    assert ops(moved(before, under)) == {}
    assert ops(moved(before, apart)) == {"Topic new": "create", "Topic old": "delete", "Topic told": "delete"}


def test_a_provider_that_is_replaced_takes_all_of_its_own_along() -> None:
    def program(region: str) -> Program:
        def run() -> None:
            provider = aws.Provider("there", region=region)
            aws.sns.Topic("told", opts=OPTS(provider=provider))
            aws.sns.Topic("other")

        return run

    assert ops(moved(program("us-east-1"), program("eu-west-1"))) == {"Topic told": "replace"}


def test_default_tags_are_the_resources_own() -> None:
    def program(value: str) -> Program:
        def run() -> None:
            provider = aws.Provider("there", region="us-east-1", default_tags={"tags": {"team": value}})
            aws.sns.Topic("told", tags={"own": "1"}, opts=OPTS(provider=provider))

        return run

    found = moved(program("a"), program("b"))
    assert ops(found) == {"Topic told": "update"}
    assert properties(found, "told") == ("tags.team",)


def test_what_the_provider_cannot_do_is_told() -> None:
    def program(status: str) -> Program:
        return lambda: aws.s3.BucketVersioning("kept", bucket="b", versioning_configuration={"status": status})

    found = moved(program("Enabled"), program("Disabled"))
    assert not found.clear
    assert "cannot be updated" in " ".join(found.errors.values())


def test_what_is_lost_comes_first_and_what_is_guarded_is_refused() -> None:
    def before() -> None:
        aws.sns.Topic("told")
        aws.rds.Cluster("test-use1-db", engine="aurora-postgresql", opts=OPTS(protect=True))
        aws.rds.Cluster(
            "test-euw1-db", engine="aurora-postgresql", opts=OPTS(provider=aws.Provider("w", region="eu-west-1"))
        )
        aws.iam.Role("role", assume_role_policy="{}")

    def after() -> None:
        aws.iam.Role("role", assume_role_policy="{}", path="/other/")

    found = moved(before, after)
    first = found.changes[0]
    assert (first.name, first.op, first.lost, first.refused) == ("test-use1-db", Op.DELETE, True, True)
    assert [one.name for one in found.losses] == ["test-use1-db", "told"]
    reasons = {one.name: one.rebuilt for one in found.changes if one.rebuilt}
    assert reasons == {
        "test-euw1-db": "in a region that holds copies alone",
        "role": "nothing outside of the stack refers to it",
    }
    assert not found.clear
    assert found.as_dict()["stateful"] == {"replace": [], "delete": sorted(one.urn for one in found.losses)}
    assert len(found.problems) == 3
