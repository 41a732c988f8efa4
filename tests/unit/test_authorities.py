"""The roots of Amazon RDS that the program carries."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra import authorities
from infra.authorities.__main__ import main
from infra.regions import REGIONS

KEYS = ("ECC384 G1", "RSA2048 G1", "RSA4096 G1")
TEN_YEARS = 10 * 365 * 24 * 3600


def openssl(certificate: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl on PATH to read certificates with: install openssl")
    return subprocess.run(
        ["openssl", "x509", "-noout", *arguments], input=certificate, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_has_its_own_roots_for_years_to_come(region: str) -> None:
    roots = re.findall(
        r"# (.*)\n(-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n)", authorities.rds(region)
    )
    assert [name for name, _ in roots] == [f"Amazon RDS {region} Root CA {key}" for key in KEYS]
    for name, root in roots:
        said = openssl(root, "-subject", "-issuer", "-nameopt", "multiline")
        subject, issuer = re.findall(r"commonName\s*= (.*)", said.stdout)
        assert subject == issuer == name
        assert openssl(root, "-checkend", str(TEN_YEARS)).returncode == 0


def test_the_file_is_written_from_a_bundle_of_all_regions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    openssl("")
    whole = authorities.BUNDLE.read_text()
    bundle, written = tmp_path / "global-bundle.pem", tmp_path / "rds.pem"
    monkeypatch.setattr("infra.authorities.__main__.BUNDLE", written)
    bundle.write_text("".join(reversed(re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", whole, re.DOTALL))))
    assert main(bundle) == 0
    assert written.read_text() == whole

    written.unlink()
    bundle.write_text(authorities.rds("us-east-1"))
    assert main(bundle) == 1
    assert "it has no root for us-east-2, us-west-2" in capsys.readouterr().err
    assert not written.exists()
