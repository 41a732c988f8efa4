"""The jobs' own list of schedules, and how long each may go without a run that ended well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from database.limits import HOUR, HOURLY_MARGIN, MARGIN, MINUTE

FILE = Path(__file__).with_name("schedules.yaml")
# Set to a schedule's name by what runs the job: the run then belongs to it, and says in its last line how it ended.
JOB_VARIABLE = "ASCENT_JOB"
_DAY = 24 * HOUR
# Seconds between two runs, by how many of the fields hour, day of the month and day of the week are given. A month is
# taken for its longest.
_PERIODS = {
    (False, False, False): HOUR,
    (True, False, False): _DAY,
    (True, False, True): 7 * _DAY,
    (True, True, False): 31 * _DAY,
}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A scheduled job.

    name: what its schedule is called.
    cron: five fields, UTC.
    command: arguments of `python -m database`.
    """

    name: str
    cron: str
    command: tuple[str, ...]

    @property
    def recorded(self) -> str:
        """What the ledger calls its runs: the command, without the name of an option."""
        return " ".join(part for part in self.command if not part.startswith("--"))

    @property
    def period(self) -> int:
        """Seconds between two runs, at most.

        Raises:
            ValueError: for a schedule that is not hourly, daily, weekly or monthly.
        """
        minute, hour, day, month, weekday = self.cron.split()
        found = _PERIODS.get((hour != "*", day != "*", weekday != "*"))
        if (
            found is None
            or month != "*"
            or not all(part.isdigit() for part in (minute, hour, day, weekday) if part != "*")
        ):
            raise ValueError(
                f"{self.name}: {self.cron} should be hourly, daily, weekly or monthly, with plain numbers."
            )
        return found

    @property
    def minutes(self) -> float:
        """Minutes after a good end by which the next one has to be there: a period, and a margin."""
        return (self.period + (HOURLY_MARGIN if self.period == HOUR else MARGIN)) / MINUTE


@cache
def scheduled() -> tuple[Scheduled, ...]:
    """Every scheduled job, in the file's order."""
    listed = yaml.safe_load(FILE.read_text())
    return tuple(Scheduled(one["name"], one["cron"], tuple(one["command"])) for one in listed)
