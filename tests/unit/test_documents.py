"""Tables in docs/ that are made from code say what the code says."""

from __future__ import annotations

import pytest

from ops.readme import generated
from ops.stackfile import ROOT
from tests.documents import DOCUMENTS


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_tables_are_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text()
    assert generated(text, DOCUMENTS[name], name) == text, "run: .venv/bin/python -m tests.documents"
