"""The README says what is true."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ops import shown, stackfile
from ops.engine.render import render
from ops.readme import PARTS, README, generated
from ops.stack_picture import picture
from ops.stackfile import ROOT

TEXT = README.read_text()


def test_generated_parts_are_up_to_date() -> None:
    assert generated(TEXT) == TEXT, "run: .venv/bin/python -m ops.readme"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_without_a_place_is_an_error(part: str) -> None:
    with pytest.raises(ValueError, match=part):
        generated(TEXT.replace(f"<!-- generated: {part} -->", ""))


def test_the_picture_is_of_todays_stack() -> None:
    settings = stackfile.settings(shown.STACK, shown.STAGE)
    resources = render(settings, shown.STACK).resources
    alarm = next(one for one in resources if one.type == "aws:cloudwatch/metricAlarm:MetricAlarm")
    assert picture(settings, resources) == shown.PICTURE.read_text(), "run: .venv/bin/python -m ops.readme"
    assert picture(settings, [one for one in resources if one != alarm]) != shown.PICTURE.read_text()


def test_the_update_that_it_shows_is_todays() -> None:
    resources = render(stackfile.settings(shown.STACK, shown.STAGE), shown.STACK).resources
    made = [one for one in resources if one.custom and not one.type.startswith("pulumi:providers:")]
    kinds = Counter(one.type.split(":")[0] for one in made)
    said = TEXT.partition("<!-- generated: up -->")[2].partition("<!-- end -->")[0]
    assert f"{len(made)} resources, {len(made)} created" in said, "run: .venv/bin/python -m ops.shown"
    # The engine counts components, providers and the stack itself.
    assert f"+ {len(resources) + 1} created" in said, "run: .venv/bin/python -m ops.shown"
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
    named = set(re.findall(r"make ([a-z]+)", TEXT))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"up", "test"} <= named <= targets
