"""Every byte of a chart counts: an edited file is an update of the release."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from charts import digest as module
from charts.digest import digest
from charts.values import CHARTS
from tests.unit.runtime import built, of_type

RELEASE = "kubernetes:helm.sh/v3:Release"
NAMES = ("pgbouncer", "redis")


@pytest.mark.parametrize("chart", NAMES)
def test_a_changed_byte_and_another_name_are_another_chart(
    chart: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(CHARTS / chart, tmp_path / chart)
    monkeypatch.setattr(module, "CHARTS", tmp_path)
    known, seen = digest(chart), set()
    files = [path for path in (tmp_path / chart).rglob("*") if path.is_file()]
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        seen.add(digest(chart))
        path.write_bytes(content)
        path.rename(path.with_suffix(".other"))
        seen.add(digest(chart))
        path.with_suffix(".other").rename(path)
    assert len(seen - {known}) == 2 * len(files)
    assert digest(chart) == known


def test_a_release_says_which_files_it_is_of() -> None:
    """The provider compares a release's inputs: without this, an edited chart would be none."""
    pods = built(stage=6, runtime="kubernetes", cache={"inCluster": True})
    releases = of_type(pods, RELEASE)
    said = {one.inputs["name"]: one.inputs["description"] for one in releases.values()}
    assert said == {name: f"Files {digest(name)}" for name in NAMES}
