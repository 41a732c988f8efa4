"""A certificate for loopback, made with the openssl command."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def self_signed(into: Path) -> Path:
    """A directory as a Secret with a certificate would be mounted: tls.crt, tls.key, and itself as the authority."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl on PATH to make a certificate with: install openssl")
    into.mkdir()
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", into / "tls.key", "-out", into / "tls.crt", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(into / "tls.crt", into / "ca.crt")
    return into
