"""Takes the steps of a failover, each only if it is not done yet: whoever was interrupted runs it again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.thresholds import FAILOVER_POLL, FAILOVER_WAIT, SWITCHOVER_LAG
from ops.failover.cloud import Cloud, CloudError, Members
from ops.failover.config import with_values
from ops.failover.plan import Plan, around

DONE, SKIPPED = "done", "already so"


class StepError(Exception):
    """A step failed. The text says why, and what to do; what came before it stays done."""


class Update(Protocol):
    """Whoever brings the stack up."""

    def __call__(self, *arguments: str) -> bool:
        """Run `pulumi up` with these arguments, and say whether all went well."""


@dataclass(kw_only=True)
class Performance:
    """A failover under way.

    file: the stack's file.
    update: brings the stack up. answers: whether a URL answers with 200.
    wait: sleeps that many seconds.
    """

    plan: Plan
    cloud: Cloud
    file: Path
    update: Update
    answers: Callable[[str], bool]
    wait: Callable[[float], None] = time.sleep

    def take(self, step: str) -> str:
        """Take one step. Returns what came of it.

        Raises:
            StepError: when it failed.
        """
        try:
            result: str = getattr(self, f"_{step}")()
        except CloudError as error:
            raise StepError(str(error)) from error
        return result

    def _check(self) -> str:
        plan = self.plan
        for what, members in (("database", self._seen_database()), ("cache", self._seen_cache())):
            if members is None or members.writer == plan.target:
                continue
            if members.writer != plan.source:
                raise StepError(
                    f"the {what} is written in {members.writer or 'no region'}, and Pulumi.{plan.stack}.yaml says "
                    f"{plan.source}; set ascent:writer to where it is written, then try again"
                )
            if plan.target not in members.by_region or not members.ready:
                raise StepError(f"{plan.target} is not ready in the {what} {members.id}; wait for it, then try again")
        database = self._seen_database()
        if database is None or database.writer == plan.target:
            return SKIPPED
        lag = self.cloud.lag(database.by_region[plan.target])
        if lag is None:
            raise StepError(
                f"nobody measured how far {plan.target} is behind in the last minutes; see why first, or say "
                f"--lost if {plan.source} does not answer"
            )
        if lag > SWITCHOVER_LAG.value:
            raise StepError(f"{plan.target} is {lag:g} s behind, and should be {SWITCHOVER_LAG.value} s at most; wait")
        return f"{plan.target} is {lag:g} s behind"

    def _database(self) -> str:
        plan, seen = self.plan, self._seen_database()
        if seen is None or self._there(seen):
            return SKIPPED
        # While one is under way, another is refused: only its end is waited for.
        if not seen.moving and seen.writer != plan.target:
            arn, lost = self._member(seen, "database"), plan.lost is not None
            self.cloud.move_database(seen.id, arn=arn, region=plan.target if lost else plan.source, lost=lost)
        self._until(self._seen_database, "Aurora")
        return DONE

    def _cache(self) -> str:
        plan, seen = self.plan, self._seen_cache()
        if seen is None or self._there(seen):
            return SKIPPED
        if not seen.moving and seen.writer != plan.target:
            self.cloud.move_cache(seen.id, plan.target, group=self._member(seen, "cache"))
        self._until(self._seen_cache, "Redis")
        return DONE

    def _config(self) -> str:
        before = self.file.read_text()
        try:
            after = with_values(before, self.plan.file)
        except ValueError as error:
            raise StepError(f"{self.file.name}: {error}; set it by hand, then try again") from error
        if after == before:
            return SKIPPED
        # Whole or not at all.
        fresh = self.file.with_name(f".{self.file.name}.new")
        fresh.write_text(after)
        fresh.replace(self.file)
        return DONE

    def _update(self) -> str:
        if self.update("--stack", self.plan.stack, *around(self.plan.stack, self.plan.lost)):
            return DONE
        if self.plan.lost:
            return f"done but for what failed, see above: what other regions ask of {self.plan.lost} can wait"
        raise StepError("the update failed; see above, mend it, then try again")

    def _restart(self) -> str:
        regions = [region for region in self.plan.regions if region != self.plan.lost]
        for region in regions:
            self.cloud.restart(self.plan.stack, region)
        return f"asked for in {', '.join(regions)}"

    def _verify(self) -> str:
        url = f"https://{self.plan.host}/api/health"
        for seen in (self._seen_database(), self._seen_cache()):
            if seen is not None and seen.writer != self.plan.target:
                raise StepError(f"{seen.id} is written in {seen.writer}, not in {self.plan.target}; try again")
        if not self.answers(url):
            raise StepError(f"{url} does not answer with 200; look at the instances in {self.plan.target}")
        return f"{url} answers"

    def _seen_database(self) -> Members | None:
        # Put to the target: the source may be gone.
        return self.cloud.database(self.plan.database, self.plan.target) if self.plan.database else None

    def _seen_cache(self) -> Members | None:
        return self.cloud.cache(self.plan.cache, self.plan.target) if self.plan.cache else None

    def _there(self, seen: Members) -> bool:
        """Whether the target takes the writes. With a region lost, the whole is not well for as long as that is."""
        return seen.writer == self.plan.target and (self.plan.lost is not None or seen.ready)

    def _member(self, members: Members, what: str) -> str:
        found = members.by_region.get(self.plan.target)
        if found is None:
            raise StepError(f"the {what} {members.id} has no member in {self.plan.target}; first: pulumi up")
        return found

    def _until(self, look: Callable[[], Members | None], what: str) -> None:
        waited = 0
        while waited < FAILOVER_WAIT.value:
            seen = look()
            if seen is not None and self._there(seen):
                return
            self.wait(FAILOVER_POLL.value)
            waited += FAILOVER_POLL.value
        raise StepError(f"{what} is not written in {self.plan.target} after {FAILOVER_WAIT.value} s; see its events")
