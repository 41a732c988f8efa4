"""docs/advise.md says what the command does."""

from __future__ import annotations

import json
import re

import pytest

from ops.advise.judge import judge
from ops.advise.measures import MEASURES
from ops.advise.model import Direction
from ops.advise.reading import KEYS, read
from ops.errors import AscentError
from ops.stackfile import ROOT
from tests.advise import scenarios
from tests.advise.test_scenarios import AT

TEXT = (ROOT / "docs" / "advise.md").read_text()
# File, stage, answer: the table of the examples.
ROWS = re.findall(r"^\| (`[^|]+) \| (\w+) \| ([^|]+) \|$", TEXT, flags=re.MULTILINE)
ANSWERS = [(name, stage, answer) for files, stage, answer in ROWS for name in re.findall(r"`(\S+)`", files)]


def test_the_table_has_every_example() -> None:
    assert {name for name, _, _ in ANSWERS} == {scenarios.file(name) for name in scenarios.SCENARIOS}


@pytest.mark.parametrize(("name", "stage", "answer"), ANSWERS)
def test_an_answer_of_the_table_is_the_commands(name: str, stage: str, answer: str) -> None:
    path = scenarios.FOLDER / name
    if answer.startswith("refused"):
        with pytest.raises(AscentError):
            read(path, AT)
        return
    found = judge(read(path, AT), 3 if stage == "any" else int(stage), AT)
    if found.direction is Direction.STAY:
        assert answer.startswith("nothing to do" if found.fine else "no stage")
        assert ("procedures" in answer) == bool(found.incidents)
    else:
        assert answer.startswith(f"stage {found.recommended}")


def test_the_forms_of_the_document_have_names_units_and_keys_that_there_are() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, flags=re.DOTALL)
    metrics = json.loads(block)["metrics"]
    assert len(metrics) == 4
    for one in metrics:
        assert one["unit"] == MEASURES[one["name"]].unit
        assert set(one) <= KEYS


def test_lines_are_those_of_a_reader() -> None:
    """The document's own words: no line that a narrow window breaks twice."""
    own = re.sub(r"<!-- generated.*?<!-- end -->|```.*?```|^\|.*?$|^!\[.*?$", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert [line for line in own.splitlines() if len(line) > 150] == []
