"""The generated config file: the shipped choices, none of the shipped secrets, and the shipped file left alone."""

from pathlib import Path

import pytest
import yaml

from sandbox.commands.layout import Layout
from sandbox.commands.stackfile import (
    PLACEHOLDER_CIPHERTEXT,
    SALT,
    for_sandbox,
    read_stack_file,
    shipped_stage,
    write_config,
)
from scripts.say import ProblemError

PROD = """\
# The production stack
secretsprovider: awskms://alias/pulumi?region=us-east-1
encryptedkey: AQICAHh0b3RhbGx5LXJlYWw=
environment: [team/prod]
config:
  ascent:stage: 5   # where we are
  ascent:domain: {name: app.example.com}
  ascent:token: {secure: "v1:real:ciphertext"}
  ascent:clusters:
    - name: ours
      kubeconfig:
        secure: v1:also:real
  aws:region: us-east-1
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A project with a production stack, in a directory with a space in its name."""
    project = tmp_path / "a project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: ascent\nruntime: python\n")
    (project / "Pulumi.prod.yaml").write_text(PROD)
    return Layout(project / ".sandbox", project)


def test_secrets_and_provider_are_replaced(layout: Layout) -> None:
    text = write_config(layout, "prod", {"stage": 7, "protect": False}).read_text()
    data = yaml.safe_load(text)
    assert set(data) == {"encryptionsalt", "config"}
    assert data["encryptionsalt"] == SALT
    config = data["config"]
    assert config["ascent:stage"] == 7
    assert config["ascent:protect"] is False
    assert config["ascent:token"] == {"secure": PLACEHOLDER_CIPHERTEXT}
    assert config["ascent:clusters"] == [{"name": "ours", "kubeconfig": {"secure": PLACEHOLDER_CIPHERTEXT}}]
    assert config["ascent:domain"] == {"name": "app.example.com"}
    assert config["aws:region"] == "us-east-1"
    assert "real" not in text


def test_the_shipped_file_is_not_touched(layout: Layout) -> None:
    file = layout.project / "Pulumi.prod.yaml"
    before = file.stat()
    write_config(layout, "prod", {"stage": 1})
    assert file.read_text() == PROD
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert sorted(path.name for path in layout.project.iterdir()) == [".sandbox", "Pulumi.prod.yaml", "Pulumi.yaml"]


def test_the_shipped_stage_is_kept_when_none_is_given(layout: Layout) -> None:
    assert yaml.safe_load(write_config(layout, "prod", {}).read_text())["config"]["ascent:stage"] == 5
    assert shipped_stage(layout, "prod") == 5


def test_secrets_encrypted_for_the_sandbox_are_kept() -> None:
    config = {"ascent:token": {"secure": "v1:ours:x"}}
    assert for_sandbox({"encryptionsalt": SALT, "config": config}, {})["config"] == config
    elsewhere = for_sandbox({"encryptionsalt": "v1:another:salt", "config": config}, {})
    assert elsewhere["config"]["ascent:token"] == {"secure": PLACEHOLDER_CIPHERTEXT}


@pytest.mark.parametrize("text", ["", "config:\n", "# nothing yet\n"])
def test_an_empty_stack_file_is_fine(layout: Layout, text: str) -> None:
    (layout.project / "Pulumi.prod.yaml").write_text(text)
    assert yaml.safe_load(write_config(layout, "prod", {"stage": 2}).read_text())["config"] == {"ascent:stage": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: [", "Pulumi.prod.yaml is not valid YAML"),
        ("- a list\n", "is not a stack's config file"),
        ("config: 5\n", "is not a stack's config file"),
    ],
)
def test_a_broken_stack_file_is_one_message(layout: Layout, text: str, message: str) -> None:
    (layout.project / "Pulumi.prod.yaml").write_text(text)
    with pytest.raises(ProblemError, match=message) as problem:
        write_config(layout, "prod", {})
    assert "\n" not in str(problem.value)
    assert not layout.config("prod").exists()


def test_every_stack_that_ships_can_be_read() -> None:
    root = Layout(Path("unused")).project
    files = sorted(root.glob("Pulumi.?*.yaml"))
    assert files
    for file in files:
        assert isinstance(read_stack_file(file, "ascent"), dict)
