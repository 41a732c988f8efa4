"""Takes the steps of a restore, each only if it is not done yet. After an interruption, it is run again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from catalog.engine_steps import EngineStep
from infra.thresholds import PROXY_TARGET_WAIT, RESTORE_POLL, RESTORE_WAIT
from ops.engine.updates import EngineError
from ops.failover.errors import CloudBusyError, StepError
from ops.polling import polled
from ops.restore import calls
from ops.restore.calls import Call, RestoreSource
from ops.restore.cloud import DatabaseCluster, RestoreCloud
from ops.restore.names import Names
from ops.restore.plan import RestorePlan
from ops.restore.shape import HOLDING, ProxyShape, Shape

DONE, SKIPPED = "done", "already so"
# Operations of the engine that keep a resource and its data.
HARMLESS = ("same", "update", "refresh", "read")
# AWS calls a resource available for a while after a call that renames it (boto3, issue 609).
SETTLED_LOOKS = 2


class RestoreEngine(Protocol):
    """Refreshes the stack's state, and brings the stack up."""

    def refresh(self, urns: Sequence[str]) -> None:
        """Refresh these resources in the state."""

    def foreseen(self) -> Sequence[EngineStep]:
        """What an update would do to each resource."""

    def update(self, replace: Sequence[str] = ()) -> None:
        """Bring the stack up, and replace these resources."""


