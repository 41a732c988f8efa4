"""Several regions under the real engine: they come at once, one is lost, comes back, and all leave at once."""

from __future__ import annotations

from pathlib import Path

from ops.failover.left import left
from ops.failover.plan import around
from sandbox.commands.engine import Result, Sandbox
from sandbox.provider.outage import VARIABLE
from tests.engine.test_walk import agrees, lost, replaced
from tests.engine.world import brought_up

HOME, OTHER = "us-east-1", "eu-west-1"
FAILED_OVER = {"writer": OTHER, "unreachable": HOME}


def changed(result: Result) -> dict[str, str]:
    """What a run did, by type and name, without what stayed as it is."""
    return {
        f"{step.type} {step.name}": step.op for step in result.steps if step.real and step.op not in ("same", "read")
    }


def undone(box: Sandbox) -> list[str]:
    """What the update of a failover has left, of what the new writer needs."""
    seen = box.run("preview", *around(box.stack, HOME)[1:], stage=7, config=FAILED_OVER)
    assert seen.ok, seen.output
    return left(seen.steps, [HOME])


def test_a_lost_region_is_asked_nothing_not_even_who_the_credentials_are_of(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 7)
    box.environment[VARIABLE] = OTHER
    assert any("sts.eu-west-1.amazonaws.com did not answer" in error for error in box.preview(7).errors)
    without = box.run(
        "up", "--yes", "--skip-preview", *around(box.stack, OTHER), stage=7, config={"unreachable": OTHER}
    )
    assert without.ok, without.output
    steered = {
        "aws:cloudwatch/dashboard:Dashboard sandbox-use1-overview": "update",
        "cloudflare:index/loadBalancerPool:LoadBalancerPool sandbox-euw1": "update",
    }
    assert changed(without) == steered
    del box.environment[VARIABLE]
    back = box.up(7)
    assert back.ok, back.output
    assert changed(back) == steered


def test_regions_come_at_once_and_a_lost_one_is_left_alone_and_comes_back(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 1)
    jumped = box.up(7)
    assert jumped.ok, jumped.output
    assert (replaced(jumped), lost(jumped)) == ([], [])
    assert agrees(jumped, 1, 7)

    away = around(box.stack, HOME)
    # With it goes what is changed there for all regions: nothing waits for IAM.
    box.environment[VARIABLE] = HOME
    # The one thing that the instances of the new writer wait for, among all that may fail and can wait.
    box.environment["ASCENT_SANDBOX_FAIL"] = "create:aws:secretsmanager/secretVersion:SecretVersion:1"
    cut = box.run("up", "--yes", "--skip-preview", *away, stage=7, config=FAILED_OVER)
    assert not cut.ok
    del box.environment["ASCENT_SANDBOX_FAIL"]
    assert any("sandbox-euw1" in one for one in undone(box))
    over = box.run("up", "--yes", "--skip-preview", *away, stage=7, config=FAILED_OVER)
    assert over.ok, over.output
    assert undone(box) == []
    del box.environment[VARIABLE]
    assert "aws:secretsmanager/secretVersion:SecretVersion sandbox-euw1-app" in changed(over)
    done = changed(cut) | changed(over)
    assert [what for what in done if "sandbox-use1" in what and what.startswith(("aws:", "kubernetes:"))] == []
    for what in (
        "aws:secretsmanager/secretVersion:SecretVersion sandbox-euw1-app",
        "aws:autoscaling/group:Group sandbox-euw1-workers",
        "cloudflare:index/loadBalancer:LoadBalancer sandbox-use1-traffic",
        "cloudflare:index/loadBalancerPool:LoadBalancerPool sandbox-use1",
    ):
        assert what in done
    assert (replaced(over), lost(over)) == ([], [])

    back = box.up(7, writer=OTHER)
    assert back.ok, back.output
    assert (replaced(back), lost(back)) == ([], [])
    assert "aws:secretsmanager/secretVersion:SecretVersion sandbox-use1-app" in changed(back)

    moved = box.preview(7, regions=[OTHER, HOME])
    assert not moved.ok
    assert "the home of this stack is us-east-1" in moved.output
    assert "Traceback" not in moved.output

    failed_back = box.up(7, writer=HOME)
    assert failed_back.ok, failed_back.output
    assert (replaced(failed_back), lost(failed_back)) == ([], [])
    # Six stages down at once.
    left = box.up(1)
    assert left.ok, left.output
    assert (replaced(left), lost(left)) == ([], [])
    assert agrees(left, 7, 1)
