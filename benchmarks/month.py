"""A month of seconds over a stack, by `ascent simulate` and by a plain loop over the seconds."""

from __future__ import annotations

from benchmarks.simulated import plainly
from benchmarks.timing import Ratio, against
from infra.config.models.runtime import Runtime
from infra.stages import STAGES
from ops.simulate.assumptions import Assumptions
from ops.simulate.serving import LossTimes
from ops.simulate.shapes import BUSIEST, made
from ops.simulate.simulation import simulate
from ops.simulate.stack import of_file

DAYS, STAGE, STACK = 30, 4, "prod"
PART = 3600  # seconds that the plain loop takes, from the busiest on: a month of it would take a minute


def measure(times: int) -> Ratio:
    """The plain loop against the simulation of the same month; the loop by the time that it takes for each second."""
    stack = of_file(STACK, STAGE, Runtime.EC2)
    traffic = made("daily", STAGES[STAGE].users, DAYS)
    part = traffic.rates[BUSIEST : BUSIEST + PART].tolist()
    found = against(
        f"{DAYS} days of seconds at stage {STAGE} in a plain loop, by {PART} of them",
        lambda: plainly(stack, part, Assumptions(), LossTimes()),
        "ascent simulate",
        lambda: simulate(stack, traffic, Assumptions(), LossTimes()),
        times,
    )
    return Ratio(found.name, found.floor_name, found.seconds * traffic.seconds / PART, found.floor)
