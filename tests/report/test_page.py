"""The page and its facts, without a browser: complete, the same each time, and with nothing secret in it."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.alarms.model import Kind, Severity
from infra.stages import STAGES
from ops import cli
from ops.report import words
from ops.report.alarms import AREAS, COMPOSITE, METRIC, alarms
from ops.report.data import data
from ops.report.facts import facts
from ops.report.moves import moves
from ops.report.objectives import objectives
from ops.report.page import page
from ops.report.regions import regions
from ops.report.sizes import sizes
from tests.report.stacks import WHY, stack

SECTIONS = [
    "architecture", "sizes", "capacity", "connections", "cost", "moves", "data", "regions", "objectives", "alarms",
]  # fmt: skip
PLANTED = "hunter2-planted"
# Every key of a stack's file that takes a secret, and values beside them that are not for everybody.
SECRETS: dict[str, Any] = {
    "appSecrets": {"SESSION_KEY": f"{PLANTED}-app"},
    "externalDatabase": {
        "directUrl": f"postgresql://user:{PLANTED}-direct@db.example.com/app",
        "pooledUrl": f"postgresql://user:{PLANTED}-pooled@db.example.com/app",
    },
    "externalCache": {"url": f"rediss://:{PLANTED}-cache@cache.example.com:6379"},
    "application": {"environment": {"API_TOKEN": f"{PLANTED}-environment"}},
}


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and the ids that links lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("runtime", ["ec2", "kubernetes", "both"])
@pytest.mark.parametrize("stage", STAGES)
def test_it_is_one_file_that_asks_for_nothing(stage: int, runtime: str) -> None:
    text = page(stack(stage, runtime))
    tags = Tags(text).tags
    kinds = {tag for tag, _ in tags}
    assert not kinds & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|javascript:", text)
    assert len(text.encode()) < 200_000
    ids = [str(attributes["id"]) for _, attributes in tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if one in SECTIONS] == SECTIONS
    led = {str(attributes["href"])[1:] for tag, attributes in tags if tag == "a" and str(attributes["href"])[0] == "#"}
    assert led == {*SECTIONS, "main"}


def test_the_same_stack_gives_the_same_bytes_and_a_date_is_there_if_it_is_given() -> None:
    found = stack(5)
    assert page(found) == page(found)
    assert "2026-12-01" not in page(found).replace("prices of", "")
    assert page(found, day="2026-12-01").count("2026-12-01") == 2


def test_nothing_secret_is_in_it() -> None:
    found = stack(6, **SECRETS)
    assert PLANTED in str(found.here.settings.application), "what is planted is there"
    text = page(found)
    assert PLANTED not in text
    assert "SESSION_KEY" not in text
    assert "db.example.com" not in text


def test_what_people_write_is_text_and_never_markup() -> None:
    evil = '"><script>alert(1)</script>@example.com'
    found = stack(2, unrendered={"alerts": {"critical": [evil], "procedures": 'https://a.example.com/"><b>x</b>'}})
    text = page(found)
    assert "<script" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_every_alarm_of_the_stack_is_counted_once() -> None:
    for stage, runtime in ((1, "kubernetes"), (7, "both")):
        here = stack(stage, runtime).here
        found = alarms(here.settings, here.plan.resources)
        types = Counter(one.type for one in here.plan.resources)
        assert sum(row.count for area in found.areas for row in area.rows) + found.burning == types[METRIC]
        burning = [one for one in here.plan.resources if one.type == METRIC and "Slo" in str(one.parent)]
        assert found.burning == len(burning)
        assert sum(found.composites.values()) == types[COMPOSITE]
        acting = [one for one in here.plan.resources if one.type == METRIC and one.inputs["alarmActions"]]
        told = found.count(Severity.CRITICAL) + found.count(Severity.WARNING)
        assert told == len(acting) + types[COMPOSITE]


def test_every_kind_of_alarm_is_in_one_area() -> None:
    assert Counter(kind for kinds in AREAS.values() for kind in kinds) == Counter(Kind)


def test_who_is_told_and_that_somebody_is_not() -> None:
    here = stack(3, unrendered={"alerts": {"critical": ["on-call@example.com"]}}).here
    critical, warning = alarms(here.settings, here.plan.resources).told
    assert (critical.severity, critical.addresses, critical.nobody) == ("critical", ("on-call@example.com",), False)
    assert warning.nobody


def test_budgets_of_the_objectives() -> None:
    here = stack(4).here
    found = {one.name: one for one in objectives(here.settings, here.plan.resources)}
    # The SRE Workbook's chapter 5: 99.9 % leaves 0.1 %, and pages at 2 % within an hour and 5 % within six.
    assert (found["Availability"].target, found["Availability"].budget) == ("99.9 %", "0.1 %")
    assert [(one.share, one.within, one.page) for one in found["Availability"].burns] == [
        (2, "1 h", True), (5, "6 h", True), (10, "1 day", False), (10, "3 days", False),
    ]  # fmt: skip
    # 0.05 % of 30 days of 1,440 minutes: 21.6 minutes.
    assert found["Uptime"].budget == "21 min 36 s"
    assert len(found) == 4


def test_sizes_say_whose_they_are() -> None:
    found = {one.what: one for one in sizes(stack(4, unrendered={"fleet": {"maximum": 12}}).here.settings)}
    assert (found["Instances"].least, found["Instances"].most, found["Instances"].own) == (3, 12, True)
    assert (found["Readers"].most, found["Readers"].own) == (4, False)
    assert "Cache" not in found


def test_what_a_lost_region_loses_depends_on_where_copies_are() -> None:
    def lost(stage: int, **changes: Any) -> tuple[str, bool]:
        here = stack(stage, unrendered=changes).here
        (one,) = (one for one in data(here.settings, here.plan.resources).losses if "region" in one.event)
        return one.lost, one.severe

    # docs/restore.md, "Which one": a day with copies, else all, below stage 7; docs/failover.md: seconds from there on.
    assert lost(4)[0].startswith("all of it: backups of 35 days")
    assert lost(4)[1]
    assert "last daily copy" in lost(4, backup={"region": "eu-west-1"})[0]
    assert lost(7) == (
        "about 1 second of writes; objects of the last 15 minutes, and those from before stage 7 until ascent backfill "
        "has copied them",
        False,
    )


def test_an_unprotected_stack_says_so() -> None:
    here = stack(1, protect=False).here
    assert data(here.settings, here.plan.resources).protected == 0
    assert "None of them is protected" in page(stack(1, protect=False))
    kept = stack(1).here
    assert (found := data(kept.settings, kept.plan.resources)).protected == found.originals > 20
    assert "all of them are protected" in page(stack(1))


def test_regions_have_their_parts() -> None:
    here = stack(7).here
    found = regions(here.settings, here.cost)
    assert [one.roles for one in found] == [
        "home, takes the writes",
        "standby for the writes",
        "standby for the writes",
    ]
    assert sum(one.month or 0 for one in found) == pytest.approx(here.cost.expected, rel=0.01)
    below = stack(4).here
    assert [one.used for one in regions(below.settings, below.cost)] == [True, False, False]


def test_the_way_on_and_back() -> None:
    found = facts("prod", 4)
    on, back = moves(found)
    assert ((on.up, on.to.number), (back.up, back.to.number)) == ((True, 5), (False, 3))
    # The numbers of README.md's move are those of the sandbox's stack, which has the same shape.
    assert [on.count(op) for op in ("update", "delete", "create", "replace")] == [11, 4, 24, 0]
    assert on.clear
    assert back.clear
    assert on.adds == ["proxied DNS", "edge rules"]
    assert back.adds == ["readers", "zonal egress", "warm pool"]
    assert on.bill is not None
    assert back.bill is not None
    assert on.bill.rise > 0 > back.bill.rise
    text = page(found)
    assert "ascent transition 4 5 --stack prod" in text
    assert "nothing that holds data is lost" in text


def test_a_stage_that_the_stack_cannot_be_at_says_why() -> None:
    text = page(stack(4))
    assert text.count(WHY) == 2
    assert "not with this file" in text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(5, "5 min"), (60, "1 h"), (90, "1 h 30 min"), (1440, "1 day"), (4320, "3 days"), (43.2, "43 min 12 s")],
)
def test_durations(minutes: float, text: str) -> None:
    assert words.long(minutes) == text


def test_amounts() -> None:
    assert [words.dollars(one) for one in (3482.4, 0.2, -0.3, 1e6)] == ["$3,482", "$0", "$0", "$1,000,000"]
    assert words.signed(832) == "+$832"
    assert words.signed(-1694) == "\N{MINUS SIGN}$1,694"
    assert [words.number(one) for one in (0.5, 12, 10_000, 2_000_000)] == ["0.5", "12", "10,000", "2,000,000"]
    panel = "Response time p95, milliseconds"
    assert words.measured(panel, "above", 3000, 3000) == "Response time p95: above 3,000 milliseconds"
    assert words.measured("Free, bytes", "below", 2**30, 2**31) == "Free: below 1 to 2 GiB"
    assert words.measured("Volume, bytes", "above", 96 * 2**40) == "Volume: above 96 TiB"
    assert words.measured("Errors, percent of requests", "above", 5) == "Errors: above 5 % of requests"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["report", *arguments], env={"NO_COLOR": "1"})


def test_the_command_writes_the_page_and_the_drawing(tmp_path: Path) -> None:
    out, drawing = tmp_path / "a.html", tmp_path / "a.svg"
    result = _run("--stack", "prod", "--stage", "4", "--out", str(out), "--drawing", str(drawing))
    assert result.exit_code == 0, result.output
    assert out.read_text() == page(facts("prod", 4))
    assert drawing.read_text().startswith("<svg ")
    assert {one.name for one in tmp_path.iterdir()} == {"a.html", "a.svg"}
    assert _run("--stack", "prod", "--stage", "4", "--out", "-").stdout == out.read_text()
    told = json.loads(_run("--stack", "prod", "--stage", "4", "--out", str(out), "--json").stdout)
    assert told == {"stack": "prod", "stage": 4, "files": [{"file": str(out), "bytes": len(out.read_bytes())}]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--stack", "nobody"), "there is no such file"),
        (("--stage", "8"), "--stage"),
        (("--date", "1 December"), "it should be a day such as 2026-12-01"),
        (("--date", "2026-02-30"), "it should be a day such as 2026-12-01"),
        (("--out", "-", "--json"), "standard output takes one of the two"),
        (("--out", "no-such-folder/a.html"), "there is no folder no-such-folder"),
        (("--out", "."), "--out: given '.', which is a folder; it should be a file in it, such as report.html"),
        (("--out", ""), "--out: given ''; it should be the name of a file, such as report.html"),
        (("--drawing", "-"), "--drawing: given '-'; it should be a file: standard output is for --out alone"),
        (("--out", "a.html", "--drawing", "./a.html"), "which is the file of --out; name another file"),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_written(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    kept, link, pipe = tmp_path / "kept.html", tmp_path / "link.html", tmp_path / "pipe.svg"
    link.symlink_to(kept.name)
    os.mkfifo(pipe)
    # Linux opens a pipe for both without waiting, and it holds 64 KiB (pipe(7), Pipe capacity): a drawing has less.
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        result = _run("--stack", "prod", "--stage", "4", "--out", str(link), "--drawing", str(pipe))
        assert result.exit_code == 0, result.output
        assert os.read(reader, 5) == b"<svg "
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert kept.read_text().startswith("<!doctype html>")
