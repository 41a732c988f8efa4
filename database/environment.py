"""What a run takes from the environment: the database's address, and what belongs to the place that it runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from database.errors import BadInputError
from database.schedules import JOB_VARIABLE

URL = "DATABASE_URL"
# A role that owns the tables and that nobody logs in as. What a run makes then belongs to it, whoever logs in.
OWNER = "ASCENT_OWNER"
# What `max_connections` of the running server has to be.
MAX_CONNECTIONS = "ASCENT_MAX_CONNECTIONS"
# The most that the setting takes: PostgreSQL's pg_settings.max_val.
_MOST = 262_143


@dataclass(frozen=True, slots=True)
class Environment:
    """url: of the writer. job: the schedule that the run belongs to. Empty or None where there is none."""

    url: str
    owner: str
    max_connections: int | None
    job: str


def environment(variables: Mapping[str, str]) -> Environment:
    """What the variables say.

    Raises:
        BadInputError: if the address is not there, or one of them is not of its form.
    """
    return Environment(
        _url(variables.get(URL, "").strip()),
        variables.get(OWNER, "").strip(),
        _number(variables.get(MAX_CONNECTIONS, "").strip()),
        variables.get(JOB_VARIABLE, ""),
    )


def _url(url: str) -> str:
    if not url:
        raise BadInputError(f"{URL} is not set: give the writer's direct address, as postgresql://USER@HOST:5432/NAME.")
    if not url.startswith(("postgresql://", "postgres://")):
        raise BadInputError(f"{URL} is not a PostgreSQL address: it should begin with postgresql://.")
    return url


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise BadInputError(f"{MAX_CONNECTIONS}: given {text[:60]}; it should be a whole number, 1 to {_MOST}.")
    return int(text)
