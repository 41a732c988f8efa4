"""The policies of policy/, on what an update would change. A violation that existed before is no finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.guard.model import GuardRule, Observation, RuleContext, SkippedError
from ops.guard.preview import PreviewStep
from policy import model as policies
from policy.judge import broken
from policy.rules import RULES as RESOURCE_RULES
from policy.rules import STACK_RULES


def _of_resource(policy: policies.PolicyRule) -> GuardRule:
    def check(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
        if step.op in ("same", "delete") or step.after is None:
            return
        message = broken(policy, step.after, context.facts)
        if message and not (step.before and broken(policy, step.before, context.facts_before) == message):
            yield Observation(step.urn, "", message)

    return GuardRule(name=policy.name, severity=policy.severity, reason=policy.reason, types=policy.types, step=check)


def _of_stack(policy: policies.StackRule) -> GuardRule:
    def check(steps: Sequence[PreviewStep], context: RuleContext) -> Iterator[Observation]:
        del steps
        if not policy.when(context.facts):
            return
        if context.after is None or context.before is None:
            raise SkippedError(context.partial)
        known = context.facts_before
        old = set(policy.check(context.before, known)) if policy.when(known) else set()
        for urn, message in policy.check(context.after, context.facts):
            if (urn, message) not in old:
                yield Observation(urn, "", message)

    return GuardRule(name=policy.name, severity=policy.severity, reason=policy.reason, types=policy.types, whole=check)


RULES = (*map(_of_resource, RESOURCE_RULES), *map(_of_stack, STACK_RULES))
