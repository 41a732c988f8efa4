"""What a file of metrics may say: every mistake is refused by where it is, what was given and what is allowed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.advise.reading import Metrics, read
from ops.errors import AscentError
from tests.advise.support import NOW

DAYS = 5
START = "2026-11-26T18:00:00Z"


def regular(
    name: str | None = "database-cpu", unit: str | None = "percent", value: Any = 40, **changes: Any
) -> dict[str, Any]:
    """A metric of five days, hour by hour, with changes; None leaves a key out."""
    made = {"name": name, "unit": unit, "from": START, "period": 3600, "values": [value] * 24 * DAYS, **changes}
    return {key: one for key, one in made.items() if one is not None}


def told(tmp_path: Path, *metrics: Any, text: str | None = None, name: str = "m.json") -> str:
    """The refusal, as one line of text for each problem."""
    with pytest.raises(AscentError) as caught:
        loaded(tmp_path, *metrics, text=text, name=name)
    assert caught.value.code == 2
    return str(caught.value)


def loaded(tmp_path: Path, *metrics: Any, text: str | None = None, name: str = "m.json") -> Metrics:
    path = tmp_path / name
    path.write_text(json.dumps({"metrics": list(metrics)}) if text is None else text)
    return read(path, NOW)


def hours(count: int) -> list[str]:
    """Times, hour by hour, that end with the judgment."""
    end = datetime.fromtimestamp(NOW, UTC)
    return [f"{end - timedelta(hours=count - index):%Y-%m-%dT%H:%M:%SZ}" for index in range(count)]


def test_three_forms_say_the_same(tmp_path: Path) -> None:
    pairs = [[time, 40] for time in hours(24 * DAYS)]
    series = {"name": "database-cpu", "unit": "percent", "period": 3600, "series": pairs}
    statistic = {
        "name": "database-cpu", "unit": "percent", "statistic": "average", "from": START, "to": "2026-12-01T18:00:00Z",
        "value": 40,
    }  # fmt: skip
    csv = "name,unit,period,time,value\n" + "".join(f"database-cpu,percent,3600,{time},40\n" for time, _ in pairs)
    forms = [
        loaded(tmp_path, regular()),
        loaded(tmp_path, series),
        loaded(tmp_path, statistic),
        loaded(tmp_path, text=csv, name="m.csv"),
    ]
    for one in forms:
        found = one.series["database-cpu"]
        assert found.days(NOW, 6) == [40] * DAYS + [None]
        assert found.end == NOW


def test_periods_of_one_metric_follow_each_other(tmp_path: Path) -> None:
    """A month's report and this week's, as two statistics."""
    parts = [
        ("2026-11-10T18:00:00Z", "2026-11-26T18:00:00Z", 140),
        ("2026-11-26T18:00:00Z", "2026-12-01T18:00:00Z", 250),
    ]
    rows = [
        {"name": "egress", "unit": "GB/month", "statistic": "average", "from": one, "to": other, "value": value}
        for one, other, value in parts
    ]
    assert loaded(tmp_path, *rows).series["egress"].days(NOW, 6) == [250] * 5 + [140]
    assert "after 2026-11-26" in told(tmp_path, *reversed(rows))


def test_null_is_a_gap(tmp_path: Path) -> None:
    values = [40, None] * 12 * DAYS
    assert len(loaded(tmp_path, regular(values=values)).series["database-cpu"].samples) == 12 * DAYS


def test_a_plan_is_a_number_alone(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"name": "registered-users", "unit": "users", "expected": 50_000})
    assert (dict(found.series), dict(found.expected)) == ({}, {"registered-users": 50_000})


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (regular(name="databse-cpu"), "metrics[0].name: given 'databse-cpu'", "did you mean database-cpu?"),
    (regular(name=None), "metrics[0].name: given no name", "requests, concurrent-users"),
    (regular(unit="ratio", value=0.4), "metrics[0].unit: given 'ratio'", "multiply each value by 100"),
    (regular(unit="milliseconds"), "metrics[0].unit: given 'milliseconds'", "percent for database-cpu"),
    (regular(unit=None), "metrics[0].unit: given no unit", "percent for database-cpu"),
    (regular(value=0.4), "database-cpu of at most 1 percent", "not a ratio: multiply each value by 100"),
    (regular(value=-3), "metrics[0].values[0]: given -3", "a number from 0 to 100 percent"),
    (regular(value=101), "metrics[0].values[0]: given 101", "a number from 0 to 100 percent"),
    (regular(value=float("nan")), "metrics[0].values[0]: given nan", "null where there is none"),
    (regular(value=float("inf")), "metrics[0].values[0]: given inf", "null where there is none"),
    (regular(value="many"), "metrics[0].values[0]: given 'many'", "a number from 0"),
    (regular(value="41"), "metrics[0].values[0]: given '41'", "a number from 0"),
    (regular(value=10**400), "metrics[0].values[0]: given 1000", "a number from 0"),
    (regular(name=["cpu"]), "metrics[0].name: given", "requests, concurrent-users"),  # type: ignore[arg-type]
    (regular(period=10**400), "metrics[0].period: given 1000", "from 1 to 86400"),
    (regular(**{"from": "9999-12-31T23:59:59-23:59"}), "metrics[0].from: given 9999", "a year from 1970 to 2999"),
    (regular(value=True), "metrics[0].values[0]: given True", "a number from 0"),
    (regular("egress", "GB/month", -1), "metrics[0].values[0]: given -1", "a number of at least 0"),
    (regular(period=0), "metrics[0].period: given 0", "from 1 to 86400"),
    (regular(period=90_000), "metrics[0].period: given 90000", "from 1 to 86400"),
    (regular(**{"from": "yesterday"}), "metrics[0].from: given 'yesterday'", "ISO 8601"),
    (regular(**{"from": "2026-11-26T18:00:00"}), "may be any time zone's", "with a time zone"),
    (regular(**{"from": "2026-11-27T18:00:00Z"}), "17:00:00Z, which is in the future", "up to 2026-12-01"),
    (regular(**{"from": "2026-11-25T18:00:00Z"}), "24 hours before", "export it again"),
    (regular(values=[40] * 24, **{"from": "2026-11-30T18:00:00Z"}), "on 1 of the last 3 days", "2 of them at least"),
    (regular(values=[None] * 48), "no value of database-cpu that is not null", "leave the metric out"),
    (regular(values=[]), "metrics[0].values: given no list of numbers", "a number for each period"),
    (regular(statistic="maximum"), "metrics[0].statistic: given 'maximum'", "average for database-cpu"),
    (regular(perod=60), "metrics[0].perod: given 'perod'", "did you mean period?"),
    (regular(values=None), "metrics[0]: given from, period", "series and period; or from, period and values"),
    (regular(period=None, series=[]), "metrics[0]: given from, series, values", "series and period"),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "given", "allowed"), REFUSED, ids=[given for _, given, _ in REFUSED])
def test_a_mistake_is_told_with_what_is_allowed(tmp_path: Path, metric: Any, given: str, allowed: str) -> None:
    said = told(tmp_path, metric)
    assert len(said.splitlines()) == 1
    assert said.startswith("m.json: metrics[0]")
    assert given in said
    assert allowed in said.partition("allowed: ")[2]


def test_a_statistic_needs_its_name_and_its_period(tmp_path: Path) -> None:
    base = {"name": "database-cpu", "unit": "percent", "from": START, "to": "2026-12-01T18:00:00Z", "value": 75}
    assert "given no statistic; allowed: average" in told(tmp_path, base)
    assert "given 'p95'; allowed: average for database-cpu: another one does not say" in told(
        tmp_path, {**base, "statistic": "p95"}
    )
    backwards = {**base, "statistic": "average", "to": "2026-11-20T00:00:00Z"}
    assert "which is not after 2026-11-26T18:00:00Z" in told(tmp_path, backwards)


def test_order_and_doubles_are_looked_at(tmp_path: Path) -> None:
    times = hours(24 * DAYS)

    def of(pairs: list[Any]) -> dict[str, Any]:
        return {"name": "database-cpu", "unit": "percent", "period": 3600, "series": pairs}

    pairs = [[time, 40] for time in times]
    assert "database-cpu twice at 2026-11-26T19:00:00Z" in told(tmp_path, of([*pairs[:2], *pairs[1:]]))
    assert "at 2026-11-26T18:00:00Z after 2026-11-26T19:00:00Z" in told(tmp_path, of([pairs[1], pairs[0], *pairs[2:]]))
    assert "periods that do not overlap" in told(tmp_path, {**of(pairs), "period": 7200})
    assert "metrics[0].series[1]: given 7" in told(tmp_path, of([pairs[0], 7]))
    # The same metric twice.
    assert "at 2026-11-26T18:00:00Z after 2026-12-01T17:00:00Z" in told(tmp_path, regular(), regular())


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    said = told(tmp_path, regular(value=-1), regular("egress", "TB"), regular("reqests", "requests/minute"))
    assert [line.partition(":")[2].split(".")[0].strip() for line in said.splitlines()] == [
        "metrics[0]", "metrics[1]", "metrics[2]",
    ]  # fmt: skip


def test_of_very_many_the_first_are_told(tmp_path: Path) -> None:
    said = told(tmp_path, *[{"name": f"x{index}"} for index in range(50)])
    assert said.endswith("m.json: 30 more like these")


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"name": "database-cpu", "unit": "percent", "expected": 90}, "only load can be planned: requests"),
        ({"name": "requests", "unit": "requests/minute", "expected": -1}, "a number of at least 0"),
        ({"name": "requests", "unit": "requests/minute", "expected": 5, "period": 60}, "a plan has not been measured"),
    ],
)
def test_what_cannot_be_planned(tmp_path: Path, plan: Any, words: str) -> None:
    assert words in told(tmp_path, plan)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "given no JSON"),
        ("[]", "given no list of metrics"),
        ('{"metrics": [1]}', "given no list of metrics"),
        ('{"metrics": []}', "metrics: given none; allowed: at least one of requests"),
        ('{"metrics": [], "stage": 4}', "stage: given 'stage'; allowed: metrics alone"),
        ("[" * 100_000, "given no JSON"),
        ('{"metrics": [' + "1" * 5000 + "]}", "given no JSON"),
    ],
)
def test_what_is_no_such_json(tmp_path: Path, text: str, words: str) -> None:
    assert words in told(tmp_path, text=text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: given nothing; allowed: the columns name,unit,period,time,value"),
        ("name,unit,period,time,value\n" + "x" * 200_000, "line 1: given no CSV (field larger"),
        ("x" * 200_000, "line 1: given no CSV (field larger"),
        ("name,value\nx,1\n", "line 1: given name,value"),
        ("name,unit,period,time,value\ndatabase-cpu,percent\n", "line 2: given another number of fields"),
        ("name,unit,period,time,value\ndatabase-cpu,percent,60,noon,1\n", "line 2.series[0]: given 'noon'"),
        ("name,unit,period,time,value\ndatabase-cpu,percent,60,2026-12-01T17:00:00Z,1_0\n", "given '1_0' percent"),
        ("name,unit,period,time,value\ndatabase-cpu,percent,a,2026-12-01T17:00:00Z,1\n", "period: given 'a'"),
    ],
)
def test_what_is_no_such_csv(tmp_path: Path, text: str, words: str) -> None:
    assert words in told(tmp_path, text=text, name="m.csv")


def test_what_is_no_file_of_metrics(tmp_path: Path) -> None:
    assert "a name that ends with '.xlsx'" in told(tmp_path, text="", name="m.xlsx")
    with pytest.raises(AscentError, match="cannot be read"):
        read(tmp_path / "none.json", NOW)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AscentError, match="bytes that are no text"):
        read(tmp_path / "binary.json", NOW)


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    twice = '{"metrics": [{"name": "requests", "name": "errors"}]}'
    assert "the key 'name' twice in one object; keep one" in told(tmp_path, text=twice)