@dataclass(kw_only=True)
class RestoreRun:
    """A restore under way.

    ask: asks whether the cluster with this endpoint takes over the name. answers: whether a URL answers with 200.
    wait: sleeps that many seconds.
    """

    plan: RestorePlan
    shape: Shape
    names: Names
    source: RestoreSource
    cloud: RestoreCloud
    engine: RestoreEngine
    ask: Callable[[str], bool]
    answers: Callable[[str], bool]
    wait: Callable[[float], None] = time.sleep

    def take(self, step: str) -> str:
        """Take one step. Returns its result.

        Raises:
            StepError: when it failed.
        """
        try:
            result: str = getattr(self, f"_{step}")()
        except EngineError as error:
            raise StepError(str(error)) from error
        return result

    def _check(self) -> str:
        if self._swapped:
            # Begun already: the old cluster may be stopped by now, or gone.
            return SKIPPED
        old = self._old
        if old is None:
            return f"there is no cluster that {self.names.restored} is to take the place of"
        world = self.cloud.world(old.arn)
        if world is not None:
            raise StepError(f"{old.name} belongs to the global database {world}; first: pulumi up")
        if not old.settled:
            raise StepError(f"{old.name} is not available, so it cannot be renamed; see its events, then try again")
        return f"{old.name} is available"

    def _restore(self) -> str:
        name, told = self._new, False
        if self.cloud.cluster(name) is None:
            self.cloud.tell(calls.restore(self.shape, self.names, self.source))
            told = True
        there = self._cluster(name)
        if self.shape.http and not there.http:
            self.cloud.tell(calls.data_api(there.arn))
            self._cluster(name)
            told = True
        return DONE if told else SKIPPED

    def _instances(self) -> str:
        told = False
        # A cluster's first instance is its writer, whatever tiers the others have.
        for wanted in (self.shape.instances[:1], self.shape.instances[1:]):
            here = self.cloud.members(self._new)
            missing = [one for one in wanted if not {one.name, self.names.beside(one.name)} & set(here)]
            for one in missing:
                self.cloud.tell(calls.create(self.names, one))
                told = True
            self._members(self._new, [{one.name, self.names.beside(one.name)} for one in wanted])
        return DONE if told else SKIPPED

    def _password(self) -> str:
        name = self._new
        self.cloud.tell(calls.password(name, self.cloud.password(self.shape.secret)))
        self._cluster(name)
        return DONE

    def _look(self) -> str:
        if self._swapped or self._renamed_any():
            return SKIPPED
        here = self._cluster(self.names.restored)
        self._refuse_other(here)
        if not self.ask(here.endpoint):
            raise StepError(
                f"{here.name} stays beside {self.names.cluster}, and costs what it costs. To have it take the place, "
                "run the same command again; to remove it: docs/restore.md"
            )
        return f"{here.name} takes the place"

    def _names(self) -> str:
        if not self._swapped:
            self._hold(held=True)
        names = self.names
        instances = [one.name for one in self.shape.instances]
        old, told = self._old, False
        if old is not None:
            told = self._rename(old.name, {one: names.before(one) for one in instances})
        if told and not self._swapped:
            for proxy in self.shape.proxies:
                self._serve(proxy, names.cluster)
        told |= self._rename(self._new, {names.beside(one): one for one in instances})
        return DONE if told else SKIPPED

    def _swap(self) -> str:
        names, told = self.names, False
        if not self._swapped:
            for proxy in self.shape.proxies:
                # Under all names: AWS does not document whether a target follows a cluster that is renamed.
                if behind := self.cloud.targets(proxy):
                    self._tell(calls.detach(proxy, behind))
            old = self.cloud.cluster(names.cluster)
            # Not the restored one, which may have got the name just now.
            if old is not None and old.mark != names.stamp:
                self._move(calls.keep(names.cluster, names.kept), names.cluster, names.kept)
            # Connections survive the renaming of a cluster, and would go on writing to this one.
            self._reboot(names.kept)
            self._move(calls.rename_cluster(names.restored, names.cluster), names.restored, names.cluster)
            told = True
        self._cluster(names.cluster)
        for proxy in self.shape.proxies:
            told |= self._serve(proxy, names.cluster)
        return DONE if told else SKIPPED

    def _readers(self) -> str:
        old = self._old
        members = {} if old is None else self.cloud.members(old.name)
        added = [one.name for one in members.values() if one.added and not one.going]
        for name in added:
            self.cloud.tell(calls.delete_instance(name))
        self._hold(held=False)
        return f"{len(added)} deleted" if added else SKIPPED

    def _update(self) -> str:
        self.engine.refresh(self.shape.urns)
        harmful = [step for step in self.engine.foreseen() if step.op not in HARMLESS and step.type in HOLDING]
        if harmful:
            told = ", ".join(f"{step.op} {step.name}" for step in harmful)
            raise StepError(
                f"an update would not keep the restored database ({told}), and so is not made; see why: "
                f"pulumi preview --diff --stack {self.plan.stack}"
            )
        self.engine.update(self.shape.calls)
        return DONE

    def _verify(self) -> str:
        left = [step for step in self.engine.foreseen() if step.urn in self.shape.urns and step.op != "same"]
        if left:
            told = ", ".join(f"{step.op} {step.name}" for step in left)
            raise StepError(
                f"an update would still change it ({told}): pulumi preview --diff --stack {self.plan.stack}"
            )
        url = self.plan.health
        if not self.answers(url):
            raise StepError(f"{url} does not answer with 200; look at the application's log")
        return f"{url} answers"

    @property
    def _old(self) -> DatabaseCluster | None:
        """The old cluster under its present name; None where it is gone."""
        kept = self.cloud.cluster(self.names.kept)
        return self.cloud.cluster(self.names.cluster) if kept is None and not self._swapped else kept

    @property
    def _new(self) -> str:
        """The present name of the restored cluster, or the one that it will have."""
        return self.names.cluster if self._swapped else self.names.restored

    @property
    def _swapped(self) -> bool:
        """Whether the restored cluster has the program's name."""
        if self.cloud.cluster(self.names.restored) is not None:
            return False
        here = self.cloud.cluster(self.names.cluster)
        # After an update has removed the mark, the kept cluster shows it.
        return here is not None and (here.mark == self.names.stamp or self.cloud.cluster(self.names.kept) is not None)

    def _renamed_any(self) -> bool:
        """Whether the renaming has begun, which means that the answer was yes."""
        old = self._old
        before = {self.names.before(one.name) for one in self.shape.instances}
        begun = old is not None and bool(before & set(self.cloud.members(old.name)))
        # Without an old cluster, the restored instances are renamed first.
        return begun or bool({one.name for one in self.shape.instances} & set(self.cloud.members(self._new)))

    def _refuse_other(self, here: DatabaseCluster) -> None:
        """Refuse a cluster that an update would replace."""
        for name, wanted in self.shape.fixed.items():
            # Not all that was restored has the name of its database.
            given = here.about.get(name)
            if given not in (None, wanted):
                raise StepError(
                    f"{here.name} has {name} {given}, and the program {wanted}: an update would replace it. Copy what "
                    "you need from it: docs/restore.md"
                )

    def _hold(self, *, held: bool) -> None:
        resource = self.shape.scaled
        if resource is not None and self.cloud.held(resource) == (not held):
            self.cloud.tell(calls.scaling(resource, held=held))

    def _rename(self, cluster: str, names: Mapping[str, str]) -> bool:
        """Rename the instances of a cluster. Returns whether there was any to rename."""
        told: set[str] = set()
        looks = 0

        def over() -> bool:
            nonlocal looks
            here = self.cloud.members(cluster)
            for now in set(names) & set(here) - told:
                if here[now].settled and self._taken(calls.rename_instance(now, names[now])):
                    told.add(now)
            renamed = [here[then].settled for then in names.values() if then in here]
            well = not set(names) & set(here) and all(renamed)
            looks = looks + 1 if well else 0
            return looks >= (SETTLED_LOOKS if told else 1)

        self._until(over, f"the instances of {cluster} do not have their names")
        return bool(told)

    def _reboot(self, cluster: str) -> None:
        """Reboot the instances of a cluster, if it exists."""
        told: set[str] = set()
        looks = 0

        def over() -> bool:
            nonlocal looks
            here = {name: one for name, one in self.cloud.members(cluster).items() if not one.going}
            for name in sorted(set(here) - told):
                if here[name].settled and self._taken(calls.reboot(name)):
                    told.add(name)
            well = told >= set(here) and all(one.settled for one in here.values())
            looks = looks + 1 if well else 0
            return looks >= SETTLED_LOOKS

        if self.cloud.cluster(cluster) is not None:
            self._until(over, f"the instances of {cluster} have not started again")

    def _tell(self, call: Call) -> None:
        """Make a call, and repeat it while AWS is busy with something else."""
        self._until(partial(self._taken, call), f"{call.operation} is refused")

    def _taken(self, call: Call) -> bool:
        """Make a call. Returns False if AWS is busy with something else."""
        try:
            self.cloud.tell(call)
        except CloudBusyError:
            return False
        return True

    def _move(self, call: Call, now: str, then: str) -> None:
        """Rename a cluster once it is available, and wait until it has its new name."""
        told = False

        def over() -> bool:
            nonlocal told
            here = self.cloud.cluster(now)
            if here is not None and here.settled and not told:
                # An interrupted run may have made the call already, or the instances are not finished yet.
                told = self._taken(call)
            return here is None

        self._until(over, f"{now} does not become {then}")
        self._cluster(then)

    def _cluster(self, name: str) -> DatabaseCluster:
        """A cluster once it is available."""
        looks = 0

        def over(seen: DatabaseCluster | None) -> bool:
            nonlocal looks
            looks = looks + 1 if seen is not None and seen.settled else 0
            return looks >= SETTLED_LOOKS

        seen = polled(
            lambda: self.cloud.cluster(name),
            over,
            seconds=RESTORE_WAIT.value,
            wait=self.wait,
            poll=RESTORE_POLL.value,
        )
        if seen is None or not seen.settled:
            raise StepError(f"{name} is not available after {RESTORE_WAIT.value} s; see its events, then try again")
        return seen

    def _serve(self, proxy: ProxyShape, cluster: str) -> bool:
        """Point a proxy to a cluster's writer. Returns whether anything had to be done."""
        served = partial(self.cloud.served, proxy)
        on = cluster in self.cloud.targets(proxy)
        well = on and polled(served, bool, seconds=PROXY_TARGET_WAIT.value, wait=self.wait, poll=RESTORE_POLL.value)
        if well:
            return False
        if on:
            # Nor does AWS document whether a proxy follows a renamed instance. Registered again, it looks again.
            self._tell(calls.detach(proxy, [cluster]))
        self._tell(calls.attach(proxy, [cluster]))
        self._until(served, f"proxy {proxy.name} has no writer behind it")
        return True

    def _members(self, cluster: str, wanted: Sequence[set[str]]) -> None:
        """Wait until a cluster has an instance by one of each of these sets of names, and it is available."""

        def over() -> bool:
            well = {one.name for one in self.cloud.members(cluster).values() if one.settled}
            return all(well & names for names in wanted)

        self._until(over, f"the instances of {cluster} are not available")

    def _until(self, over: Callable[[], bool], otherwise: str) -> None:
        if not polled(over, bool, seconds=RESTORE_WAIT.value, wait=self.wait, poll=RESTORE_POLL.value):
            raise StepError(f"{otherwise} after {RESTORE_WAIT.value} s; see its events, then try again")
