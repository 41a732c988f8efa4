"""Changes to a stack's file: the rollout changes, and not a byte of the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from infra.config.models.rollout import Rollout, Strategy
from infra.config.problems import SettingsError
from ops import stackfile as files
from ops.rollout import state_machine
from ops.rollout.stackfile import StackFile, plain
from ops.stackedit import FileBusyError
from ops.stackedit import edited as edited_key

NEW = "registry.example.com/app:2.0.0"
TEXT = """\
# Head.
config:
  ascent:stage:   1   # odd spaces stay
  ascent:regions: [us-east-1]
  ascent:runtime: ec2
  ascent:network: {cidr: 10.0.0.0/11}
  ascent:domain: {name: app.example.com, dns: route53, zoneId: Z00000000000000000000}

  # Before the rollout.
  ascent:rollout:
    # What runs.
    blue: {image: "registry.example.com/app:1.0.0", weight: 100}  # the old one
    # End of the block.

  # Before the next key.
  ascent:protect: false
  ascent:fleet:
      minimum: 1
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackFile:
    monkeypatch.setattr(files, "ROOT", tmp_path)
    (tmp_path / "Pulumi.test.yaml").write_text(TEXT)
    (tmp_path / "Pulumi.test.yaml").chmod(0o640)
    return StackFile("test")


def edited(text: str, rollout: Rollout, name: str) -> str:
    return edited_key(text, "rollout", plain(rollout), name)


def moved(rollout: Rollout) -> Rollout:
    return state_machine.start(rollout, Strategy.CANARY, NEW, datetime(2026, 11, 25, tzinfo=UTC))


def test_only_the_rollout_changes_and_every_comment_stays(stack: StackFile, tmp_path: Path) -> None:
    old = stack.rollout()
    with stack.held():
        stack.write(old, moved(old))
    text = (tmp_path / "Pulumi.test.yaml").read_text()
    added = set(text.splitlines()) - set(TEXT.splitlines())
    assert not set(TEXT.splitlines()) - set(text.splitlines())
    assert f"    green: {{image: {NEW}, weight: 0}}" in added
    assert all(line.startswith("    ") for line in added)
    assert stack.rollout() == moved(old)
    assert [path.name for path in tmp_path.iterdir()] == ["Pulumi.test.yaml"]
    assert (tmp_path / "Pulumi.test.yaml").stat().st_mode & 0o777 == 0o640


def test_there_and_back_is_the_same_text(stack: StackFile) -> None:
    old = stack.rollout()
    assert edited(edited(TEXT, moved(old), "x"), old, "x") == TEXT


@pytest.mark.parametrize("name", files.names())
def test_every_shipped_file_can_be_edited(name: str) -> None:
    text = (files.ROOT / f"Pulumi.{name}.yaml").read_text()
    old = files.settings(name).rollout
    assert edited(text, old, name) == text
    new = old.model_copy(update={"green": old.green.model_copy(update={"image": NEW})})
    changed = yaml.safe_load(edited(text, new, name))["config"]
    assert changed.pop("ascent:rollout") == plain(new)
    before = yaml.safe_load(text)["config"]
    del before["ascent:rollout"]
    assert changed == before


def test_one_line_and_last_key_can_be_edited_too() -> None:
    text = 'config:\n  "ascent:rollout": {blue: {image: a:1, weight: 100}}\nother: 1\n'
    old = Rollout.model_validate({"blue": {"image": "a:1", "weight": 100}})
    new = edited(text, moved(old), "x")
    assert yaml.safe_load(new)["config"]["ascent:rollout"] == plain(moved(old))
    assert new.endswith("}\nother: 1\n")


@pytest.mark.parametrize("text", ["config: {ascent:rollout: {}}\n", "x: &a 1\nconfig:\n  ascent:rollout: {blue: *a}\n"])
def test_what_cannot_be_edited_in_place_is_said(text: str) -> None:
    with pytest.raises(SettingsError, match=r"Pulumi\.x\.yaml: ascent:rollout"):
        edited(text, Rollout.model_validate({"blue": {"image": "a:1", "weight": 100}}), "Pulumi.x.yaml")


def test_nothing_is_written_that_is_not_allowed(stack: StackFile, tmp_path: Path) -> None:
    old = stack.rollout()
    broken = old.model_copy(update={"blue": old.blue.model_copy(update={"weight": 90})})
    with stack.held(), pytest.raises(SettingsError, match=r"90 \+ 0 = 90"):
        stack.write(old, broken)
    assert (tmp_path / "Pulumi.test.yaml").read_text() == TEXT


def test_a_change_by_somebody_else_is_not_overwritten(stack: StackFile, tmp_path: Path) -> None:
    old = stack.rollout()
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(TEXT.replace("app:1.0.0", "app:1.0.1"))
    with stack.held(), pytest.raises(SettingsError, match="changed by another command"):
        stack.write(old, moved(old))
    # Elsewhere in the file they may change what they like.
    file.write_text(TEXT.replace("minimum: 1", "minimum: 2"))
    with stack.held():
        stack.write(old, moved(old))
    assert "minimum: 2" in file.read_text()


def test_two_at_a_time_are_one_too_many_also_after_a_write(stack: StackFile) -> None:
    old = stack.rollout()
    with stack.held():
        with pytest.raises(FileBusyError), StackFile("test").held():
            pass
        stack.write(old, moved(old))
        with pytest.raises(FileBusyError), StackFile("test").held():
            pass
    with StackFile("test").held():
        pass


def test_nothing_is_begun_where_the_file_cannot_be_changed(
    stack: StackFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Modes say nothing to root, who may be running this.
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path or not mode & os.W_OK)
    with pytest.raises(SettingsError, match=r"Pulumi\.test\.yaml cannot be changed: .* is read-only"), stack.held():
        pass


def test_what_a_killed_one_left_half_written_is_cleared_away(stack: StackFile, tmp_path: Path) -> None:
    half = tmp_path / ".ascent-Pulumi.test.yaml.abc"
    half.write_text("config:")
    with stack.held():
        assert not half.exists()


def test_a_link_stays_one(stack: StackFile, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    (tmp_path / "Pulumi.test.yaml").rename(real)
    (tmp_path / "Pulumi.test.yaml").symlink_to(real)
    file = StackFile("test")
    old = file.rollout()
    with file.held():
        file.write(old, moved(old))
    assert (tmp_path / "Pulumi.test.yaml").is_symlink()
    assert NEW in real.read_text()
    assert stack.rollout() == moved(old)


def test_help_and_start_up_load_neither_engine_nor_cloud_sdk() -> None:
    code = "import sys, ops.commands.rollout; print([one for one in ('pulumi', 'boto3') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=files.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
