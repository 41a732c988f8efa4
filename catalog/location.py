"""The AWS region that a resource is in: by its provider, or by the cluster that its Kubernetes provider leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.engine_steps import EngineStep
from catalog.urns import provider_of, type_of
from catalog.values import SENTINELS

AWS, KUBERNETES = "pulumi:providers:aws", "pulumi:providers:kubernetes"
_CLUSTER = "aws:eks/cluster:Cluster"
_MASKED = "[secret]"
_NOTHING: Mapping[str, Any] = {}


class Locations:
    """Takes what is known of a stack's resources, in any order, and then tells where each of them is."""

    def __init__(self) -> None:
        self._own: dict[str, str] = {}  # region by URN of a resource that says so itself
        self._regions: dict[str, str] = {}  # region by URN of an AWS provider
        self._clusters: dict[str, tuple[str, str]] = {}  # URN and provider of an EKS cluster by its name
        self._leads: dict[str, str] = {}  # name of its EKS cluster by URN of a Kubernetes provider

    def take(self, urn: str, provider: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any] = _NOTHING) -> None:
        """One state of a resource. Of two, the one that is comes before the one that would be.

        Args:
            urn: of the resource.
            provider: reference to its provider; empty for a provider itself, and for what has none.
            inputs, outputs: its properties as far as they are known.
        """
        kind = type_of(urn)
        if kind == KUBERNETES:
            # The program names the cluster there, so that another way of reaching it is no other cluster.
            if name := _text(inputs.get("clusterIdentifier")):
                self._leads.setdefault(urn, name)
            return
        manager = urn if kind == AWS else provider_of(provider)
        if not manager or type_of(manager) != AWS:
            return
        given, known = _text(inputs.get("region")), _text(outputs.get("region"))
        if kind == AWS:
            if told := given or known:
                self._regions[urn] = told
            return
        if told := known or given:
            self._own.setdefault(urn, told)
        if known and not given:
            # It says where it is without having been told: its provider told it.
            self._regions.setdefault(manager, known)
        if kind == _CLUSTER and (name := _text(inputs.get("name"))):
            self._clusters.setdefault(name, (urn, manager))

    def take_step(self, step: EngineStep) -> None:
        """Both states in a step of the engine."""
        for state in (step.old, step.new):
            if state is not None:
                self.take(step.urn, step.provider, state.inputs, state.outputs)

    def of(self, urn: str, provider: str) -> str | None:
        """The region that a resource is in; None where it is in none, or nothing tells which. Arguments as `take`'s."""
        if found := self._own.get(urn) or self._regions.get(urn):
            return found
        manager = provider_of(provider) or urn
        cluster = self._clusters.get(self._leads.get(manager, ""))
        return self.of(*cluster) if cluster else self._regions.get(manager)


def _text(value: object) -> str | None:
    """A text that is known and may be seen."""
    return value if isinstance(value, str) and value and value not in SENTINELS and value != _MASKED else None
