"""The region that a resource is in is told by itself, by its provider, or by the cluster that its provider leads to."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from catalog.engine_steps import EngineState, EngineStep
from catalog.location import AWS, KUBERNETES, Locations
from catalog.values import SENTINELS

State = tuple[str, str, dict[str, Any], dict[str, Any]]
HIDDEN = ("", None, 7, "[secret]", *sorted(SENTINELS)[:1])


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:live::shop::{type_}::{name}"


PROVIDER, OTHER, IN_CLUSTER = urn(AWS, "a"), urn(AWS, "b"), urn(KUBERNETES, "k")
BY, BY_OTHER, BY_CLUSTER = (f"{one}::id" for one in (PROVIDER, OTHER, IN_CLUSTER))
QUEUE, TOPIC = urn("aws:sqs/queue:Queue", "q"), urn("aws:sns/topic:Topic", "t")
CLUSTER, POD = urn("aws:eks/cluster:Cluster", "main"), urn("kubernetes:core/v1:Pod", "p")


def told(*states: State) -> Locations:
    found = Locations()
    for one in states:
        found.take(*one)
    return found


def test_a_provider_tells_the_region_of_all_that_it_manages() -> None:
    found = told((PROVIDER, "", {"region": "eu-west-1"}, {}))
    assert found.of(QUEUE, BY) == found.of(PROVIDER, "") == "eu-west-1"
    # As the engine refers to it, and without the id.
    assert found.of(QUEUE, PROVIDER) == "eu-west-1"
    assert found.of(QUEUE, BY_OTHER) is None
    assert found.of(QUEUE, "") is None


def test_a_provider_that_was_told_no_region_tells_what_it_found() -> None:
    assert told((PROVIDER, "", {}, {"region": "eu-west-1"})).of(QUEUE, BY) == "eu-west-1"
    both = told((PROVIDER, "", {"region": "us-east-1"}, {"region": "eu-west-1"}))
    assert both.of(QUEUE, BY) == both.of(PROVIDER, "") == "us-east-1"


def test_a_resource_tells_what_its_provider_does_not() -> None:
    found = told((QUEUE, BY, {}, {"region": "eu-west-1"}))
    assert found.of(QUEUE, BY) == found.of(TOPIC, BY) == "eu-west-1"
    assert found.of(TOPIC, BY_OTHER) is None
    # One that says nothing does not speak for the others.
    assert told((TOPIC, BY, {}, {}), (QUEUE, BY, {}, {"region": "eu-west-1"})).of(TOPIC, BY) == "eu-west-1"
    # The provider itself knows better, in any order.
    provider: State = (PROVIDER, "", {"region": "us-east-1"}, {})
    for states in permutations((provider, (QUEUE, BY, {}, {"region": "eu-west-1"}))):
        assert told(*states).of(TOPIC, BY) == "us-east-1"


def test_a_resource_in_another_region_than_its_providers_says_nothing_of_others() -> None:
    for outputs in ({}, {"region": "eu-west-1"}):
        found = told((QUEUE, BY, {"region": "eu-west-1"}, outputs))
        assert (found.of(QUEUE, BY), found.of(TOPIC, BY)) == ("eu-west-1", None)
    found = told((PROVIDER, "", {"region": "us-east-1"}, {}), (QUEUE, BY, {"region": "eu-west-1"}, {}))
    assert (found.of(QUEUE, BY), found.of(TOPIC, BY)) == ("eu-west-1", "us-east-1")
    # Where it is counts, and not where it was to be.
    assert told((QUEUE, BY, {"region": "us-east-1"}, {"region": "eu-west-1"})).of(QUEUE, BY) == "eu-west-1"


def test_of_two_states_the_one_that_is_there_counts() -> None:
    here, there = ({"region": one} for one in ("us-east-1", "eu-west-1"))
    assert told((QUEUE, BY, {}, here), (QUEUE, BY, {}, there)).of(QUEUE, BY) == "us-east-1"
    was, new = EngineState(outputs=here), EngineState(inputs=there)
    for old, after, region in ((was, new, "us-east-1"), (None, new, "eu-west-1"), (was, None, "us-east-1")):
        found = Locations()
        found.take_step(EngineStep(op="update", urn=QUEUE, provider=PROVIDER, old=old, new=after))
        assert found.of(QUEUE, BY) == region


IN_IRELAND: tuple[State, ...] = (
    (PROVIDER, "", {"region": "eu-west-1"}, {}),
    (CLUSTER, BY, {"name": "main"}, {}),
    (IN_CLUSTER, "", {"clusterIdentifier": "main"}, {}),
)


def test_what_is_in_a_cluster_is_where_the_cluster_is_in_whatever_order_it_is_told() -> None:
    for states in permutations(IN_IRELAND):
        found = told(*states)
        assert found.of(POD, BY_CLUSTER) == found.of(IN_CLUSTER, "") == "eu-west-1"
        assert found.of(POD, "") is None
    # A cluster that says where it is needs no provider that does.
    assert told((CLUSTER, BY, {"name": "main", "region": "us-east-1"}, {}), IN_IRELAND[2]).of(POD, BY_CLUSTER) == (
        "us-east-1"
    )


def test_a_provider_for_another_cluster_leads_to_no_region() -> None:
    other: State = (IN_CLUSTER, "", {"clusterIdentifier": "other"}, {})
    assert told(*IN_IRELAND[:2], other).of(POD, BY_CLUSTER) is None
    assert told(*IN_IRELAND[:2]).of(POD, BY_CLUSTER) is None
    # The one that is there comes before the one that would be.
    assert told(*IN_IRELAND, other).of(POD, BY_CLUSTER) == "eu-west-1"
    second = (urn("aws:eks/cluster:Cluster", "second"), BY_OTHER, {"name": "main"}, {"region": "us-east-1"})
    assert told(*IN_IRELAND, second).of(POD, BY_CLUSTER) == "eu-west-1"
    # What is called as a cluster is none.
    named: State = (urn("aws:ecs/cluster:Cluster", "main"), BY, {"name": "main"}, {})
    assert told(IN_IRELAND[0], named, IN_IRELAND[2]).of(POD, BY_CLUSTER) is None


@pytest.mark.parametrize("value", HIDDEN)
def test_what_may_not_be_seen_or_is_not_known_tells_nothing(value: object) -> None:
    assert told((PROVIDER, "", {"region": value}, {"region": value})).of(QUEUE, BY) is None
    assert told((QUEUE, BY, {"region": value}, {"region": value})).of(QUEUE, BY) is None
    cluster: State = (CLUSTER, BY, {"name": value}, {})
    leads: State = (IN_CLUSTER, "", {"clusterIdentifier": value}, {})
    assert told(IN_IRELAND[0], cluster, leads).of(POD, BY_CLUSTER) is None


def test_what_no_aws_provider_manages_is_in_no_region_of_aws() -> None:
    bucket, google = urn("gcp:storage/bucket:Bucket", "b"), urn("pulumi:providers:gcp", "g")
    found = told((google, "", {"region": "eu-west-1"}, {}), (bucket, f"{google}::id", {}, {"region": "eu-west-1"}))
    assert found.of(bucket, f"{google}::id") is found.of(google, "") is None
    assert told((QUEUE, "", {}, {"region": "eu-west-1"})).of(QUEUE, "") is None
