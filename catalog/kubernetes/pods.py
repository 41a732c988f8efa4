"""Pods, wherever a kind keeps them: what the API server's validation refuses beyond their shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.constraints import Failure
from catalog.kubernetes import names, quantities, tables
from catalog.kubernetes.reading import at, duplicate, each, forbidden, hidden, invalid, mapping, number, required, text
from catalog.values import Properties, Unknown

GRACE = 30  # seconds, where a pod does not say
HANDLERS = ("exec", "grpc", "httpGet", "sleep", "tcpSocket")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
# What of itself a pod may be told.
_FIELD = re.compile(
    r"metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)"
    r"|status\.(hostIPs?|podIPs?)"
)
_LARGEST_MODE, _LARGEST_ID, _LARGEST_WEIGHT = 0o777, 2_147_483_647, 100


def violations(where: str, template: Properties) -> Iterator[Failure]:
    """What is refused in a pod template at `where`; an empty one is the object itself."""
    meta, spec = mapping(template, "metadata"), mapping(template, "spec")
    if where:
        yield from names.labels(f"{where}.labels", mapping(meta, "labels"))
        yield from names.notes(f"{where}.annotations", mapping(meta, "annotations"))
    where = at(where, "spec")
    yield from tables.supported(where, spec, tables.OF_POD)
    for rule in (_identity, _volumes, _spread, _placement, _containers):
        yield from rule(where, spec)


def _identity(where: str, spec: Properties) -> Iterator[Failure]:
    account = text(spec, "serviceAccountName")
    if account:
        yield from names.subdomain(at(where, "serviceAccountName"), account)
    yield from _context(at(where, "securityContext"), mapping(spec, "securityContext"))


def _context(where: str, context: Properties) -> Iterator[Failure]:
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        identity = number(context, name)
        if identity is not None and not 0 <= identity <= _LARGEST_ID:
            yield invalid(at(where, name), identity, f"must be between 0 and {_LARGEST_ID}, inclusive")
    profile = mapping(context, "seccompProfile")
    if text(profile, "type") == "Localhost" and not profile.get("localhostProfile"):
        yield required(f"{where}.seccompProfile.localhostProfile", "must be set when seccomp type is Localhost")
    if context.get("privileged") is True and context.get("allowPrivilegeEscalation") is False:
        yield Failure(
            where, f"{where}: Invalid value: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        )


def _volumes(where: str, spec: Properties) -> Iterator[Failure]:
    seen: set[str] = set()
    for place, volume in each(spec, where, "volumes"):
        name = text(volume, "name")
        if name is not None:
            if name in seen:
                yield duplicate(at(place, "name"), name)
            seen.add(name)
            yield from names.label(at(place, "name"), name)
        kinds = sorted(kind for kind, value in volume.items() if kind != "name" and value is not None)
        for kind in kinds[1:]:
            yield forbidden(at(place, kind), "may not specify more than 1 volume type")
        limit = quantities.amount(mapping(volume, "emptyDir").get("sizeLimit", "0"))
        if limit is not None and limit < 0:
            yield forbidden(f"{place}.emptyDir.sizeLimit", "SizeLimit field must be a valid resource quantity")
        for kind, field in (("secret", "secretName"), ("configMap", "name")):
            source = mapping(volume, kind)
            if kind in kinds and isinstance(volume[kind], dict) and not source.get(field):
                yield required(f"{place}.{kind}.{field}")
            mode = number(source, "defaultMode")
            if mode is not None and not 0 <= mode <= _LARGEST_MODE:
                why = "must be a number between 0 and 0777 (octal), both inclusive"
                yield invalid(f"{place}.{kind}.defaultMode", mode, why)


def _spread(where: str, spec: Properties) -> Iterator[Failure]:
    seen: dict[tuple[str | None, str | None], str] = {}
    for place, one in each(spec, where, "topologySpreadConstraints"):
        skew, how = number(one, "maxSkew"), (text(one, "topologyKey"), text(one, "whenUnsatisfiable"))
        if skew is not None and skew <= 0:
            yield invalid(at(place, "maxSkew"), skew, "must be greater than zero")
        if how[0] == "":
            yield required(at(place, "topologyKey"), "can not be empty")
        if how in seen and None not in how:
            why = f'{{topologyKey, whenUnsatisfiable}}: Duplicate value: "{{{how[0]}, {how[1]}}}"'
            yield Failure(place, f"{seen[how]}.{why}")
        seen.setdefault(how, place)
        if one.get("matchLabelKeys") and one.get("labelSelector") is None:
            yield forbidden(at(place, "matchLabelKeys"), "must not be specified when labelSelector is not set")
        if one.get("minDomains") is not None and how[1] == "ScheduleAnyway":
            why = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
            yield invalid(at(place, "minDomains"), one["minDomains"], why)
        yield from names.selector(at(place, "labelSelector"), mapping(one, "labelSelector"))


def _placement(where: str, spec: Properties) -> Iterator[Failure]:
    for place, toleration in each(spec, where, "tolerations"):
        if text(toleration, "operator") == "Exists" and toleration.get("value"):
            yield invalid(at(place, "operator"), toleration["value"], "value must be empty when `operator` is 'Exists'")
    for kind in ("podAffinity", "podAntiAffinity"):
        base = f"{where}.affinity.{kind}"
        wanted = "preferredDuringSchedulingIgnoredDuringExecution"
        for place, one in each(mapping(mapping(spec, "affinity"), kind), base, wanted):
            weight, term = number(one, "weight"), mapping(one, "podAffinityTerm")
            if weight is not None and not 1 <= weight <= _LARGEST_WEIGHT:
                yield invalid(at(place, "weight"), weight, f"must be in the range 1-{_LARGEST_WEIGHT}")
            if text(term, "topologyKey") == "":
                yield required(f"{place}.podAffinityTerm.topologyKey", "can not be empty")


def _containers(where: str, spec: Properties) -> Iterator[Failure]:
    if spec.get("containers") == []:
        yield required(at(where, "containers"))
    volumes = _volume_names(spec)
    grace = number(spec, "terminationGracePeriodSeconds")
    seen: set[str] = set()
    for group in ("containers", "initContainers"):
        for place, one in each(spec, where, group):
            name = text(one, "name")
            if name is not None:
                if name in seen:
                    yield duplicate(at(place, "name"), name)
                seen.add(name)
                yield from names.label(at(place, "name"), name)
            if not one.get("image"):
                yield required(at(place, "image"))
            yield from _container(place, one, volumes, GRACE if grace is None else grace)
            if group == "initContainers" and text(one, "restartPolicy") != "Always":
                for field in ("lifecycle", *PROBES):
                    if one.get(field) is not None:
                        why = "may not be set for init containers without restartPolicy=Always"
                        yield forbidden(at(place, field), why)


def _volume_names(spec: Properties) -> set[object] | None:
    """Names of all volumes; None where one of them is not known yet."""
    if hidden(spec, "volumes"):
        return None
    names = {one if isinstance(one, Unknown) else one.get("name") for one in spec.get("volumes") or ()}
    return None if any(isinstance(name, Unknown) for name in names) else names


def _container(where: str, one: Properties, volumes: set[object] | None, grace: int) -> Iterator[Failure]:
    yield from tables.supported(where, one, tables.OF_CONTAINER)
    yield from tables.not_negative(where, one, tables.OF_PROBES)
    yield from tables.ports(where, one, tables.OF_PORTS)
    yield from quantities.resources(where, one)
    yield from _context(at(where, "securityContext"), mapping(one, "securityContext"))
    yield from _port_names(where, one)
    yield from _environment(where, one)
    yield from _mounts(where, one, volumes)
    for name in PROBES:
        if isinstance(one.get(name), dict):
            yield from _probe(at(where, name), name, one[name])
    for name, hook in mapping(one, "lifecycle").items():
        if isinstance(hook, dict):
            yield from _hook(f"{where}.lifecycle.{name}", hook, grace)


def _port_names(where: str, one: Properties) -> Iterator[Failure]:
    seen: set[str] = set()
    for place, port in each(one, where, "ports"):
        name = text(port, "name")
        if name:
            if name in seen:
                yield duplicate(at(place, "name"), name)
            seen.add(name)


def _environment(where: str, one: Properties) -> Iterator[Failure]:
    for place, variable in each(one, where, "env"):
        name, source = text(variable, "name"), variable.get("valueFrom")
        if name == "":
            yield required(at(place, "name"))
        if name and ("=" in name or not name.isascii() or not name.isprintable()):
            why = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            yield invalid(at(place, "name"), name, why)
        if not isinstance(source, dict):
            continue
        if variable.get("value"):
            yield invalid(at(place, "valueFrom"), "", "may not be specified when `value` is not empty")
        if not any(source.get(kind) is not None for kind in _SOURCES):
            listed = ", ".join(f"`{kind}`" for kind in _SOURCES[:-1])
            yield invalid(at(place, "valueFrom"), "", f"must specify one of: {listed} or `{_SOURCES[-1]}`")
        field = text(mapping(source, "fieldRef"), "fieldPath")
        if field is not None and not _FIELD.fullmatch(field):
            why = f"error converting fieldPath: field label not supported: {field}"
            yield invalid(f"{place}.valueFrom.fieldRef.fieldPath", field, why)
        for kind in ("configMapKeyRef", "secretKeyRef"):
            reference = mapping(source, kind)
            if text(reference, "name") == "":
                yield from names.subdomain(f"{place}.valueFrom.{kind}.name", "")
            if text(reference, "key") == "":
                yield required(f"{place}.valueFrom.{kind}.key")
    for place, source in each(one, where, "envFrom"):
        for kind in ("configMapRef", "secretRef"):
            if isinstance(source.get(kind), dict) and not source[kind].get("name"):
                yield required(f"{place}.{kind}.name")
        if source.get("configMapRef") is None and source.get("secretRef") is None:
            yield invalid(at(where, "envFrom"), "", "must specify one of: `configMapRef` or `secretRef`")


def _mounts(where: str, one: Properties, volumes: set[object] | None) -> Iterator[Failure]:
    seen: set[str] = set()
    for place, mount in each(one, where, "volumeMounts"):
        name, path = text(mount, "name"), text(mount, "mountPath")
        if name is not None and volumes is not None and name not in volumes:
            yield Failure(at(place, "name"), f'{place}.name: Not found: "{name}"')
        if path is not None:
            if path in seen:
                yield invalid(at(place, "mountPath"), path, "must be unique")
            seen.add(path)
        inside = text(mount, "subPath") or ""
        if inside.startswith("/"):
            yield invalid(f"{where}.volumeMounts.subPath", inside, "must be a relative path")
        if ".." in inside.split("/"):
            yield invalid(f"{where}.volumeMounts.subPath", inside, "must not contain '..'")


def _probe(where: str, name: str, probe: Properties) -> Iterator[Failure]:
    yield from _handler(where, probe)
    successes, grace = number(probe, "successThreshold"), number(probe, "terminationGracePeriodSeconds")
    if name != "readinessProbe":
        if successes is not None and successes > 1:
            yield invalid(at(where, "successThreshold"), successes, "must be 1")
        if grace is not None and grace <= 0:
            yield invalid(at(where, "terminationGracePeriodSeconds"), grace, "must be greater than 0")
    elif grace is not None:
        yield invalid(at(where, "terminationGracePeriodSeconds"), grace, "must not be set for readinessProbes")


def _hook(where: str, hook: Properties, grace: int) -> Iterator[Failure]:
    yield from _handler(where, hook)
    seconds = number(mapping(hook, "sleep"), "seconds")
    if seconds is not None and not 0 <= seconds <= grace:
        why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        yield invalid(at(where, "sleep"), seconds, why)


def _handler(where: str, given: Properties) -> Iterator[Failure]:
    found = [kind for kind in HANDLERS if given.get(kind) is not None]
    if not found:
        yield required(where, "must specify a handler type")
    for kind in found[1:]:
        yield forbidden(at(where, kind), "may not specify more than 1 handler type")
    if isinstance(given.get("exec"), dict) and not given["exec"].get("command"):
        yield required(f"{where}.exec.command")
