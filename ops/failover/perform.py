"""Takes the steps of a failover, each only if it is not done yet. After an interruption, it is run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra import naming
from infra.config.problems import SettingsError
from infra.thresholds import FAILOVER_POLL, FAILOVER_WAIT, SWITCHOVER_LAG
from ops.failover.cloud import CONNECTED, FailoverCloud, Members
from ops.failover.config import Value, with_values
from ops.failover.errors import CloudBusyError, CloudError, StepError
from ops.failover.fence import Fence
from ops.failover.keys import Keys
from ops.failover.plan import DRAINED, FailoverPlan, around

DONE, SKIPPED = "done", "already so"
NAMED = 5  # How many of the remaining changes a message names.


class Update(Protocol):
    """Brings the stack up."""

    def __call__(self, *arguments: str) -> bool:
        """Run `pulumi up` with these arguments, and say whether all went well."""


@dataclass(kw_only=True)
class FailoverRun:
    """A failover under way.

    file: the stack's file.
    update: brings the stack up. left: what an update would still change of what the new writer needs.
    answers: whether a URL answers with 200.
    fence: keeps clients away from the database of a region that may not answer.
    keys: file and state, which name the key of the stack's secrets.
    restart: restarts the application on a region's instances, and returns on how many.
    complete: whether the buckets that a region has now are those that ascent:backfilled is about.
    wait: sleeps that many seconds. tell: called with what a step waits for.
    """

    plan: FailoverPlan
    cloud: FailoverCloud
    file: Path
    update: Update
    left: Callable[[], Sequence[str]]
    answers: Callable[[str], bool]
    fence: Fence
    keys: Keys
    restart: Callable[[str], str]
    complete: Callable[[str], bool]
    wait: Callable[[float], None]
    tell: Callable[[str], None]

    def take(self, step: str) -> str:
        """Take one step. Returns its result.

        Raises:
            StepError: when it failed.
        """
        result: str = getattr(self, f"_{step}")()
        return result

    def _check(self) -> str:
        plan = self.plan
        for what, members in (("database", self._seen_database()), ("cache", self._seen_cache())):
            # A move that is under way is waited for by its own step.
            if members is None or plan.target in (members.writer, members.heading):
                continue
            if members.writer != plan.source:
                raise StepError(
                    f"the {what} is written in {members.writer or 'no region'}, and Pulumi.{plan.stack}.yaml says "
                    f"{plan.source}; set ascent:writer to where it is written, then try again"
                )
            if plan.target not in members.by_region or not members.ready:
                raise StepError(f"{plan.target} is not ready in the {what} {members.id}; wait for it, then try again")
        database = self._seen_database()
        if database is None or plan.target in (database.writer, database.heading):
            return SKIPPED
        copy, lag = database.copies.get(plan.target), self.cloud.lag(database.by_region[plan.target])
        if copy not in (CONNECTED, "", None):
            raise StepError(f"AWS says of the copy in {plan.target}: {copy}; wait until it is {CONNECTED}")
        if lag is None and copy != CONNECTED:
            raise StepError(
                f"there is no measurement of how far {plan.target} was behind in the last minutes; see why, or use "
                f"--lost if {plan.source} does not answer"
            )
        if lag is None:
            return f"no measurement of how far {plan.target} is behind; AWS says {CONNECTED}, and a switchover waits"
        if lag > SWITCHOVER_LAG.value:
            raise StepError(f"{plan.target} is {lag:g} s behind, and should be {SWITCHOVER_LAG.value} s at most; wait")
        return f"{plan.target} is {lag:g} s behind"

    def _key(self) -> str:
        return DONE if self.keys.move(self.plan.lost or "", self.plan.target) else SKIPPED

    def _objects(self) -> str:
        target = self.plan.target
        if self.complete(target):
            return f"{target} has those that are older than its replication"
        way = "to go on without them, use --without-old-objects"
        if not self.plan.lost:
            way = f"first: ascent backfill --stack {self.plan.stack} --wait"
        raise StepError(
            f"{target} has other buckets than those that ascent:backfilled is about, which may lack every object "
            f"that is older than their replication; {way}"
        )

    def _database(self) -> str:
        lost = self.plan.lost is not None
        region = self.plan.target if lost else self.plan.source

        def ask(seen: Members) -> None:
            self.cloud.move_database(seen.id, arn=self._member(seen, "database"), region=region, lost=lost)

        done = self._move(self._seen_database, ask, "Aurora")
        return done if done == SKIPPED or not lost else f"{done}; {self._blocked()}"

    def _blocked(self) -> str:
        """Aurora's event about its own fence: from the old writer if that answers, else from the new one."""
        for region in (self.plan.lost, self.plan.target):
            try:
                said = self.fence.said(region or "")
            except CloudError:
                continue
            if said is not None:
                return f"Aurora: {said}"
        return f"Aurora has not said yet whether it blocked writes in {self.plan.lost}: see its events"

    def _fence(self) -> str:
        region = self.plan.fenced or ""
        try:
            self.fence.put(f"{naming.regional(self.plan.stack, region)}-db", region)
        except CloudError as error:
            return f"not done, so only Aurora's own fence is left: {error}"
        return DONE

    def _returned(self) -> str:
        plan, region = self.plan, self.plan.returned or ""
        if not self._readable(region):
            raise StepError(
                f"{region} cannot read the database yet: Aurora makes its copy anew, which takes from minutes to "
                f"hours. Try again then; to go on without {region}, use --lost"
            )
        if plan.fenced is None:
            return SKIPPED
        return DONE if self.fence.lift(f"{naming.regional(plan.stack, region)}-db", region) else SKIPPED

    def _cache(self) -> str:
        def ask(seen: Members) -> None:
            self.cloud.move_cache(seen.id, self.plan.target, group=self._member(seen, "cache"))

        return self._move(self._seen_cache, ask, "Redis")

    def _config(self) -> str:
        return DONE if self._write(self.plan.file) else SKIPPED

    def _write(self, values: Mapping[str, Value]) -> bool:
        """Change the stack's file atomically. Returns whether it changed."""
        before = self.file.read_text()
        try:
            after = with_values(before, values, self.file.name)
        except SettingsError as error:
            raise StepError(f"{error}; set it by hand, then try again") from error
        fresh = self.file.with_name(f".{self.file.name}.new")
        fresh.write_text(after)
        fresh.replace(self.file)
        return after != before

    def _update(self) -> str:
        if self.update("--stack", self.plan.stack, *around(self.plan.stack, self.plan.lost)):
            return DONE
        if self.plan.lost is None:
            raise StepError("the update failed; see above, mend it, then try again")
        # An update that could not begin has the same exit code.
        if left := self.left():
            more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
            raise StepError(
                f"the update did not do what {self.plan.target} needs ({', '.join(left[:NAMED])}{more}); see "
                "above, mend it, then try again"
            )
        away = " and ".join([self.plan.lost, *self.plan.drained])
        return f"done except for what failed, see above: what is in {away}, or needs it, can wait"

    def _restart(self) -> str:
        return ", ".join(self._restarted(region) for region in self.plan.regions if region != self.plan.lost)

    def _restarted(self, region: str) -> str:
        try:
            return self.restart(region)
        except StepError as error:
            # Without a readable database, an application may not start again. Such a region gets no traffic anyway.
            if region in self.plan.drained:
                return f"not all in {region}, which gets no traffic ({error})"
            raise

    def _verify(self) -> str:
        url = self.plan.health
        for seen in (self._seen_database(), self._seen_cache()):
            if seen is not None and seen.writer != self.plan.target:
                raise StepError(f"{seen.id} is written in {seen.writer}, not in {self.plan.target}; try again")
        if not self.answers(url):
            raise StepError(f"{url} does not answer with 200; look at the instances in {self.plan.target}")
        return f"{url} answers"

    def _readers(self) -> str:
        waiting = tuple(region for region in self.plan.drained if not self._readable(region))
        again = [region for region in self.plan.drained if region not in waiting]
        told = [
            f"{region} gets no traffic until Aurora has made its copy anew, which takes from minutes to hours; then "
            "run the same command again"
            for region in waiting
        ]
        if again:
            for region in again:
                self.restart(region)
            self._write({DRAINED: waiting or None})
            told = [f"{' and '.join(again)} gets traffic again; {self._update()}", *told]
        return "; ".join(told)

    def _readable(self, region: str) -> bool:
        seen = self._seen_database()
        if seen is None or seen.copies.get(region) not in (CONNECTED, ""):
            return False
        return self.cloud.readable(seen.by_region[region])

    def _seen_database(self) -> Members | None:
        # Asked in the target region, as the source may be gone.
        return self.cloud.database(self.plan.database, self.plan.target) if self.plan.database else None

    def _seen_cache(self) -> Members | None:
        return self.cloud.cache(self.plan.cache, self.plan.target) if self.plan.cache else None

    def _there(self, seen: Members) -> bool:
        """Whether the target takes the writes. While a region is lost, the global resource as a whole is not ready."""
        return seen.writer == self.plan.target and (self.plan.lost is not None or seen.ready)

    def _member(self, members: Members, what: str) -> str:
        found = members.by_region.get(self.plan.target)
        if found is None:
            raise StepError(f"the {what} {members.id} has no member in {self.plan.target}; first: pulumi up")
        return found

    def _move(self, look: Callable[[], Members | None], ask: Callable[[Members], None], what: str) -> str:
        """Move the writes to the target. Tried again while AWS is busy with something else; then waits for the end."""
        seen = look()
        if seen is None or self._there(seen):
            return SKIPPED
        waited, taken, busy = 0, False, "see its events"
        while not self._there(seen):
            if waited >= FAILOVER_WAIT.value:
                raise StepError(f"{what} is not written in {self.plan.target} after {FAILOVER_WAIT.value} s; {busy}")
            if seen.writer != self.plan.target != seen.heading and (seen.ready or not taken):
                try:
                    ask(seen)
                    taken = True
                except CloudBusyError as error:
                    if busy != str(error):
                        busy = str(error)
                        self.tell(f"{busy}. Asked again, for up to {FAILOVER_WAIT.value - waited} s")
            self.wait(FAILOVER_POLL.value)
            waited += FAILOVER_POLL.value
            seen = look() or seen
        return DONE
