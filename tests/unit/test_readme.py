"""The README says what is true."""

from __future__ import annotations

import re
from collections import Counter

from ops import stackfile
from ops.documents import readme, stack_picture
from ops.drawing.picture import picture
from ops.engine.render import render
from ops.stackfile import ROOT

STACK = stack_picture.STACK
TEXT = readme.DOCUMENT.path.read_text()


def test_the_picture_counts_what_it_is_given() -> None:
    settings = stackfile.settings(STACK, readme.STAGE)
    resources = render(settings, STACK).resources
    alarm = next(one for one in resources if one.type == "aws:cloudwatch/metricAlarm:MetricAlarm")
    fewer = [one for one in resources if one != alarm]
    assert picture(settings, resources) != picture(settings, fewer)


def test_the_update_that_it_shows_is_todays() -> None:
    resources = render(stackfile.settings(STACK, readme.STAGE), STACK).resources
    made = [one for one in resources if one.custom and not one.type.startswith("pulumi:providers:")]
    kinds = Counter(one.type.split(":")[0] for one in made)
    said = TEXT.partition("<!-- generated: up -->")[2].partition("<!-- end -->")[0]
    assert f"{len(made)} resources, {len(made)} created" in said, "run: .venv/bin/python -m ops.documents.update"
    # The engine counts components, providers and the stack itself.
    assert f"+ {len(resources) + 1} created" in said, "run: .venv/bin/python -m ops.documents.update"
    assert {name: int(count) for name, count in re.findall(r"^  ([a-z]+) +(\d+) ", said, flags=re.MULTILINE)} == kinds


def test_every_dependency_is_explained() -> None:
    wanted = re.findall(r"^([a-z][a-z0-9.-]*)", (ROOT / "requirements.in").read_text(), flags=re.MULTILINE)
    assert len(wanted) > 10
    assert [name for name in wanted if f"`{name}`" not in TEXT] == []


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_it_names_exists() -> None:
    named = set(re.findall(r"make ([a-z][a-z-]*)", TEXT))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"up", "test"} <= named <= targets
