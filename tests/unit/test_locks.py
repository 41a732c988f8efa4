"""What is locked twice is locked alike, and no lock holds an address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ops.stackfile import ROOT

PLACES = ("", "database/", "tools/*/")
LOCKS = [lock for place in PLACES for lock in sorted(ROOT.glob(f"{place}requirements.txt"))]


def _pins(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z][\w.\[\]-]*)==(\S+)", (ROOT / file).read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("suffix", [".in", ".txt"])
def test_the_jobs_image_has_the_projects_own_versions(suffix: str) -> None:
    job, project = _pins(f"database/requirements{suffix}"), _pins(f"requirements{suffix}")
    assert len(job) >= 5
    assert {name: project.get(name) for name in job} == job


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


@pytest.mark.parametrize("lock", sorted(ROOT.glob("tools/*/Cargo.lock")), ids=lambda lock: str(lock.relative_to(ROOT)))
def test_a_lock_of_crates_has_checksums_and_no_registry(lock: Path) -> None:
    assert "://" not in lock.read_text()
    crates = tomllib.loads(lock.read_text())["package"]
    assert [one["name"] for one in crates if "checksum" not in one] == ["ascent-wirefilter"]
    assert len(crates) > 1
