"""Keeps moto like the world's file, and brings back to that file what clients change of it by the API."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sandbox.aws import alarms, balancing, caches, databases, fleets, network, stores
from sandbox.aws.things import Kind, Thing
from sandbox.provider.errors import WorldError
from sandbox.provider.world import Entry, World, WorldView

# In the order in which one needs the other; they are taken away in the reverse.
KINDS: dict[str, Kind] = {
    **network.KINDS,
    **balancing.KINDS,
    **fleets.KINDS,
    **alarms.KINDS,
    **stores.KINDS,
    **databases.KINDS,
    **caches.KINDS,
}
# Read by an answer of extras.py or batch.py alone.
ANSWERED = (
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:rds/proxyEndpoint:ProxyEndpoint",
    "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
    "aws:elasticache/parameterGroup:ParameterGroup",
)
_BINDINGS = "TargetGroupBinding"
_SCALERS = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
Known = tuple[str, str, str]  # type, id, scope


class Mirror:
    """The world of one sandbox, in this process's moto."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: dict[str, str] = {}
        # Types of AWS in the world that are not mirrored, with how many there are.
        self.lacking: dict[str, int] = {}
        # The primary of a global datastore that a client has failed over, by the datastore's id.
        self.primaries: dict[str, str] = {}
        self._world = World(path)
        self._stamp: object = None
        self._things: dict[Known, Thing] = {}
        self._texts: dict[Known, str] = {}
        self._weights: dict[str, list[dict[str, Any]]] = {}

    def catch_up(self) -> None:
        """Have moto be like the world, where the file has changed since."""
        stamp = self._now()
        if stamp == self._stamp:
            return
        try:
            found, self.lacking = self._world.transact(lambda view: (dict(_entries(view)), _others(view)))
        except WorldError as error:
            # It is being edited by hand; the next request sees it whole.
            logging.getLogger(__name__).warning("%s", error)
            return
        self._stamp = stamp
        for known in [one for one in reversed(self._things) if one not in found]:
            self._apply("remove", known, self._things.pop(known))
            del self._texts[known]
        for known, (thing, text) in found.items():
            if self._texts.get(known) != text:
                self._things[known], self._texts[known] = thing, text
                self._apply("put", known, thing)
        self._weights = dict(self._listened())

    def bring_back(self) -> None:
        """Write the weights of listeners into the world that a client has changed by the API."""
        changed = {arn: shares for arn, shares in self._listened() if shares != self._weights.get(arn)}
        if changed:
            self._world.transact(lambda view: _weighed(view, changed))
            self._weights |= changed

    def mirrored(self) -> dict[str, int]:
        """How many of each type are mirrored."""
        return dict(sorted(Counter(token for token, _, _ in self._things).items()))

    def things(self, token: str, region: str = "") -> list[Thing]:
        """What the world has of a type, in a region or in all."""
        return [one for (kind, _, _), one in self._things.items() if kind == token and region in ("", one.region)]

    def _listened(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        for thing in self.things(balancing.LISTENER):
            listener = balancing.listener(balancing.elb(thing), thing.arn)
            if listener is not None:
                yield thing.arn, balancing.weights(listener.default_actions)

    def _apply(self, what: str, known: Known, thing: Thing) -> None:
        token = known[0]
        if token in ANSWERED:
            return
        kind = KINDS.get(token) or Kind(fleets.put_pods, lambda _: None)
        name = f"{token} {thing.id}"
        try:
            (kind.put if what == "put" else kind.remove)(thing)
            self.problems.pop(name, None)
        except Exception as error:  # noqa: BLE001, RUF100 (one of many; the others are still worth having)
            self.problems[name] = f"{type(error).__name__}: {error}"
            logging.getLogger(__name__).exception("cannot %s %s", what, name)

    def _now(self) -> object:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return "none"
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _entries(view: WorldView) -> Iterator[tuple[Known, tuple[Thing, str]]]:
    """What is mirrored, in the order to make it in, each with a text that changes when it does."""
    for token in (*KINDS, *ANSWERED):
        for identifier, entry in view.all(token):
            thing = Thing(identifier, entry.scope or "us-east-1", entry.name or identifier, entry.properties)
            yield (token, identifier, entry.scope), (thing, entry.rendered())
    pods = {(entry.scope, identifier): _least(entry) for identifier, entry in view.all(_SCALERS)}
    for token in ("kubernetes:eks.amazonaws.com/v1", "kubernetes:elbv2.k8s.aws/v1beta1"):
        for identifier, entry in view.all(f"{token}:{_BINDINGS}"):
            spec = entry.properties.get("spec") or {}
            service = f"{identifier.partition('/')[0]}/{(spec.get('serviceRef') or {}).get('name')}"
            # A color without pods has no autoscaler.
            has = {"spec": spec, "pods": pods.get((entry.scope, service), 0)}
            region = str(spec.get("targetGroupARN")).split(":")[3]
            yield (_BINDINGS, identifier, entry.scope), (Thing(identifier, region, entry.name, has), f"{has}")


def _others(view: WorldView) -> dict[str, int]:
    known = {*KINDS, *ANSWERED}
    # `TYPE!deleted` holds what was deleted, whose name is not free yet.
    return {
        token: len(entries)
        for token, entries in sorted(view.of("aws").items())
        if token not in known and "!" not in token
    }


def _least(scaler: Entry) -> int:
    return int((scaler.properties.get("spec") or {}).get("minReplicas") or 1)


def _weighed(view: WorldView, changed: dict[str, list[dict[str, Any]]]) -> None:
    """Give listeners other weights, without groups of weight 0, as the program does."""
    for identifier, entry in list(view.all(balancing.LISTENER)):
        if identifier not in changed:
            continue
        shares = [one for one in changed[identifier] if one["weight"]]
        inputs, outputs = _with(entry.inputs, shares), _with(entry.outputs, shares)
        view.put(balancing.LISTENER, identifier, Entry(entry.scope, entry.name, inputs, outputs))


def _with(side: dict[str, Any], shares: list[dict[str, Any]]) -> dict[str, Any]:
    actions = side.get("defaultActions")
    if actions is None:
        return side
    told = [
        {**one, "forward": {**one["forward"], "targetGroups": shares}} if "forward" in one else one for one in actions
    ]
    return {**side, "defaultActions": told}
