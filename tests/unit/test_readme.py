"""The README says what is true."""

from __future__ import annotations

import re

import pytest

from ops.readme import PARTS, README, generated
from ops.stackfile import ROOT

TEXT = README.read_text()


def test_generated_parts_are_up_to_date() -> None:
    assert generated(TEXT) == TEXT, "run: .venv/bin/python -m ops.readme"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_without_a_place_is_an_error(part: str) -> None:
    with pytest.raises(ValueError, match=part):
        generated(TEXT.replace(f"<!-- generated: {part} -->", ""))


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
