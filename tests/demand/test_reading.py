"""A load as it is typed or kept in a file: what is derived, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.demand import FIELDS, Demand, DemandError, demand_of, derived
from ops.demand.assumptions import TABLE

AMOUNTS = st.floats(0.5, 1e6)


def numbers(wants: Demand) -> list[float]:
    return [getattr(wants, name) for name in FIELDS]


def refusal(text: str) -> str:
    with pytest.raises(DemandError) as caught:
        demand_of(text)
    return str(caught.value)


def test_what_is_not_given_follows_from_the_users() -> None:
    # By hand: 5,000 x 2 / 60 requests; 1,000 reads a second are the runbook's number at these users; 0.3 writes a
    # request; 200 GB at 2,500 users are 0.08 GB each.
    wants = demand_of("users=5000")
    assert numbers(wants) == pytest.approx([5000, 166.6666667, 1000, 50, 400])
    assert wants.given == {"users"}


def test_what_is_given_stays_and_the_answer_says_so() -> None:
    told = demand_of("users=5000,egress=300,reads=2500").as_dict()
    assert {name: one["value"] for name, one in told.items() if one["given"]} == {
        "users": 5000, "egress": 300, "reads": 2500,
    }  # fmt: skip
    assert told["writes"] == {
        "value": 50, "unit": "writes/second", "given": False, "from": "0.3 of each request",
    }  # fmt: skip
    assert told["requests"]["from"] == "2 a minute of each user"
    assert told["egress"]["from"] == "given"


@pytest.mark.parametrize(
    ("text", "users", "how"),
    [
        ("requests=100", 3000, "2 requests a minute of each user"),
        ("reads=1000", 5000, "6 reads of each request"),
        ("writes=50", 5000, "0.3 writes of each request"),
        ("egress=200", 2500, "0.08 GB of each user"),
        # The closest to users wins.
        ("requests=100,egress=200", 3000, "2 requests a minute of each user"),
        ("egress=200,reads=1000", 2500, "0.08 GB of each user"),
        ("reads=1000,writes=500", 5000, "6 reads of each request"),
    ],
)
def test_users_follow_from_what_is_known(text: str, users: float, how: str) -> None:
    wants = demand_of(text)
    assert wants.users == pytest.approx(users)
    assert wants.source("users") == how


def test_requests_that_are_given_decide_over_statements_not_over_egress() -> None:
    # Users who ask five times as often: statements grow with the requests, files with the users.
    wants = demand_of("users=3000,requests=500")
    assert (wants.reads, wants.writes, wants.egress) == pytest.approx((3000, 150, 240))


@given(AMOUNTS)
def test_users_and_what_follows_from_them_are_one_load(users: float) -> None:
    whole = derived({"users": users})
    for name in FIELDS:
        again = derived({name: getattr(whole, name)})
        assert numbers(again) == pytest.approx(numbers(whole), rel=1e-5)


@given(AMOUNTS, st.floats(0.1, 100))
def test_a_load_so_many_times_is_so_many_times_each_of_its_fields(users: float, factor: float) -> None:
    wants = derived({"users": users, "egress": 7})
    assert numbers(wants.times(factor)) == pytest.approx([one * factor for one in numbers(wants)])
    assert wants.times(factor).given == wants.given


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("egress=1.5TB", 1500), ("egress=300 GB", 300), ("egress=300", 300), ("egress=1_000", 1000),
        ("egress=1e3", 1000),
    ],
)  # fmt: skip
def test_units_that_are_known_are_turned_into_the_field_s(text: str, value: float) -> None:
    assert demand_of(text).egress == value


def test_rates_may_be_a_minute() -> None:
    assert demand_of("requests=6000/min") == demand_of("requests=100 /s") == demand_of("requests=100")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("users=-1", "--load: users: given '-1'; it should be above 0"),
        ("users=0", "--load: users: given '0'; it should be above 0"),
        ("users=5,reads=-2", "--load: reads: given '-2'; it should be 0 or more"),
        ("egres=3", "--load: egres: unknown key. Did you mean egress? Known here: users (concurrent users)"),
        ("apples=3", "--load: apples: unknown key. Known here: users"),
        ("egress=300MB", "'MB' is no unit of it: a number in GB/month, or with GB or TB"),
        ("users=5k", "'k' is no unit of it: a number in concurrent users, without a unit"),
        ("requests=100/h", "'/h' is no unit of it: a number in requests/second, or with /s or /min"),
        ("users=many", "--load: users: given 'many'; it should be a number, in concurrent users"),
        ("users=nan", "it should be a number"),
        ("users=1e12", "it should be 1,000,000,000 at most"),
        ("users=1e999", "it should be 1,000,000,000 at most"),
        ("users=5,users=6", "--load: users: given twice; keep one"),
        ("users=5,000", "'000' is no key=value, as in users=5000,egress=300; write a thousand without a comma"),
        ("users=5,egress", "'egress' is no key=value, as in users=5000,egress=300"),
        ("egress=0", "--load: it is no load: egress=0; give users or requests above 0"),
        ("5000", "5000: cannot be read: No such file or directory; a load is typed as users=5000,egress=300"),
        ("nowhere.yaml", "nowhere.yaml: cannot be read: No such file or directory"),
    ],
)
def test_nonsense_is_refused_by_name(text: str, said: str) -> None:
    assert said in refusal(text)


def test_all_mistakes_are_said_at_once() -> None:
    assert len(refusal("users=-1,egres=3,writes=5MB").splitlines()) == 3


def test_a_file_says_the_same_as_what_is_typed(tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    file.write_text("# From the dashboard.\nusers: 5000\negress: 1.5 TB\nrequests: 6000/min\n")
    assert demand_of(str(file)) == demand_of("users=5000,egress=1500,requests=100")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("users: 5000\nusers: 6000\n", "users: given twice"),
        ("user: 5000\n", "user: unknown key. Did you mean users?"),
        ("users: [1, 2]\n", "users: given 'a list or a map'; it should be a number"),
        ("users: {a: 1}\n", "users: given 'a list or a map'; it should be a number"),
        ("- users\n", "it should be a map, a line for each key"),
        ("", "it should be a map, a line for each key"),
        ("{}\n", "nothing is given; Known here: users"),
        ("users: 5\n egress: 3\n", "line 2: it is no YAML"),
        ("users:\n", "users: given ''; it should be a number"),
    ],
)
def test_a_file_that_is_no_load_is_refused_with_its_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "load.yaml"
    file.write_text(text)
    message = refusal(str(file))
    assert said in message
    assert message.startswith(f"{file}: ")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    file.write_bytes(b"users: \xff\n")
    assert refusal(str(file)) == f"{file}: cannot be read: it is not in UTF-8"


def test_nothing_at_all_is_no_load() -> None:
    with pytest.raises(ValueError, match="at least one of its fields"):
        derived({})


def test_every_assumption_has_a_source_and_a_range() -> None:
    assert len({one.name for one in TABLE}) == len(TABLE)
    for one in TABLE:
        assert one.source, one.name
        assert 0 < one.span.low <= one.span.high, one.name


def test_an_empty_load_names_the_option() -> None:
    assert refusal("") == "--load: nothing is given; it should be as users=5000,egress=300, or a file"
