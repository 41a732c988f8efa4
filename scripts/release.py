"""The vendor's own release of the engine, if the network allows it.

The repository pins the version but no checksum: the one that is published beside the release is fetched with it, over
TLS. A release that cannot be checked is not used.
"""

import hashlib
import platform
import shutil
import socket
import ssl
import sys
import tarfile
import threading
import urllib.request
from pathlib import Path

from scripts.say import ProblemError, progress

CONNECT_SECONDS = 5
STALL_SECONDS = 30
ARCHIVE = "https://get.pulumi.com/releases/sdk/pulumi-v{version}-{system}-{machine}.tar.gz"
CHECKSUMS = (
    "https://get.pulumi.com/releases/sdk/pulumi-{version}-checksums.txt",
    "https://github.com/pulumi/pulumi/releases/download/v{version}/pulumi-{version}-checksums.txt",
)
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ReleaseUnavailableError(Exception):
    """The release cannot be fetched. The text says why, as part of a sentence."""


def archive_url(version: str, system: str = sys.platform, machine: str = platform.machine()) -> str:
    """Where the release for this machine is."""
    known = MACHINES.get(machine.lower())
    if known is None or system not in ("linux", "darwin"):
        raise ReleaseUnavailableError(f"there is no release for {system} on {machine}")
    return ARCHIVE.format(version=version, system=system, machine=known)


def wanted_checksum(listing: str, name: str) -> str | None:
    """The SHA-256 that a checksum file gives for one file."""
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) == 2 and fields[1].lstrip("*./") == name and len(fields[0]) == 64:
            return fields[0].lower()
    return None


def fetch_release(version: str, into: Path) -> None:
    """Download, verify and unpack the release's programs into a directory."""
    url = archive_url(version)
    name = url.rsplit("/", 1)[1]
    _reachable(url)
    checksum = next((found for base in CHECKSUMS if (found := _checksum(base.format(version=version), name))), None)
    if checksum is None:
        raise ReleaseUnavailableError("its published checksums could not be fetched, and it is not used unverified")
    archive = into / name
    with progress(f"Downloading Pulumi {version}"):
        _download(url, archive)
    with archive.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != checksum:
        archive.unlink()
        raise ProblemError(
            f"The download of Pulumi {version} does not match its published checksum:\n"
            f"  {url}\n  expected {checksum}\n  got      {actual}\n"
            "Something between here and the vendor changes it. It was thrown away and nothing was installed."
        )
    _unpack(archive, into)
    archive.unlink()


def _reachable(url: str) -> None:
    """Check that the host answers soon. A name look-up has no timeout of its own, so a thread does it."""
    host = url.split("/")[2]
    if urllib.request.getproxies().get("https"):
        return
    answer: list[str] = []

    def knock() -> None:
        try:
            socket.create_connection((host, 443), timeout=CONNECT_SECONDS).close()
            answer.append("")
        except OSError as error:
            answer.append(f"{host} cannot be reached ({error.strerror or error})")

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    reason = answer[0] if answer else f"{host} did not answer within {CONNECT_SECONDS} s"
    if reason:
        raise ReleaseUnavailableError(reason)


def _checksum(url: str, name: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as response:  # noqa: S310 (a constant https address)
            return wanted_checksum(response.read(1_000_000).decode(errors="replace"), name)
    except (OSError, ssl.SSLError, ValueError):
        return None


def _download(url: str, to: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=STALL_SECONDS) as response, to.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(response, file)
    except (OSError, ssl.SSLError, ValueError) as error:
        to.unlink(missing_ok=True)
        raise ReleaseUnavailableError(f"the download failed ({error})") from error


def _unpack(archive: Path, into: Path) -> None:
    """Unpack only plain files named pulumi*, into one directory, so that an archive cannot choose other paths."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.rsplit("/", 1)[-1]
            source = tar.extractfile(member) if member.isfile() and name.startswith("pulumi") else None
            if source:
                with source, (into / name).open("wb") as file:
                    shutil.copyfileobj(source, file)
                (into / name).chmod(0o755)
