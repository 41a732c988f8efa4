"""The policies of policy/, on what an update would change. What was so before is no finding: others answer for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.guard.model import Ground, Rule, Sight, SkippedError
from ops.guard.preview import Step
from policy import model as policies
from policy.judge import broken
from policy.rules import RULES as RESOURCE_RULES
from policy.rules import STACK_RULES


def _of_resource(policy: policies.Rule) -> Rule:
    def check(step: Step, ground: Ground) -> Iterator[Sight]:
        if step.op in ("same", "delete") or step.after is None:
            return
        message = broken(policy, step.after, ground.facts)
        if message and not (step.before and broken(policy, step.before, ground.facts_before) == message):
            yield Sight(step.urn, "", message)

    return Rule(name=policy.name, severity=policy.severity, reason=policy.reason, types=policy.types, step=check)


def _of_stack(policy: policies.StackRule) -> Rule:
    def check(steps: Sequence[Step], ground: Ground) -> Iterator[Sight]:
        del steps
        if not policy.when(ground.facts):
            return
        if ground.after is None or ground.before is None:
            raise SkippedError(ground.partial)
        known = ground.facts_before
        old = set(policy.check(ground.before, known)) if policy.when(known) else set()
        for urn, message in policy.check(ground.after, ground.facts):
            if (urn, message) not in old:
                yield Sight(urn, "", message)

    return Rule(name=policy.name, severity=policy.severity, reason=policy.reason, types=policy.types, whole=check)


RULES = (*map(_of_resource, RESOURCE_RULES), *map(_of_stack, STACK_RULES))
