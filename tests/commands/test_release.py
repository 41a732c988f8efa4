"""The vendor's release is used only when it is what its published checksum says."""

import hashlib
import io
import socket
import tarfile
import urllib.request
from pathlib import Path

import pytest

from scripts import engine, release
from scripts.release import ReleaseUnavailableError, fetch_release
from scripts.say import ProblemError

NAME = "pulumi-v9-linux-x64.tar.gz"
FILES = {
    "pulumi/pulumi": b"#!/bin/sh\necho v9\n",
    "pulumi/pulumi-language-python": b"#!/bin/sh\n",
    "pulumi/pulumi-language-python-exec": b"#!/bin/sh\n",
    "pulumi/README": b"not a program",
    "../../pulumi-evil": b"wants to be elsewhere",
}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that stands for the vendor's site, with a release and its checksums."""
    site = tmp_path / "site"
    site.mkdir()
    with tarfile.open(site / NAME, "w:gz") as tar:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("pulumi/pulumi-link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    digest = hashlib.sha256((site / NAME).read_bytes()).hexdigest()
    (site / "checksums.txt").write_text(f"{'0' * 64}  another.tar.gz\n{digest}  {NAME}\n")
    monkeypatch.setattr(release, "archive_url", lambda _version: (site / NAME).as_uri())
    monkeypatch.setattr(release, "CHECKSUMS", (f"{site.as_uri()}/missing", f"{site.as_uri()}/checksums.txt"))
    monkeypatch.setattr(release, "_reachable", lambda _url: None)
    return site


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty directory to install into."""
    directory = tmp_path / "into" / "bin"
    directory.mkdir(parents=True)
    return directory


@pytest.mark.usefixtures("published")
def test_a_release_that_matches_is_unpacked(into: Path, tmp_path: Path) -> None:
    fetch_release("9", into)
    assert engine.complete(into)
    assert sorted(path.name for path in into.iterdir()) == [
        "pulumi",
        "pulumi-evil",  # flat, like everything else: it does not choose where it lands
        "pulumi-language-python",
        "pulumi-language-python-exec",
    ]
    assert not list(tmp_path.glob("pulumi-evil"))


def test_a_release_that_does_not_match_is_refused(published: Path, into: Path) -> None:
    (published / NAME).write_bytes(b"something else")
    with pytest.raises(ProblemError, match="does not match its published checksum"):
        fetch_release("9", into)
    assert list(into.iterdir()) == []


def test_a_release_that_cannot_be_checked_is_not_used(published: Path, into: Path) -> None:
    (published / "checksums.txt").write_text("nothing of use\n")
    with pytest.raises(ReleaseUnavailableError, match="not used unverified"):
        fetch_release("9", into)
    assert list(into.iterdir()) == []


def test_a_download_that_breaks_off_leaves_nothing(published: Path, into: Path) -> None:
    (published / NAME).unlink()
    with pytest.raises(ReleaseUnavailableError, match="the download failed"):
        fetch_release("9", into)
    assert list(into.iterdir()) == []


def test_no_network_is_noticed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(urllib.request, "getproxies", dict)
    with pytest.raises(ReleaseUnavailableError, match=r"get\.pulumi\.com cannot be reached \(no route to host\)"):
        release._reachable("https://get.pulumi.com/releases/x")
