"""Findings with one cause are told once, with all their members; what goes is told by name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops import cli
from ops.console import console
from ops.guard.causes import grouped
from ops.guard.comment import comment
from ops.guard.record import record
from tests.guard import small
from tests.guard.previews import judged
from tests.guard.small import CLUSTER, step, urn


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a terminal of this width, whatever the console was made on."""
    monkeypatch.setattr(console, "_width", 160)


def replaced(name: str, path: str, *sources: str) -> small.Raw:
    """A cluster that is replaced because of a property, which comes from others."""
    comes = {"propertyDependencies": {re.split(r"[.\[]", path)[0]: [urn(CLUSTER, one) for one in sources]}}
    return step("replace", CLUSTER, name, diff={path: "update-replace"}, comes=comes)


CHAIN = small.document(
    replaced("root", "engine"),
    *(replaced(f"leaf-{index}", "sourceIds[0]", "root") for index in range(30)),
    *(replaced(f"twig-{index}", "sourceIds[0]", f"leaf-{index}") for index in range(20)),
    replaced("alone", "engine"),
)


def test_one_replacement_that_forces_fifty_others_is_one_group() -> None:
    verdict = judged(CHAIN)
    assert len(verdict.findings) == 52
    caused, alone = grouped(verdict.findings, verdict.preview.steps)
    assert caused.cause is not None
    assert caused.cause.name == caused.first.name == "root"
    assert len(caused.findings) == 51
    assert [one.name for one in alone.findings] == ["alone"]
    first, second = record(verdict, "live")["groups"]
    assert (first["what"], first["cause"], len(first["urns"])) == ("data-replaced", urn(CLUSTER, "root"), 51)
    assert (second["cause"], second["urns"]) == (None, [urn(CLUSTER, "alone")])


def test_the_comment_has_a_line_for_the_cause_and_all_members_below_it() -> None:
    lines = comment(judged(CHAIN), "live").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("<summary>What stops it (52)"))
    heads = [line for line in lines[start:] if line.startswith("- **data-replaced**")]
    assert len(heads) == 2
    assert heads[0].startswith("- **data-replaced** (critical) 51 resources, as Cluster root is replaced `engine`: it")
    members = lines[lines.index(heads[0]) + 1 : lines.index(heads[1])]
    names = ["root", *(f"leaf-{index}" for index in range(30)), *(f"twig-{index}" for index in range(20))]
    assert sorted(members) == sorted(f"  - `Cluster {name}`" for name in names)


def test_people_see_a_row_for_a_cause_and_not_fifty(tmp_path: Path) -> None:
    file = tmp_path / "preview.json"
    file.write_text(json.dumps(CHAIN))
    done = CliRunner().invoke(cli.app, ["guard", str(file)], env={"NO_COLOR": "1"})
    assert done.exit_code == 1
    assert done.stdout.count("data-replaced  ") == 2
    assert "51 resources, as Cluster root is replaced" in done.stdout
    assert "... and 43 more: --json" in done.stdout
    assert done.stdout.count("- {what: data-replaced") == 20
    assert "  # ... and 32 more: --json" in done.stdout


def test_the_same_words_are_one_group_and_others_are_not() -> None:
    def untagged(name: str, comes: dict[str, object]) -> small.Raw:
        return step("delete", CLUSTER, name, was=comes)

    whole = small.document(
        *(untagged(f"db-{index}", {}) for index in range(54)), untagged("kept", {"retainOnDelete": True})
    )
    verdict = judged(whole)
    groups = grouped(verdict.findings, verdict.preview.steps)
    assert [(len(one.findings), one.cause) for one in groups] == [(54, None), (1, None)]
    assert "stay at the cloud" in groups[1].first.message


def test_what_is_deleted_and_replaced_is_named_and_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "preview.json"
    steps = [replaced("db", "engine"), *(step("delete", small.BUCKET, f"store-{index}") for index in range(7))]
    file.write_text(json.dumps(small.document(*steps)))
    said = CliRunner().invoke(cli.app, ["guard", str(file)], env={"NO_COLOR": "1"}).stdout.splitlines()
    named = ", ".join(f"Bucket store-{index}" for index in range(5))
    assert f"Deleted: {named} and 2 more" in said
    assert "Replaced: Cluster db" in said
    text = comment(judged(small.document(*steps)), "live")
    assert "- **Replaced**: Cluster db\n" in text
    everything = text[text.index("<summary>All changes (8)") :]
    assert [line.split()[1] for line in everything.splitlines() if line.startswith("- ")] == ["delete"] * 7 + [
        "replace"
    ]


def test_a_circle_of_replacements_ends() -> None:
    verdict = judged(small.document(replaced("one", "engine", "two"), replaced("two", "engine", "one")))
    assert sum(len(one.findings) for one in grouped(verdict.findings, verdict.preview.steps)) == 2
