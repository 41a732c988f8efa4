"""What only Kubernetes checks: objects against the API's own schemas, and what its validation adds to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from sandbox.provider import data, naming, paths
from sandbox.provider.constraints import Failure
from sandbox.provider.schema import Schema
from sandbox.provider.values import DIGEST_PREFIX, Properties, Unknown, has_unknown, plain

if TYPE_CHECKING:
    from jsonschema.protocols import Validator  # type: ignore[import-untyped]

AUTONAMED = "pulumi.com/autonamed"
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUANTITY = re.compile(r"[+-]?(\d+|\d+\.\d*|\.\d+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?\d+))?")
_SUFFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {f"{unit}i": 1024.0 ** (power + 1) for power, unit in enumerate("KMGTPE")}


def kind_of(token: str) -> tuple[str, str]:
    """API version and kind of a type token."""
    _, version, kind = token.split(":", 2)
    return version.removeprefix("core/"), kind


def is_namespaced(token: str) -> bool:
    """Whether objects of this kind live in a namespace."""
    return kind_of(token)[1] not in data.common()["kubernetes"]["cluster_scoped"]


def complete(token: str, inputs: Properties, olds: Properties, urn: str, seed: bytes, config: Properties) -> None:
    """Fill in what the provider sets on every object: apiVersion, kind, name and namespace."""
    if token.startswith("kubernetes:helm.sh/"):
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


@cache
def _validator(version: str, kind: str) -> Validator | None:
    """Validator of a kind, None when the API has no such kind."""
    from importlib.resources import files

    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from referencing import Registry

    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    folder = folder / f"v{data.common()['kubernetes']['version']}.0-local-strict"
    group, _, name = version.rpartition("/")
    file = "-".join(filter(None, [kind.lower(), group.split(".")[0], name]))
    try:
        schema = json.loads((folder / f"{file}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Draft202012Validator(schema, registry=_definitions() @ Registry())


@cache
def _definitions() -> Any:
    from importlib.resources import files

    from referencing import Resource

    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    path = folder / f"v{data.common()['kubernetes']['version']}.0-local-strict" / "_definitions.json"
    return Resource.from_contents(json.loads(path.read_text(encoding="utf-8")))


def failures(schema: Schema, inputs: Properties) -> Iterator[Failure]:
    """Every reason why the API server would refuse this object."""
    if schema.token.startswith("kubernetes:helm.sh/"):
        return
    bare = plain({name: value for name, value in inputs.items() if not name.startswith("__")})
    version, kind = kind_of(schema.token)
    if isinstance(bare.get("metadata"), dict):
        yield from _metadata(bare["metadata"])
    validator = _validator(version, kind)
    if validator is None:
        if not schema.open:
            yield Failure("kind", f'no matches for kind "{kind}" in version "{version}"')
        return
    refused = False
    for error in validator.iter_errors(bare):
        # What is not known yet fits any type.
        if isinstance(error.instance, Unknown):
            continue
        refused = True
        path = tuple(error.absolute_path)
        yield Failure(paths.render(path), _wording(error.validator, error.message, path))
    if not refused:
        yield from _beyond_schema(kind, bare)


def _wording(rule: Any, message: str, path: paths.Path) -> str:
    where = paths.render(path)
    if rule == "additionalProperties":
        names = re.findall(r"'([^']+)'", message.split("(")[-1])
        fields = ", ".join(f'unknown field "{paths.render((*path, name))}"' for name in names)
        return f"strict decoding error: {fields}"
    if rule == "required":
        name = re.findall(r"'([^']+)'", message)[0]
        return f"{paths.render((*path, name))}: Required value"
    return f"{where}: Invalid value: {message}"


def _metadata(metadata: Properties) -> Iterator[Failure]:
    name = metadata.get("name")
    if isinstance(name, str) and (len(name) > 253 or not all(map(_path_safe, name.split(":")))):
        yield Failure(
            "metadata.name",
            f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
            "characters, '-' or '.', and must start and end with an alphanumeric character",
        )
    labels = metadata.get("labels")
    for key, value in labels.items() if isinstance(labels, dict) else ():
        if isinstance(value, str) and not value.startswith(DIGEST_PREFIX):
            yield from _label(("metadata", "labels", key), value)


def _path_safe(part: str) -> bool:
    return bool(_SUBDOMAIN.fullmatch(part))


def _label(path: paths.Path, value: str) -> Iterator[Failure]:
    if len(value) > 63 or not _LABEL_VALUE.fullmatch(value):
        yield Failure(
            paths.render(path),
            f'Invalid value: "{value}": a valid label must be an empty string or at most 63 alphanumeric characters, '
            "'-', '_' or '.', and must start and end with an alphanumeric character",
        )


def _quantity(value: Any) -> float | None:
    text = str(value)
    if not _QUANTITY.fullmatch(text):
        return None
    for suffix, factor in (_BINARY | _SUFFIXES).items():
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * factor
    return float(text)


def _beyond_schema(kind: str, bare: Properties) -> Iterator[Failure]:
    for check in (*_CHECKS.get(kind, ()), _pods):
        yield from check(bare)


def _selector(bare: Properties) -> Iterator[Failure]:
    wanted = paths.get(bare, "spec.selector.matchLabels") or {}
    labels = paths.get(bare, "spec.template.metadata.labels") or {}
    if has_unknown(wanted) or has_unknown(labels):
        return
    if not wanted and not paths.get(bare, "spec.selector.matchExpressions"):
        yield Failure("spec.selector", "spec.selector: Invalid value: {}: empty selector is invalid for a workload")
    if any(labels.get(key) != value for key, value in wanted.items()):
        yield Failure(
            "spec.template.metadata.labels",
            f"spec.template.metadata.labels: Invalid value: {json.dumps(labels)}: "
            "`selector` does not match template `labels`",
        )


def _bounds(bare: Properties) -> Iterator[Failure]:
    low, high = paths.get(bare, "spec.minReplicas"), paths.get(bare, "spec.maxReplicas")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Failure(
            "spec.maxReplicas",
            f"spec.maxReplicas: Invalid value: {high}: must be greater than or equal to `minReplicas`",
        )


def _budget(bare: Properties) -> Iterator[Failure]:
    spec = bare.get("spec")
    if isinstance(spec, dict) and spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield Failure("spec", "spec: Invalid value: minAvailable and maxUnavailable cannot be both set")


def _service(bare: Properties) -> Iterator[Failure]:
    ports = paths.get(bare, "spec.ports") or []
    external = paths.get(bare, "spec.type") == "ExternalName"
    if not ports and not external and paths.get(bare, "spec.clusterIP") != "None":
        yield Failure("spec.ports", "spec.ports: Required value")
    if isinstance(ports, list) and len(ports) > 1:
        for index, port in enumerate(ports):
            if isinstance(port, dict) and not port.get("name"):
                yield Failure(f"spec.ports[{index}].name", f"spec.ports[{index}].name: Required value")
    name = paths.get(bare, "metadata.name")
    if isinstance(name, str) and (len(name) > 63 or not _LABEL.fullmatch(name)):
        yield Failure(
            "metadata.name", f'metadata.name: Invalid value: "{name}": a DNS-1035 label must be at most 63 characters'
        )


def _cron(bare: Properties) -> Iterator[Failure]:
    schedule = paths.get(bare, "spec.schedule")
    fields = schedule.split() if isinstance(schedule, str) else []
    if isinstance(schedule, str) and not schedule.startswith("@") and len(fields) != 5:
        yield Failure(
            "spec.schedule",
            f'spec.schedule: Invalid value: "{schedule}": expected exactly 5 fields, found {len(fields)}: {fields}',
        )
    name = paths.get(bare, "metadata.name")
    if isinstance(name, str) and len(name) > 52:
        yield Failure("metadata.name", f'metadata.name: Invalid value: "{name}": must be no more than 52 characters')


_POD_PATHS = ("spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec")


def _pods(bare: Properties) -> Iterator[Failure]:
    """Containers, wherever this kind keeps its pod."""
    for base in _POD_PATHS:
        pod = paths.get(bare, base)
        if not isinstance(pod, dict) or not isinstance(pod.get("containers"), list):
            continue
        volumes = {item.get("name") for item in pod.get("volumes") or [] if isinstance(item, dict)}
        seen: set[str] = set()
        for group in ("initContainers", "containers"):
            for index, container in enumerate(pod.get(group) or []):
                if not isinstance(container, dict):
                    continue
                where = f"{base}.{group}[{index}]"
                name = container.get("name")
                if isinstance(name, str) and name in seen:
                    yield Failure(f"{where}.name", f'{where}.name: Duplicate value: "{name}"')
                if isinstance(name, str):
                    seen.add(name)
                yield from _container(where, container, volumes)


def _container(where: str, container: Properties, volumes: set[Any]) -> Iterator[Failure]:
    resources = container.get("resources")
    resources = resources if isinstance(resources, dict) else {}
    amounts: dict[str, dict[str, float]] = {"requests": {}, "limits": {}}
    for side, known in amounts.items():
        wanted = resources.get(side)
        for name, value in wanted.items() if isinstance(wanted, dict) else ():
            if has_unknown(value):
                continue
            amount = _quantity(value)
            if amount is None:
                at = f"{where}.resources.{side}.{name}"
                yield Failure(at, f"{at}: quantities must match the regular expression {_QUANTITY.pattern}")
            else:
                known[name] = amount
    for name, amount in amounts["requests"].items():
        if name in amounts["limits"] and amount > amounts["limits"][name]:
            yield Failure(
                f"{where}.resources.requests",
                f'{where}.resources.requests: Invalid value: "{resources["requests"][name]}": '
                f"must be less than or equal to {name} limit of {resources['limits'][name]}",
            )
    for index, mount in enumerate(container.get("volumeMounts") or []):
        name = mount.get("name") if isinstance(mount, dict) else None
        if isinstance(name, str) and name not in volumes and not has_unknown(list(volumes)):
            yield Failure(
                f"{where}.volumeMounts[{index}].name", f'{where}.volumeMounts[{index}].name: Not found: "{name}"'
            )


_CHECKS: dict[str, tuple[Callable[[Properties], Iterator[Failure]], ...]] = {
    "Deployment": (_selector,),
    "StatefulSet": (_selector,),
    "DaemonSet": (_selector,),
    "ReplicaSet": (_selector,),
    "HorizontalPodAutoscaler": (_bounds,),
    "PodDisruptionBudget": (_budget,),
    "Service": (_service,),
    "CronJob": (_cron,),
}
