"""The expressions are Cloudflare's language, and mean to the tests' small evaluator what they mean to its engine."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from octorules_wirefilter import parse_expression

from infra.edge.connector import connections
from infra.edge.expressions import text
from infra.edge.plans import ZonePlan
from infra.edge.rules import RulesetScope
from scripts.wirefilter import WirefilterUnavailableError, find_wirefilter
from tests.edge.crate import decide
from tests.edge.language import matches, parse
from tests.edge.replay import expressions
from tests.edge.samples import APP, SAMPLES, STORAGE, ZONE
from tests.edge.web import Request

SITES = [
    RulesetScope(app=APP, storage=STORAGE, zone=ZONE, hosted=hosted, plan=plan)
    for plan, hosted in itertools.product(ZonePlan, (False, True))
]
EVERY = sorted(
    {expression for site in SITES for expression in expressions(site).values()}
    | set(connections(STORAGE, ["generated", "avatars"]).values())
)
BEFORE_THE_ORIGIN = [expression for expression in EVERY if "http.response" not in expression]
# Cloudflare, Rules language: limits.
LONGEST = 4096


@pytest.mark.parametrize("expression", EVERY)
def test_cloudflares_own_parser_reads_every_expression(expression: str) -> None:
    read = parse_expression(expression, None)
    assert "error" not in read, read["error"]
    assert len(expression) <= LONGEST
    # What needs the Business plan.
    assert "matches" not in read["operators"]
    parse(expression)


@pytest.mark.parametrize(
    "expression", ["http.host", 'http.hots eq "a"', 'http.host eq "a" and', "(ssl", 'len(a) eq "a"']
)
def test_what_is_not_understood_is_an_error(expression: str) -> None:
    with pytest.raises((SyntaxError, LookupError)):
        assert matches(expression, {"ssl": True, "a": "a"}) is None


def test_operators_bind_as_cloudflares_do() -> None:
    fields = {"http.host": "a", "http.cookie": "b"}
    assert matches('http.host eq "a" or http.host eq "x" and http.cookie eq "x"', fields)
    assert not matches('(http.host eq "a" or http.host eq "x") and http.cookie eq "x"', fields)
    assert matches('not http.host eq "x" and http.cookie eq "b"', fields)


@pytest.mark.parametrize("value", ['a"b', "a\\b", "ä", "a\nb"])
def test_what_would_need_an_escape_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="as it is"):
        text(value)


@pytest.fixture(scope="session")
def engine() -> Path:
    try:
        return find_wirefilter()
    except WirefilterUnavailableError as error:
        pytest.skip(str(error))


def _agree(engine: Path, requests: list[Request]) -> int:
    fields = [request.fields for request in requests]
    answers = decide(engine, BEFORE_THE_ORIGIN, fields)
    ours = [[matches(expression, one) for one in fields] for expression in BEFORE_THE_ORIGIN]
    for expression, theirs, own in zip(BEFORE_THE_ORIGIN, answers, ours, strict=True):
        assert [one for one, a, b in zip(requests, theirs, own, strict=True) if a != b] == [], expression
    return sum(map(sum, answers))


def test_cloudflares_engine_agrees_on_every_sample(engine: Path) -> None:
    requests = [sample.request for sample in SAMPLES]
    agreed = _agree(engine, requests)
    # Neither everything nor nothing matches.
    assert len(BEFORE_THE_ORIGIN) < agreed < len(BEFORE_THE_ORIGIN) * len(requests)


WORDS = st.sampled_from(
    [
        *(
            "/",
            "api",
            "API",
            "/api/",
            "health",
            "upload",
            "analyze",
            "generated/",
            "avatars/",
            "x.png",
            ".SVG",
            "..",
            ";",
        ),
        *("%2f", "%61", "%25", "_next/static/", "storage/v1/object/public/", "report-images/", "a", "Z", "é"),
    ]
)
REQUESTS = st.builds(
    Request,
    host=st.sampled_from([APP, STORAGE, APP.upper(), f"{STORAGE}:443", "example.com", "notapp.example.com", ""]),
    target=st.lists(WORDS, max_size=6).map(lambda words: "/" + "".join(words)),
    method=st.sampled_from(["GET", "POST", "PUT", "OPTIONS"]),
    secure=st.booleans(),
    headers=st.dictionaries(
        st.sampled_from(["Cookie", "Authorization", "apikey", "Accept"]),
        st.sampled_from(["", "__cf_bm=a", "__cf_bm=a;b=c", "session=1", "a,b"]),
        max_size=2,
    ),
)


# Fifty at once: the engine is a process, and reads every filter anew. That is some 50 000 decisions.
@settings(max_examples=25, deadline=None)
@given(st.lists(REQUESTS, min_size=50, max_size=50))
def test_cloudflares_engine_agrees_on_made_up_requests(engine: Path, requests: list[Request]) -> None:
    _agree(engine, requests)
