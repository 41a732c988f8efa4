"""`make upgrade-providers`: which versions it takes, what it writes, and how it tells what they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import upgrade
from scripts.say import ProblemError
from tests.upgrade import statements

TEXT = "# A comment\npulumi==3.258.0\npulumi-aws==7.51.1\nboto3==1.44.8\nrich==15.0.0\n"


@pytest.mark.parametrize(
    "given", ["pulumi-aws", "pulumi-aws>=7", "rich==15.0.1", "pulumi==3.259.0", "pulumi-aws==", "=="]
)
def test_what_cannot_be_upgraded_is_refused_with_what_can(given: str) -> None:
    with pytest.raises(ProblemError, match=r"it takes NAME==VERSION, where NAME is one of: pulumi-aws, "):
        upgrade.asked(given)


def test_only_the_pins_that_were_asked_for_change() -> None:
    assert upgrade.pinned(TEXT) == {"pulumi-aws": "7.51.1", "boto3": "1.44.8"}
    assert upgrade.repinned(TEXT, {"pulumi-aws": "7.52.0"}) == TEXT.replace("7.51.1", "7.52.0")


def test_every_package_is_pinned_here() -> None:
    assert set(upgrade.pinned(upgrade.REQUIREMENTS.read_text())) == set(upgrade.PACKAGES)


def test_a_difference_stands_beside_what_it_replaces() -> None:
    before = ["a input x: string", "b is replaced on y", "c default of z: 1"]
    after = ["a input x: string", "b is replaced on w", "c default of z: 2"]
    assert upgrade.differences(before, after) == [
        "+ b is replaced on w",
        "- b is replaced on y",
        "- c default of z: 1",
        "+ c default of z: 2",
    ]


def test_the_statements_are_about_inputs_outputs_replacement_defaults_and_what_is_refused() -> None:
    said = statements()
    for one in (
        'aws:rds/cluster:Cluster input engine: "string", required',
        'aws:rds/cluster:Cluster output endpoint: "string"',
        "AWS::RDS::DBCluster is replaced on DBClusterIdentifier",
        'aws:rds/cluster:Cluster backupRetentionPeriod: {"range": [1, 35]}',
    ):
        assert one in said
    assert any(" default of " in one for one in said)


def test_a_version_that_is_not_to_be_had_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "requirements.in"
    file.write_text(TEXT)
    monkeypatch.setattr(upgrade, "REQUIREMENTS", file)
    monkeypatch.setattr(upgrade, "_statements", list)

    def refused() -> None:
        assert "pulumi-aws==99.0.0" in file.read_text()
        raise ProblemError("Could not compile requirements.txt")

    monkeypatch.setattr(upgrade, "lock_all", refused)
    with pytest.raises(ProblemError, match="Could not compile"):
        upgrade.upgrade(["pulumi-aws==99.0.0"])
    assert file.read_text() == TEXT


def test_what_is_pinned_already_is_nothing_newer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(upgrade, "_statements", lambda: pytest.fail("nothing is to be compared"))
    pins = upgrade.pinned(upgrade.REQUIREMENTS.read_text())
    upgrade.upgrade([f"{name}=={version}" for name, version in pins.items()])
    assert "There is nothing newer." in capsys.readouterr().err
