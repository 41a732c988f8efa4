"""Tables in docs/ that are made from code say what the code says."""

from __future__ import annotations

import re

import pytest

from ops import stackfile
from ops.engine.render import render
from ops.readme import generated
from ops.stackfile import ROOT
from tests.documents import DOCUMENTS


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_tables_are_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text()
    assert generated(text, DOCUMENTS[name], name) == text, "run: .venv/bin/python -m tests.documents"


IMPORT = re.compile(r"pulumi import ([a-z0-9-]+:[A-Za-z0-9/]+:[A-Za-z0-9]+) (\S+) ")
URN = re.compile(r"urn:pulumi:prod::[A-Za-z0-9:-]+")


@pytest.mark.parametrize("name", ["docs/adopting.md", "docs/first-account.md"])
def test_what_is_to_be_imported_has_that_name_in_the_program(name: str) -> None:
    text = (ROOT / name).read_text()
    resources = render(stackfile.settings("prod", 4), "prod").resources
    named = set(IMPORT.findall(text)) - {("aws:cloudwatch/logGroup:LogGroup", "NAME_IN_THE_PROGRAM")}
    urns = set(URN.findall(text))
    assert named
    assert urns
    assert named - {(one.type, one.name) for one in resources} == set()
    assert urns - {one.urn for one in resources} == set()


@pytest.mark.parametrize("name", ["adopting", "first-account", "teardown"])
def test_its_links_lead_to_files_and_headings(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", text)
    assert links
    for file, heading in links:
        there = (ROOT / "docs" / file).resolve() if file else ROOT / "docs" / f"{name}.md"
        assert there.exists(), file
        assert not heading or heading in _headings(there.read_text()), (file, heading)


def _headings(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
