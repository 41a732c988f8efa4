"""Tables in docs/ that are made from code say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops import stackfile
from ops.documents import __main__ as command
from ops.documents import alarms, simulate, update
from ops.documents.index import DOCUMENTS
from ops.documents.model import Document, generated
from ops.documents.picture import Picture
from ops.engine.render import render
from ops.stackfile import ROOT

TEXTS = [one for one in DOCUMENTS if isinstance(one, Document)]
PICTURES = [one for one in DOCUMENTS if not isinstance(one, Document)]
# test_alarms_doc.py renders three stages instead of all, and simulate/test_fit.py fits one.
RENDERED = [one for one in TEXTS if one.renders and one not in (alarms.DOCUMENT, simulate.DOCUMENT)]


@pytest.mark.parametrize("document", RENDERED, ids=lambda one: one.file)
def test_what_takes_a_render_is_up_to_date(document: Document) -> None:
    text = document.path.read_text()
    assert generated(text, document.renders, document.file) == text, "run: make docs"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda one: one.file)
def test_a_picture_is_up_to_date(picture: Picture) -> None:
    assert picture.path.read_text() == picture.fresh(renders=True), "run: make docs"


def test_every_generated_part_is_made_by_its_document() -> None:
    """One that nothing makes would stay as it is for good."""
    places = {
        (str(path.relative_to(ROOT)), name)
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.*")]
        if path.suffix != ".png"
        for name in re.findall(r"^<!-- generated: (\S+) -->$", path.read_text(), flags=re.MULTILINE)
    }
    made = {(one.file, name) for one in TEXTS for name in (*one.tables, *one.renders)}
    assert places == made | {("README.md", update.PART)}


def test_a_stale_table_is_named_with_what_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "stale.md"
    text = "<!-- generated: quick -->\n{}\n<!-- end -->\n<!-- generated: slow -->\n{}\n<!-- end -->\n"
    file.write_text(text.format("old", "old"))
    stale = Document(file=str(file), tables={"quick": lambda: "new"}, renders={"slow": lambda: r"a\b"})
    monkeypatch.setattr(command, "DOCUMENTS", (stale,))
    assert command.main(["--check"]) == 1
    assert capsys.readouterr().err == f"{file} is not up to date: run make docs\n"
    assert command.main([]) == 0
    assert file.read_text() == text.format("new", r"a\b")
    assert command.main(["--check"]) == 0


@pytest.mark.parametrize("places", [0, 2])
def test_a_part_without_one_place_is_an_error(places: int) -> None:
    with pytest.raises(ValueError, match=f"here.md should have one place for .* 'it', and has {places}"):
        generated("<!-- generated: it -->\n<!-- end -->\n" * places, {"it": str}, "here.md")


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


@pytest.mark.parametrize(
    "name", ["adopting", "advise", "capacity", "cost", "first-account", "glossary", "simulate", "teardown"]
)
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
