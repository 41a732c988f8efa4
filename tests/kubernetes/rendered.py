"""The Kubernetes objects of a stack as an API server would get them, those of its Helm releases included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog.kubernetes.objects import template_of
from infra.stages import STAGES
from ops.engine.recorder import SECRET, UNKNOWN
from tests.charts.helm import Helm
from tests.kubernetes.cases import Object
from tests.unit.runtime import built

MADE_UP = "made-up"
HELM = "kubernetes:helm.sh/v3:Release"
RUNTIMES = ("kubernetes", "both")
# Every stage on every runtime that has pods, and what only an option adds.
VARIANTS: dict[str, dict[str, Any]] = {
    **{f"{runtime}-{stage}": {"runtime": runtime, "stage": stage} for runtime in RUNTIMES for stage in STAGES},
    "in-cluster": {"runtime": "kubernetes", "stage": 6, "cache": {"inCluster": True}},
}
# Kinds that Kubernetes itself does not have. Their definitions come with EKS Auto Mode.
CUSTOM = {"NodeClass", "NodePool", "TargetGroupBinding"}


def rendered(helm: Helm, scratch: Path, **changes: Any) -> list[Object]:
    """Every Kubernetes object of the tests' stack with `changes`."""
    found: list[Object] = []
    for one in built(live=True, **changes).values():
        if one.type == HELM:
            chart, release = Path(one.inputs["chart"]).name, one.inputs["name"]
            objects = helm.render(chart, _filled(one.inputs["values"]), scratch, release)
            found += [placed(each, one.inputs["namespace"]) for each in objects]
        elif one.type.startswith("kubernetes:"):
            found.append(_filled(one.inputs))
    return found


def placed(thing: Object, namespace: str) -> Object:
    """An object in a namespace."""
    return {**thing, "metadata": {**thing["metadata"], "namespace": namespace}}


def token(thing: Object) -> str:
    """The type of an object, as the engine writes it."""
    version = thing["apiVersion"]
    return f"kubernetes:{'core/' if '/' not in version else ''}{version}:{thing['kind']}"


def pods(thing: Object) -> Iterator[Object]:
    """The pod that a workload makes, with what its controller adds: the server judges it fully only when it is made."""
    metadata = thing["metadata"]
    for where, template in template_of(thing["kind"], thing):
        if where:
            own = {**template.get("metadata", {}), "name": metadata["name"], "namespace": metadata["namespace"]}
            yield {"apiVersion": "v1", "kind": "Pod", "metadata": own, "spec": template["spec"]}


def _filled(value: Any) -> Any:
    """Values that only the cloud can tell, or that must not be shown, made up."""
    if isinstance(value, Mapping):
        if value == UNKNOWN:
            return MADE_UP
        filled = {key: _filled(item) for key, item in value.items() if not key.startswith("__")}
        for name in ("data", "stringData"):
            if value.get(name) == SECRET:
                filled[name] = {}
        return MADE_UP if value == SECRET else filled
    return [_filled(item) for item in value] if isinstance(value, list) else value
