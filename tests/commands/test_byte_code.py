"""Byte code is written whole or not at all, whatever the disk does."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import byte_code
from scripts.places import ROOT

# A file may have 4 KB: as on a disk that fills up, the rest of a write is cut off.
LIMITED = """\
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
sys.path.insert(0, {home!r})
if {kept_whole}:
    runpy.run_path({ours!r})
import large
print(large.LAST)
"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A module whose byte code is longer than that."""
    lines = [f"value_{number} = 'text number {number}'" for number in range(1000)]
    (tmp_path / "large.py").write_text("\n".join([*lines, "LAST = value_999", ""]))
    return tmp_path


def importing(home: Path, *, kept_whole: bool) -> subprocess.CompletedProcess[str]:
    code = LIMITED.format(home=str(home), kept_whole=kept_whole, ours=str(ROOT / "scripts" / "byte_code.py"))
    # Without site, which would run the environment's own copy; and without the variables that turn byte code off.
    return subprocess.run([sys.executable, "-E", "-S", "-c", code], capture_output=True, text=True, check=False)


def test_a_module_is_imported_again_after_a_disk_was_full(large: Path) -> None:
    for _ in range(2):
        done = importing(large, kept_whole=True)
        assert done.stdout == "text number 999\n", done.stderr
    assert list(large.glob("__pycache__/*")) == []


@pytest.mark.skipif(byte_code.FIXED, reason="this Python has no such fault")
def test_without_it_this_python_keeps_half(large: Path) -> None:
    assert importing(large, kept_whole=False).returncode == 0
    assert "marshal data too short" in importing(large, kept_whole=False).stderr


@pytest.mark.skipif(byte_code.FIXED, reason="this Python has no such fault")
def test_each_python_of_the_environment_has_it() -> None:
    code = "import sys; print(sys.modules['_frozen_importlib_external']._write_atomic.__module__)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "ascent_byte_code"
