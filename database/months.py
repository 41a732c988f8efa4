"""Months as partitions use them: whole, in UTC, the end not included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, 1 to 12."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that `day` lies in."""
        return cls(day.year, day.month)

    def plus(self, months: int) -> Month:
        """The month that many later; earlier when negative."""
        years, index = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(years, index + 1)

    @property
    def start(self) -> date:
        """The first day, which belongs to it."""
        return date(self.year, self.number, 1)

    @property
    def end(self) -> date:
        """The next month's first day, which does not."""
        return self.plus(1).start

    @property
    def suffix(self) -> str:
        """What a partition's name ends in, as `2026_03`."""
        return f"{self.year:04}_{self.number:02}"


def ahead(today: date, months: int) -> Iterator[Month]:
    """The month of `today` and as many after it."""
    this = Month.of(today)
    return (this.plus(index) for index in range(months + 1))


def boundary(today: date) -> date:
    """Where a converted table's history ends: two months on, so that at least 28 days are left to finish in."""
    return Month.of(today).plus(2).start


def months_before(now: datetime, months: int) -> datetime:
    """The same time of the same day so many months earlier, or of that month's last day."""
    month = Month.of(now.date()).plus(-months)
    last = (month.end - timedelta(days=1)).day
    return now.replace(year=month.year, month=month.number, day=min(now.day, last))
