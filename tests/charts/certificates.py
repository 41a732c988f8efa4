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


def chained(into: Path, names: str) -> Path:
    """As RDS shows them: tls.crt has the certificate for `names` and what lies between, root.crt the root alone."""
    signed = into / "signed"
    self_signed(into)
    signed.mkdir()
    for name, signer, extensions in (
        ("between", into / "tls", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign"),
        ("leaf", signed / "between", f"subjectAltName={names}"),
    ):
        wish, extra = signed / f"{name}.csr", signed / f"{name}.cnf"
        extra.write_text(extensions)
        for command in (
            [
                "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", f"{signed / name}.key", "-out", f"{wish}", "-subj", f"/CN={name}",
            ],
            [
                "openssl", "x509", "-req", "-in", f"{wish}", "-CA", f"{signer}.crt", "-CAkey", f"{signer}.key",
                "-CAcreateserial", "-days", "2", "-extfile", f"{extra}", "-out", f"{signed / name}.crt",
            ],
        ):  # fmt: skip
            subprocess.run(command, check=True, capture_output=True)
    (into / "root.crt").write_bytes((into / "tls.crt").read_bytes())
    (into / "tls.crt").write_bytes((signed / "leaf.crt").read_bytes() + (signed / "between.crt").read_bytes())
    (into / "tls.key").write_bytes((signed / "leaf.key").read_bytes())
    return into
