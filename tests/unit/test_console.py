"""`ops/documents/console.py`: a command of a document that ends otherwise than expected says why."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ops.documents.console import said

WRONG = "import sys; print('a line'); sys.exit('the file is not there')"


def test_what_a_command_said_is_seen_where_it_ends_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(subprocess.CalledProcessError, match="exit status 1"):
        said(sys.executable, "-c", WRONG)
    assert capsys.readouterr().err == "the file is not there\n"


def test_lines_of_a_command_that_ends_as_expected() -> None:
    assert said(sys.executable, "-c", WRONG, codes=(0, 1)) == ["a line"]
