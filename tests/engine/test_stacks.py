"""The shipped stacks under the real engine, and what it agrees on with the offline render."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra.stages import STAGES
from ops import new_stack, stackfile
from ops.config_file import read
from ops.engine.render import render
from ops.new_stack import Answers
from sandbox.commands.engine import QUICK, Sandbox
from sandbox.commands.environ import shell_exports
from tests.engine.world import quick
from tests.unit.test_application import SHOP


@pytest.mark.parametrize("stack", stackfile.names())
def test_every_shipped_stack_previews_unchanged(tmp_path: Path, stack: str) -> None:
    file = stackfile.ROOT / f"Pulumi.{stack}.yaml"
    before = file.read_bytes()
    result = Sandbox(tmp_path, stack, environment=dict(QUICK)).preview()
    assert result.ok, result.output
    assert result.changes["create"] > 50
    assert file.read_bytes() == before


def test_the_file_of_a_new_stack_previews(tmp_path: Path) -> None:
    given = Answers(
        stack="shop",
        domain="shop.example.org",
        dns="route53",
        zone_id="Z0123456789ABCDEFGHIJ",
        zone=None,
        certificate_arn=None,
        regions=("eu-central-1",),
        stage=1,
        runtime="ec2",
        image="ghcr.io/acme/shop:1.0.0",
        cidr=None,
        api_cidrs=(),
        account=None,
        alerts=("a@example.org",),
    )
    file = tmp_path / "Pulumi.shop.yaml"
    file.write_text(new_stack.text(given, new_stack.network(given.regions, new_stack.taken())))
    config = read(file, stackfile.PROJECT)["config"]
    own = {key.removeprefix("ascent:"): value for key, value in config.items()}
    result = quick(tmp_path / "box").preview(**own)
    assert result.ok, result.output
    assert result.changes["create"] > 200
    assert "sandbox-euc1" in result.output


@pytest.mark.parametrize(("stage", "runtime"), [(4, "ec2"), (7, "kubernetes")])
def test_another_application_than_the_runbooks_previews(tmp_path: Path, stage: int, runtime: str) -> None:
    result = quick(tmp_path).preview(stage, application=SHOP, runtime=runtime)
    assert result.ok, result.output
    for name in ("sandbox-use1-store-covers", "sandbox-use1-jobs-invoices", "nightly"):
        assert name in result.output
    assert "store-avatars" not in result.output


def test_the_engine_and_the_offline_render_agree_on_every_resource(tmp_path: Path) -> None:
    # Of the other stages, test_walk.py compares each with the one before it.
    stage = max(STAGES)
    result = quick(tmp_path).preview(stage)
    assert result.ok, result.output
    engines = {step.urn for step in result.steps if step.type != "pulumi:pulumi:Stack" and "::default" not in step.urn}
    plan = render(stackfile.settings("sandbox", stage), "sandbox")
    assert {one.urn for one in plan.resources} == engines


# Shipped stacks preview the other runtimes at lower stages.
@pytest.mark.parametrize("runtime", ["kubernetes", "both"])
def test_every_runtime_previews_at_the_last_stage(tmp_path: Path, runtime: str) -> None:
    result = quick(tmp_path).preview(max(STAGES), runtime=runtime)
    assert result.ok, result.output


def test_plain_pulumi_previews_without_a_wrapper(tmp_path: Path) -> None:
    box = Sandbox(tmp_path)
    box.install()
    file = stackfile.ROOT / "Pulumi.sandbox.yaml"
    before = file.read_bytes()
    script = f"{shell_exports(box.layout, box.stack)}\npulumi preview --non-interactive --color never"
    done = subprocess.run(["bash", "-c", script], cwd=stackfile.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "to create" in done.stdout
    assert file.read_bytes() == before


def test_the_repositories_can_be_made_before_anything_needs_an_image(tmp_path: Path) -> None:
    """As docs/first-account.md says: an image cannot be pushed before its repository is there."""
    box = quick(tmp_path)
    target = ("--target", "**ascent:infra:Repositories**")
    first = box.run("up", "--yes", "--skip-preview", *target, config={"registry": {"repositories": ["app"]}})
    assert first.ok, first.output
    made = {one["type"] for one in box.resources() if one["custom"] and "providers" not in one["type"]}
    assert made == {"aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"}
    whole = box.up(1, registry={"repositories": ["app"]})
    assert whole.ok, whole.output
