"""A toolchain directory, a cache and a PATH that belong to one test."""

from pathlib import Path

import pytest

from scripts import engine, release


@pytest.fixture
def toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set-up works in here: nothing of this machine's is found, and the official release is out of reach."""
    home = tmp_path / "tool chain"
    monkeypatch.setattr(engine, "TOOLCHAIN", home)
    monkeypatch.setattr(engine, "BIN", home / "bin")
    monkeypatch.setattr(engine, "FOUND", home / "found.json")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    def unreachable(version: str, into: Path) -> None:
        raise release.ReleaseUnavailableError(f"no network in tests for {version} in {into.name}")

    monkeypatch.setattr(engine, "fetch_release", unreachable)
    return home
