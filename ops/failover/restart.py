"""Restarts the application on a region's instances, share by share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from infra.thresholds import FAILOVER_POLL, RESTART_SHARE, RESTART_WAIT
from ops import stackfile
from ops.failover.errors import StepError
from ops.failover.instances import FailoverInstances

SUCCESS = "Success"  # State of a command, as Systems Manager calls it.


@dataclass(frozen=True, kw_only=True)
class Restart:
    """Has instances fetch the new addresses.

    groups: ARNs of the target groups of a region's instances.
    wait: sleeps that many seconds.
    """

    stack: str
    instances: FailoverInstances
    groups: Callable[[str], Sequence[str]]
    wait: Callable[[float], None]

    def region(self, region: str) -> str:
        """Restart share by share; the next one only if the instances that were healthy before are healthy again.

        Returns how many there were, and where.

        Raises:
            StepError: when an instance does not become healthy again.
        """
        groups = self.groups(region)
        waiting = self._running(region)
        every, share = len(waiting), max(1, len(waiting) * RESTART_SHARE.value // 100)
        served = self.instances.serving(groups, region)
        while waiting:
            # Instances that a refresh has made meanwhile have fetched the new addresses when they booted.
            now = set(self._running(region))
            waiting = [one for one in waiting if one in now]
            part, waiting = waiting[:share], waiting[share:]
            if part:
                self._share(part, region, groups, served)
        return f"{every} in {region}"

    def _share(self, part: Sequence[str], region: str, groups: Sequence[str], served: Collection[str]) -> None:
        """Restart some instances, and wait for them. `served`: those that a load balancer found healthy before."""
        part = self._reached(part, region)
        if not part:
            return
        command, waited = self.instances.restart(part, region), 0
        while unwell := self._unwell(part, region, command, served, groups):
            if waited >= RESTART_WAIT.value:
                raise StepError(
                    f"{', '.join(unwell)} in {region}: not healthy {waited} s after the restart; the others were left "
                    "as they are. See the log of the application, then try again"
                )
            self.wait(FAILOVER_POLL.value)
            waited += FAILOVER_POLL.value

    def _reached(self, part: Sequence[str], region: str) -> list[str]:
        """The instances that still exist, once Systems Manager reaches them: an update also replaces instances.

        Raises:
            StepError: when it does not reach an instance in time.
        """
        waited = 0
        while True:
            here = sorted(set(part) & set(self._running(region)))
            away = set(here) - self.instances.reached(here, region) if here else set()
            if not away:
                return here
            if waited >= RESTART_WAIT.value:
                raise StepError(
                    f"{', '.join(sorted(away))} in {region}: AWS Systems Manager does not reach it after {waited} s; "
                    "the others were left as they are. Terminate it, so that its group makes another one, which "
                    "fetches the new addresses when it boots; then try again"
                )
            self.wait(FAILOVER_POLL.value)
            waited += FAILOVER_POLL.value

    def _unwell(
        self, part: Sequence[str], region: str, command: str, served: Collection[str], groups: Sequence[str]
    ) -> list[str]:
        """The instances that have not restarted yet, or are not healthy again. Terminated ones do not count."""
        ended = self.instances.restarted(command, region)
        here = set(part) & set(self._running(region))
        for one in sorted(here):
            if ended.get(one, SUCCESS) != SUCCESS:
                raise StepError(
                    f"{one} in {region} did not restart the application ({ended[one]}); the others were left as they "
                    f"are. See why: aws ssm get-command-invocation --region {region} --command-id {command} "
                    f"--instance-id {one}; then try again"
                )
        healthy = self.instances.serving(groups, region)
        return sorted(one for one in here if one not in ended or (one in served and one not in healthy))

    def _running(self, region: str) -> list[str]:
        return self.instances.running(stackfile.PROJECT, self.stack, region)
