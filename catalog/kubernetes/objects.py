"""What an object is: its kind, its name, and what the provider sets on each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog import naming, tables
from catalog.kubernetes.reading import at, mapping
from catalog.values import Properties, Unknown, plain

AUTONAMED = "pulumi.com/autonamed"
HELM = "kubernetes:helm.sh/"
# Where a kind keeps its pod: by kind, else as most workloads do.
_TEMPLATES = {
    "Pod": (),
    "PodTemplate": ("template",),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_WORKLOADS = ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet")


def kind_of(token: str) -> tuple[str, str]:
    """API version and kind of a type token."""
    _, version, kind = token.split(":", 2)
    return version.removeprefix("core/"), kind


def is_namespaced(token: str) -> bool:
    """Whether objects of this kind live in a namespace."""
    return kind_of(token)[1] not in tables.common()["kubernetes"]["cluster_scoped"]


def complete(token: str, inputs: Properties, olds: Properties, urn: str, seed: bytes, config: Properties) -> None:
    """Fill in what the provider sets on every object: apiVersion, kind, name and namespace."""
    if token.startswith(HELM):
        return
    version, kind = kind_of(token)
    inputs.setdefault("apiVersion", version)
    inputs.setdefault("kind", kind)
    metadata = inputs.get("metadata")
    if metadata is None or isinstance(metadata, dict):
        metadata = inputs["metadata"] = dict(metadata or {})
        _name(token, metadata, olds.get("metadata") or {}, urn, seed)
        if is_namespaced(token) and "namespace" not in metadata:
            metadata["namespace"] = config.get("namespace") or "default"


def _name(token: str, metadata: Properties, old: Properties, urn: str, seed: bytes) -> None:
    if "name" in metadata or "generateName" in metadata:
        return
    annotations = metadata.get("annotations")
    if isinstance(annotations, Unknown):
        return
    was_automatic = (plain(old.get("annotations")) or {}).get(AUTONAMED) == "true"
    base = urn.rsplit("::", 1)[-1]
    metadata["name"] = (
        old["name"] if was_automatic and old.get("name") else f"{base}-{naming.suffix('kubernetes', token, urn, seed)}"
    )
    metadata["annotations"] = {**(annotations or {}), AUTONAMED: "true"}


def object_id(inputs: Properties) -> str:
    """`namespace/name`, or the name alone."""
    metadata = plain(inputs.get("metadata")) or {}
    name = str(metadata.get("name") or f"{metadata.get('generateName', '')}")
    return f"{metadata['namespace']}/{name}" if metadata.get("namespace") else name


def template_of(kind: str, bare: Properties) -> Iterator[tuple[str, Properties]]:
    """Path and content of the pod template that an object of this kind has, where it has one; a Pod is its own."""
    path = _TEMPLATES.get(kind, ("spec", "template") if kind in _WORKLOADS else None)
    if path is None:
        return
    where, found = "", bare
    for name in path:
        found, where = mapping(found, name), at(where, name)
    yield where, _with_claims(mapping(bare, "spec"), found) if kind == "StatefulSet" else found


def _with_claims(owner: Properties, template: Properties) -> Properties:
    """A StatefulSet's pods get a volume for each claim, in place of one of the same name."""
    spec, claims = mapping(template, "spec"), owner.get("volumeClaimTemplates") or []
    volumes = spec.get("volumes") or []
    if not claims or isinstance(volumes, Unknown):
        return template
    if isinstance(claims, Unknown):
        return {**template, "spec": {**spec, "volumes": claims}}
    claimed = [one if isinstance(one, Unknown) else _claimed(mapping(one, "metadata").get("name")) for one in claims]
    names = {one["name"] for one in claimed if isinstance(one, dict)}
    kept = [one for one in volumes if isinstance(one, Unknown) or one.get("name") not in names]
    return {**template, "spec": {**spec, "volumes": [*kept, *claimed]}}


def _claimed(name: Any) -> Properties:
    return {"name": name, "persistentVolumeClaim": {"claimName": name}}
