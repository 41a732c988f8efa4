"""Compares two renders of a stack as the engine compares a program with its state.

The engine goes through the program in its order. A resource that stays keeps its outputs. Those of a created or
replaced one are not known yet, nor are outputs that an update computes anew. Inputs made of unknown outputs differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from catalog import config as configuration
from catalog import diff, outputs, paths
from catalog.schema import Schema, resource_schema
from catalog.values import UNKNOWN, Properties
from ops.engine.provenance.model import PROVIDERS, Trace, Unknowns, config_of
from ops.engine.recorder import Recorded
from ops.engine.render import RenderedStack
from ops.transition.model import NOTHING, Op, ResourceChange, Transition, change, ordered


def between(before: RenderedStack, after: RenderedStack, authoritative: Collection[str]) -> Transition:
    """The changes of the move from `before` to `after`.

    Args:
        before: the present resources.
        after: the wanted ones.
        authoritative: regions with the original of the data.
    """
    return _Comparison(before, after, authoritative).run()


@dataclass(frozen=True, slots=True)
class _Side:
    resources: Mapping[str, Recorded]
    traces: Mapping[str, Trace]

    def config(self, trace: Trace) -> Properties:
        return config_of(self.traces, trace.provider)


class _Comparison:
    def __init__(self, before: RenderedStack, after: RenderedStack, authoritative: Collection[str]) -> None:
        self._stages = before.stage, after.stage
        self._old, self._new = (
            _Side({one.urn: one for one in plan.resources}, plan.traces) for plan in (before, after)
        )
        self._authoritative = authoritative
        self._unknown = Unknowns()
        self._changes: list[ResourceChange] = []
        self._errors: dict[str, str] = {}
        self._replaced: set[str] = set()
        # Replaced by deleting first, and therefore together with all that cannot exist without them.
        self._gone_first: set[str] = set()
        self._met: set[str] = set()

    def run(self) -> Transition:
        for urn, trace in self._new.traces.items():
            known = next((one for one in (urn, *trace.aliases) if one in self._old.traces), None)
            if known is None:
                self._unknown.add(urn, trace.added, trace.inputs(self._unknown))
                self._note(self._new.resources[urn], Op.CREATE)
            else:
                self._met.add(known)
                self._compare(urn, self._old.traces[known], trace, self._old.resources[known])
        for urn in self._old.traces.keys() - self._met:
            self._note(self._old.resources[urn], Op.DELETE)
        came_from, to = self._stages
        return Transition(came_from=came_from, to=to, changes=ordered(self._changes), errors=self._errors)

    def _compare(self, urn: str, old: Trace, new: Trace, was: Recorded) -> None:
        one, taken_along = self._new.resources[urn], new.provider in self._replaced
        made_of = {name for name, urns in old.depends.items() if urns & self._gone_first}
        if not (taken_along or made_of or self._unknown(new.sources)) and old.asked == new.asked:
            return
        before, after = old.inputs(lambda _: False), new.inputs(self._unknown)
        if one.type.startswith(PROVIDERS):
            self._compare_provider(urn, before, after)
            return
        schema = resource_schema(one.type)
        if schema is None:
            raise LookupError(f"the SDK has no resource type {one.type}")
        outcome = self._outcome(schema, old, new, before, after)
        if outcome.errors:
            self._errors[urn] = "; ".join(dict.fromkeys(outcome.errors))
        detail = {paths.render(one.path): one.replaces for one in outcome.changes}
        if taken_along or outcome.replaces or self._dragged(schema, old, new, before, after, made_of):
            self._replaced.add(urn)
            if outcome.delete_first if new.deletes_first is None else new.deletes_first:
                self._gone_first.add(urn)
            self._unknown.add(urn, new.added, after)
            # For a resource that is replaced with another one, the engine does not ask for a diff.
            follows = taken_along or not outcome.replaces
            self._note(one, Op.REPLACE, NOTHING if follows else detail, was)
            return
        self._unknown.add(urn, outputs.stale(schema, after, before) if detail else (), after)
        if detail:
            self._note(one, Op.UPDATE, detail)

    def _compare_provider(self, urn: str, before: Properties, after: Properties) -> None:
        """A provider is no resource in a cloud, but its replacement replaces what it manages."""
        name = urn.split("::")[2].rpartition(":")[2]
        if configuration.replacing(name, configuration.parsed(name, before), configuration.parsed(name, after)):
            self._replaced.add(urn)
        self._unknown.add(urn, (), after)

    def _outcome(self, schema: Schema, old: Trace, new: Trace, before: Properties, after: Properties) -> diff.Outcome:
        regions = None
        if schema.token.startswith("aws:"):
            regions = (configuration.region(self._old.config(old)), configuration.region(self._new.config(new)))
        outcome = diff.compare(schema, before, after, list(new.ignores), self._new.config(new), regions)
        wanted = [paths.parse(path) for path in new.replaces_on]
        outcome.changes = [
            diff.PropertyChange(
                one.path, one.kind, one.replaces or any(paths.covers(path, one.path) for path in wanted)
            )
            for one in outcome.changes
        ]
        return outcome

    def _dragged(
        self,
        schema: Schema,
        old: Trace,
        new: Trace,
        before: Properties,
        after: Properties,
        made_of: Collection[str],
    ) -> bool:
        """Whether it cannot exist without a resource that these inputs come from and that is deleted first."""
        without = after | {name: UNKNOWN for name in made_of if name in after}
        return bool(made_of) and self._outcome(schema, old, new, before, without).replaces

    def _note(self, one: Recorded, op: Op, detail: Mapping[str, bool] = NOTHING, was: Recorded | None = None) -> None:
        if not one.type.startswith(PROVIDERS):
            protected = (was or one).protect
            self._changes.append(change(one, op, self._authoritative, was=was, protected=protected, detail=detail))
