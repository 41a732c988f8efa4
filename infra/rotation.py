"""Rotation of passwords: two of a kind take turns, so that clients may have either while machines are replaced.

One update makes the next one valid beside the last, and hands it to everything that starts from then on; it ends once
that serves. The update after it ends the last one's validity.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Which of two passwords is in use.

    number: how often it has been made anew. before: what that was at the last update that ended well.
    """

    number: int
    before: int

    @property
    def under_way(self) -> bool:
        """Whether clients may still have the last one."""
        return self.number > self.before

    @property
    def made(self) -> tuple[int, int]:
        """At which number the first and the second of the two were made last."""
        return self.number - self.number % 2, self.number - (self.number + 1) % 2

    @property
    def second(self) -> bool:
        """Whether it is the second one's turn."""
        return self.number % 2 == 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Turns:
    """The turns of each kind.

    credentials: of all passwords that were there before there were kinds.
    roles: 1 where the application has users of its own, 0 where it is the master.
    """

    application: Turn
    cache: Turn
    master: Turn
    credentials: Turn
    roles: Turn

    @property
    def by_name(self) -> dict[str, Turn]:
        """All of them."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def under_way(self) -> bool:
        """Whether clients may still have something that a later update ends."""
        return any(turn.number != turn.before for turn in self.by_name.values())

    @property
    def has_roles(self) -> bool:
        """Whether the users are there: while the application logs in as them, and while machines may still do so."""
        return bool(self.roles.number or self.roles.before)
