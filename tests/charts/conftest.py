"""Helm, and the real servers that the charts' configuration is tried with."""

from __future__ import annotations

import pytest

from scripts.helm import find_helm
from scripts.say import ProblemError
from scripts.servers import Server, find_server
from tests.charts.helm import Helm


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(find_helm())


def server(name: str) -> Server:
    try:
        return find_server(name)
    except ProblemError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pgbouncer_program() -> Server:
    return server("pgbouncer")


@pytest.fixture(scope="session")
def redis_programs() -> list[Server]:
    return [server("redis-server"), server("redis-cli")]
