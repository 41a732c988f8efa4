"""The real engine walks every stage up and down in the sandbox."""

from __future__ import annotations

from pathlib import Path

from catalog.data_loss import REWRITTEN
from catalog.engine_steps import EngineStep
from infra.stages import STAGES
from ops import stackfile
from ops.engine.render import RenderedStack, render
from ops.transition.differ import between
from ops.transition.engine_run import of_steps
from ops.transition.model import Op, Transition
from sandbox.commands.engine import Result
from tests.engine.world import existing, quick, scale_out

HOME = "us-east-1"
STEERING = "LoadBalancer sandbox-use1-traffic"
POOLS = ("LoadBalancerPool sandbox-use1", "LoadBalancerPool sandbox-euw1")
REMOTE = ("sandbox-euw1-blue",)
# Between them they have everything that any stage has.
QUIET = (4, 7)


def done(result: Result) -> Transition:
    """What a run did, or would do, whatever the stages."""
    return of_steps(0, 0, result.steps, {HOME})


def agrees(result: Result, came_from: int, to: int) -> bool:
    """Whether comparing renders of the two stages says what a run did, or would do."""
    return done(result).changes == between(plan(came_from), plan(to), {HOME}).changes


def lost(result: Result) -> list[str]:
    """What a run took away that nothing else holds."""
    return [one.urn for one in done(result).losses]


def plan(stage: int) -> RenderedStack:
    """The stack at a stage; at stage 0, nothing."""
    return render(stackfile.settings("sandbox", stage), "sandbox") if stage else RenderedStack(0, "sandbox", ())


def order(result: Result, op: str) -> dict[str, int]:
    """When a run came to do `op` to what, by type without its module and by name."""
    steps = enumerate(result.steps)
    return {f"{step.type.rpartition(':')[2]} {step.name}": at for at, step in steps if step.op == op and step.real}


def replaced(result: Result) -> list[str]:
    """What a run replaced, but for what changes no other way."""
    return [one.urn for one in done(result).changes if one.op is Op.REPLACE and one.type not in REWRITTEN]


OPEN, PROXIED = ("sandbox-use1-http", "sandbox-use1-https"), ("sandbox-use1-proxied-http", "sandbox-use1-proxied-https")


def dark(result: Result, coming: tuple[str, ...], going: tuple[str, ...]) -> list[str]:
    """What was done at the wrong time around the switch of the host's record between Cloudflare and the load balancer.

    Whoever the record sends visitors to is let in before it does, and whoever it sent them from is kept out after; the
    edge's rules are there before the first visitor comes by them, and until the last has left.
    """
    at = {(step.name, step.op): index for index, step in enumerate(result.steps) if step.real}
    switch = at["sandbox-use1-host", "update"]
    edge = [step for step in result.steps if step.real and _is_edge(step)]
    assert edge
    late = [name for name in coming if at[name, "create"] > switch]
    late += [step.name for step in edge if step.op == "create" and at[step.name, step.op] > switch]
    early = [name for name in going if at[name, "delete"] < switch]
    early += [step.name for step in edge if step.op == "delete" and at[step.name, step.op] < switch]
    return late + early


def _is_edge(step: EngineStep) -> bool:
    return step.name.startswith("sandbox-edge-") and not step.name.startswith("sandbox-edge-storage")


def test_every_stage_up_and_down_to_nothing(tmp_path: Path) -> None:
    box = quick(tmp_path)
    for stage in STAGES:
        scale_out(box)
        result = box.up(stage)
        assert result.ok, result.output
        assert (replaced(result), lost(result)) == ([], [])
        assert agrees(result, stage - 1, stage)
        if stage == 5:
            assert dark(result, coming=PROXIED, going=OPEN) == []
        assert box.outputs()["stage"] == stage
        if stage == max(STAGES):
            # Nobody is sent to a region before it can answer.
            came = order(result, "create")
            assert came[STEERING] > max(came[pool] for pool in POOLS) > max(came[f"Group {group}"] for group in REMOTE)
        if stage in QUIET:
            again = box.preview(stage)
            assert again.ok, again.output
            assert again.changes == {}, f"a second update at stage {stage} would change something"
    for stage in sorted(STAGES, reverse=True)[1:]:
        scale_out(box)
        result = box.up(stage)
        assert result.ok, result.output
        assert (replaced(result), lost(result)) == ([], [])
        assert agrees(result, stage + 1, stage)
        if stage == 4:
            assert dark(result, coming=OPEN, going=PROXIED) == []
        # Without the steering, the record below it answers: it is there all the time.
        assert "DnsRecord sandbox-use1-host" not in order(result, "delete")
        if stage == max(STAGES) - 1:
            went = order(result, "delete")
            assert went[STEERING] < min(went[pool] for pool in POOLS)
            assert went["LoadBalancerPool sandbox-euw1"] < min(went[f"Group {group}"] for group in REMOTE)
    again = box.up(1)
    assert again.changes == {}
    gone = box.destroy()
    assert gone.ok, gone.output
    assert box.resources() == []
    assert existing(box) == []
