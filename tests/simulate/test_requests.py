"""The formulas, against cases that are worked out in other ways."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ops.simulate.assumptions import Assumptions
from ops.simulate.requests import LONGEST, Capacity, Serves, p95, reached
from ops.simulate.summary import p95_of_all
from tests.simulate.stacks import database


def _wait(servers: float, busy: float) -> float:
    """Mean wait in services, as the model has it."""
    rate = busy * servers / 0.05
    here = reached(
        np.array([rate]), Serves(1.0, servers / 0.05, servers, np.ones(1), np.ones(1)), Assumptions(cpu_ms=50)
    )
    return float(here.seconds[0]) / 0.05 - 1


def _erlang_c(servers: int, busy: float) -> float:
    """Mean wait in services in M/M/c: Erlang's C over c (1 - busy)."""
    offered = servers * busy
    last = offered**servers / math.factorial(servers) / (1 - busy)
    waits = last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)
    return waits / (servers * (1 - busy))


@pytest.mark.parametrize("busy", [0.1, 0.5, 0.9])
def test_one_server_waits_as_in_m_m_1(busy: float) -> None:
    assert _wait(1, busy) == pytest.approx(busy / (1 - busy))


@pytest.mark.parametrize("servers", [2, 4, 8])
@pytest.mark.parametrize("busy", [0.5, 0.7, 0.9])
def test_several_servers_wait_nearly_as_in_m_m_c(servers: int, busy: float) -> None:
    # Within four hundredths of a service, or five of the wait.
    assert _wait(servers, busy) == pytest.approx(_erlang_c(servers, busy), rel=0.05, abs=0.04)


def test_capacity_doubles_and_halves_no_faster_than_it_may() -> None:
    numbers = Assumptions(acu_doubling_seconds=30, acu_halving_seconds=300)
    capacity = Capacity(database(acus=(1, 64)), numbers)
    unit = numbers.acu_vcpus * numbers.acu_load
    assert capacity.follow(np.full(10, unit))[-1] == pytest.approx(1)
    grown = capacity.follow(np.full(120, 8 * unit))
    assert grown[[29, 59, 89, 119]].tolist() == pytest.approx([2, 4, 8, 8])
    shrunk = capacity.follow(np.zeros(1000))
    assert shrunk[[299, 599, 899, 999]].tolist() == pytest.approx([4, 2, 1, 1])


def test_capacity_goes_on_where_it_was_left() -> None:
    work = np.abs(np.sin(np.arange(2000) / 70)) * 5
    whole = Capacity(database(acus=(1, 64)), Assumptions()).follow(work)
    parts = Capacity(database(acus=(1, 64)), Assumptions())
    pieces = [parts.follow(work[start : start + 300]) for start in range(0, 2000, 300)]
    assert np.concatenate(pieces).tolist() == pytest.approx(whole.tolist())


def test_the_95th_percentile_of_an_exponential_time() -> None:
    assert p95(np.array([0.1]))[0] == pytest.approx(0.1 * 2.995732, rel=1e-6)
    assert p95(np.array([1e9]))[0] == LONGEST


def test_the_percentile_of_all_requests() -> None:
    assert p95_of_all(np.array([200.0, 200.0]), np.array([3.0, 9.0])) == pytest.approx(200)
    # Half take no time: the slowest twentieth of all is the slowest tenth of the others, the logarithm of 10 in means.
    mean = 400 / math.log(20)
    assert p95_of_all(np.array([1e-6, 400.0]), np.array([1.0, 1.0])) == pytest.approx(mean * math.log(10))
    assert p95_of_all(np.array([400.0]), np.array([0.0])) == 0
