"""What the simulated time costs, of what grows and shrinks with the load. `ascent cost` has the rest of a stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.cost.prices import Prices
from ops.cost.rules.compute import AUTO_MODE_FEE, NODE_CPU, NODE_TYPES
from ops.cost.usage import HOURS
from ops.simulate.run import SimulatedRun
from ops.simulate.stack import SimulatedStack
from ops.simulate.traffic import HOUR


@dataclass(frozen=True, slots=True)
class SimulatedCost:
    """An item: what it is, how many hours of it, at which price an hour, in US dollars."""

    what: str
    hours: float
    price: float

    @property
    def usd(self) -> float:
        """What it costs."""
        return self.hours * self.price


def bill(run: SimulatedRun, prices: Prices) -> list[SimulatedCost]:
    """What a run costs, at the prices of the stack's first region.

    Raises:
        PriceError: where the table has no price of a type.
    """
    return [one for one in _items(run, prices) if one.hours]


def monthly(run: SimulatedRun, usd: float) -> float:
    """What a month costs that goes on like this."""
    return usd * HOURS * HOUR / run.traffic.seconds


def _items(run: SimulatedRun, prices: Prices) -> Iterator[SimulatedCost]:
    stack, hours = run.stack, {name: value / HOUR for name, value in run.totals.items()}
    if stack.fleet is not None:
        price = prices.price(f"ec2.{stack.fleet.type}", stack.region).usd
        yield SimulatedCost(f"{stack.fleet.type}, on demand", hours["instances"] - hours["spot"], price)
        off = prices.discounts["spot"].share
        yield SimulatedCost(f"{stack.fleet.type}, Spot", hours["spot"], price * (1 - off))
    if stack.pods is not None:
        yield _nodes(stack, hours["nodes"], prices)
    yield _database(run, hours, prices)


def _nodes(stack: SimulatedStack, hours: float, prices: Prices) -> SimulatedCost:
    """Nodes of EKS Auto Mode, with its fee: the compute type, or the general one where a node has more memory."""
    assert stack.pods is not None  # noqa: S101  the caller has looked
    node = stack.pods.node
    type_ = NODE_TYPES[node.memory > node.cpu * NODE_CPU]
    large = prices.price(f"ec2.{type_}", stack.region).usd
    each = large * node.cpu / NODE_CPU * (1 + AUTO_MODE_FEE)
    return SimulatedCost(f"nodes of {node.cpu} vCPUs and {node.memory} GiB", hours, each)


def _database(run: SimulatedRun, hours: dict[str, float], prices: Prices) -> SimulatedCost:
    database, region = run.stack.database, run.stack.region
    if database.serverless:
        return SimulatedCost("Aurora capacity units", hours["acu"], prices.price("aurora.acu-hour", region).usd)
    instances = hours["acu"] / database.max_acu
    price = prices.price(f"aurora.{database.instance_class}", region).usd
    return SimulatedCost(f"Aurora {database.instance_class}", instances, price)
