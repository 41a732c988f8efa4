"""Loads from files and shapes, moments and assumptions: what is read, and what is refused in which words."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from ops.errors import AscentError
from ops.simulate.assumptions import Assumptions, assumed, rows
from ops.simulate.moments import moment, second_of, span
from ops.simulate.shapes import SHAPES, made
from ops.simulate.traffic import read
from ops.stackfile import ROOT


def _file(folder: Path, text: str) -> Path:
    path = folder / "load.csv"
    path.write_text(text)
    return path


def test_a_rate_holds_until_the_next_row(tmp_path: Path) -> None:
    found = read(_file(tmp_path, "time,requests_per_second\n100,2\n130,4\n160,8\n"))
    assert found.name == "load.csv"
    assert found.rates.tolist() == [2.0] * 30 + [4.0] * 30 + [8.0] * 60  # the last one to the end of the minute


def test_times_may_be_dates(tmp_path: Path) -> None:
    text = "time,requests_per_second\n2026-11-27T09:00:00Z,1\n2026-11-27T09:01:00Z,2\n"
    assert read(_file(tmp_path, text)).rates.tolist() == [1.0] * 60 + [2.0] * 60


def test_dates_without_a_zone_are_the_same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # In Berlin, clocks go back an hour between these two rows.
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        text = "time,requests_per_second\n2026-10-25T02:59:00,1\n2026-10-25T03:00:00,2\n"
        assert len(read(_file(tmp_path, text)).rates) == 120
        text = "time,requests_per_second\n2026-10-25T02:59:00+02:00,1\n2026-10-25T01:00:00,2\n"
        assert len(read(_file(tmp_path, text)).rates) == 120
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_long_file_takes_little_more_memory_than_its_numbers(tmp_path: Path) -> None:
    rows = 100_000
    path = _file(tmp_path, "time,requests_per_second\n" + "".join(f"{at},5\n" for at in range(rows)))
    tracemalloc.start()
    try:
        read(path)
        # Four arrays of eight bytes a row, and what they take while they grow. As lists of text, it was 250.
        assert tracemalloc.get_traced_memory()[1] < rows * 80
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("trace", sorted((ROOT / "examples/traces").glob("*.csv")), ids=lambda path: path.name)
def test_the_examples_can_be_read(trace: Path) -> None:
    assert read(trace).rates.max() > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "load.csv: row 1: given ''; the columns are time,requests_per_second"),
        ("when,rate\n", "load.csv: row 1: given 'when,rate'; the columns are time,requests_per_second"),
        ("time,requests_per_second\n", "load.csv: has no rows below its columns; give at least one"),
        ("time,requests_per_second\n0\n", "load.csv: row 2: given 1 columns; a row has two, time,requests_per_second"),
        ("time,requests_per_second\n0,1\nsoon,1\n", "load.csv: row 3, column time: given 'soon'; it should be seconds"),
        ("time,requests_per_second\n0,1\n0,1\n", "load.csv: row 3, column time: given '0'; it should be at least a"),
        ("time,requests_per_second\n0,nan\n", "load.csv: row 2, column requests_per_second: given 'nan'; it should be"),
        ("time,requests_per_second\n0,-1\n", "load.csv: row 2, column requests_per_second: given '-1'; it should be a"),
        ("time,requests_per_second\n0,1\n\n9,x\n", "load.csv: row 4, column requests_per_second: given 'x'; it should"),
        (
            "time,requests_per_second\n0,1\n99999999,1\n",
            "load.csv: row 3, column time: given '99999999', too long",
        ),
        ("time,requests_per_second\n0,1\n4000000,1\n", "load.csv: 8000000 seconds, as the last row holds as long as"),
        (
            "time,requests_per_second\n-1e308,1\n1e308,1\n",
            "load.csv: row 3, column time: given '1e308', too long",
        ),
        ("time,requests_per_second\n1e308,1\n-1e308,1\n", "load.csv: row 3, column time: given '-1e308'; it should be"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AscentError) as refused:
        read(_file(tmp_path, text))
    assert str(refused.value).startswith(said)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(AscentError, match=r"nowhere\.csv: cannot be read: No such file or directory; give a CSV file"):
        read(tmp_path / "nowhere.csv")
    (tmp_path / "load.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AscentError, match=r"load\.csv: is no CSV in UTF-8"):
        read(tmp_path / "load.csv")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_never_above_its_users_and_comes_near_them(shape: str) -> None:
    rates = made(shape, 3000, days=2).rates
    assert len(rates) == 2 * 86_400
    assert 0.95 * 100 < rates.max() <= 100  # two requests a minute each
    assert made(shape, 3000, days=2).rates.tolist() == rates.tolist()


@pytest.mark.parametrize(
    ("text", "second"),
    [("90m", 5400), ("6h", 21_600), ("2d", 172_800), ("45s", 45), ("16:00", 57_600), ("1:02:03", 3723)],
)
def test_moments(text: str, second: int) -> None:
    assert second_of(text, "--lose-zone", 200_000) == second


@pytest.mark.parametrize("text", ["noon", "-1h", "5", "12:99", "", "3h30m"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(AscentError, match=r"--lose-zone: given .*write a time from the start, such as 90m"):
        second_of(text, "--lose-zone", 100)


def test_a_moment_after_the_end() -> None:
    with pytest.raises(AscentError, match=r"--lose-zone: given '2h'; the traffic ends after 1 h, so give an earlier"):
        second_of("2h", "--lose-zone", 3600)


def test_moments_in_words() -> None:
    assert [moment(0), moment(57_603), moment(90_000)] == ["00:00:00", "16:00:03", "day 2, 01:00:00"]
    assert [span(0), span(90), span(5400), span(2_592_000)] == ["0 s", "1 min 30 s", "1 h 30 min", "30 d"]


def test_a_number_of_ones_own_takes_the_place_of_an_assumption() -> None:
    found = assumed(["cpu-ms=20", "boot-seconds=95", "write-share=0"])
    assert (found.cpu_ms, found.boot_seconds, found.write_share) == (20, 95, 0)
    assert found.queries == Assumptions().queries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cpu=20", "--assume: given 'cpu=20'; write KEY=NUMBER, with one of cpu-ms, queries"),
        ("cpu-ms", "--assume: given 'cpu-ms'; write KEY=NUMBER"),
        ("cpu-ms=0", "--assume: cpu-ms: given '0'; it should be a number above 0 to 10000"),
        ("cpu-ms=quick", "--assume: cpu-ms: given 'quick'; it should be a number"),
        ("cpu-ms=nan", "--assume: cpu-ms: given 'nan'; it should be a number"),
        ("write-share=1.5", "--assume: write-share: given '1.5'; it should be a number from 0 to 1"),
        ("boot-seconds=1.5", "--assume: boot-seconds: given '1.5'; it should be a whole number from 0 to 3600"),
        ("acu-doubling-seconds=0", "--assume: acu-doubling-seconds: given '0'; it should be a whole number above 0"),
    ],
)
def test_what_is_wrong_with_an_assumption(text: str, said: str) -> None:
    with pytest.raises(AscentError) as refused:
        assumed([text])
    assert str(refused.value).startswith(said)


def test_every_assumption_has_a_unit_a_reason_and_a_value_that_it_may_have() -> None:
    for row in rows(Assumptions()):
        assert row.unit
        assert len(row.source) > 20, row.key
        assert row.takes(row.value), row.key
