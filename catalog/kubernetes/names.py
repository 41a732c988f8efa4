"""The forms that names, labels and the like must have, in the API server's words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.constraints import Failure
from catalog.kubernetes.reading import at, invalid, mapping, required, text
from catalog.values import DIGEST_PREFIX, Properties

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PERCENT = re.compile(r"[0-9]+%")
_LONGEST_LABEL, _LONGEST_NAME, _LONGEST_PORT, _LARGEST_PORT = 63, 253, 15, 65535
_EVERYTHING = 100
_ANNOTATIONS = 262_144  # bytes, all of them together
# Kinds whose names are shorter or simpler than others', and how.
_LABELLED = {"Namespace": _LONGEST_LABEL, "Service": _LONGEST_LABEL}
_LIMITED = {"CronJob": 52}


def subdomain(where: str, value: str) -> Iterator[Failure]:
    """A name as most objects have it."""
    if not _SUBDOMAIN.fullmatch(value):
        yield invalid(
            where,
            value,
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
            "start and end with an alphanumeric character",
        )
    if len(value) > _LONGEST_NAME:
        yield invalid(where, value, f"must be no more than {_LONGEST_NAME} characters")


def label(where: str, value: str) -> Iterator[Failure]:
    """A name without dots."""
    if "." in value:
        yield invalid(where, value, "must not contain dots")
    elif not _LABEL.fullmatch(value):
        yield invalid(
            where,
            value,
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
            "end with an alphanumeric character",
        )
    if len(value) > _LONGEST_LABEL:
        yield invalid(where, value, f"must be no more than {_LONGEST_LABEL} characters")


def qualified(where: str, value: str) -> Iterator[Failure]:
    """A key of a label or an annotation: a name, after an optional domain and a slash."""
    domain, slash, name = value.rpartition("/")
    if "/" in domain:
        yield invalid(
            where,
            value,
            "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
            "an alphanumeric character",
        )
        return
    if slash and not _SUBDOMAIN.fullmatch(domain):
        yield invalid(
            where,
            value,
            "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
            "'.', and must start and end with an alphanumeric character",
        )
    if not _QUALIFIED.fullmatch(name):
        yield invalid(
            where,
            value,
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character",
        )
    if len(name) > _LONGEST_LABEL:
        yield invalid(where, value, f"name part must be no more than {_LONGEST_LABEL} characters")


def labels(where: str, given: Properties) -> Iterator[Failure]:
    """Labels, or a selector's."""
    for key, value in given.items():
        yield from qualified(where, key)
        if not isinstance(value, str) or value.startswith(DIGEST_PREFIX):
            continue
        if not _VALUE.fullmatch(value):
            yield invalid(
                where,
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                "must start and end with an alphanumeric character",
            )
        if len(value) > _LONGEST_LABEL:
            yield invalid(where, value, f"must be no more than {_LONGEST_LABEL} characters")


def selector(where: str, given: Properties) -> Iterator[Failure]:
    """A label selector."""
    yield from labels(at(where, "matchLabels"), mapping(given, "matchLabels"))
    expressions = given.get("matchExpressions")
    for index, one in enumerate(expressions if isinstance(expressions, list) else ()):
        if isinstance(one, dict) and one.get("operator") in ("In", "NotIn") and not one.get("values"):
            place = at(at(at(where, "matchExpressions"), index), "values")
            yield required(place, "must be specified when `operator` is 'In' or 'NotIn'")


def port(where: str, value: object) -> Iterator[Failure]:
    """A port's number or name."""
    if isinstance(value, int) and not 1 <= value <= _LARGEST_PORT:
        yield invalid(where, value, f"must be between 1 and {_LARGEST_PORT}, inclusive")
    if not isinstance(value, str):
        return
    if len(value) > _LONGEST_PORT:
        yield invalid(where, value, f"must be no more than {_LONGEST_PORT} characters")
    if not re.fullmatch(r"[a-z0-9-]+", value):
        yield invalid(where, value, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", value):
        yield invalid(where, value, "must contain at least one letter (a-z)")


def share(where: str, value: object) -> Iterator[Failure]:
    """A number, or percent of what there is."""
    if isinstance(value, int) and value < 0:
        yield invalid(where, value, "must be greater than or equal to 0")
    if not isinstance(value, str):
        return
    if not _PERCENT.fullmatch(value):
        yield invalid(where, value, "a valid percent string must be a numeric string followed by an ending '%'")
    elif int(value[:-1]) > _EVERYTHING:
        yield invalid(where, value, "must not be greater than 100%")


def metadata(kind: str, bare: Properties) -> Iterator[Failure]:
    """What every object has."""
    meta = mapping(bare, "metadata")
    name = text(meta, "name")
    if name is not None:
        if kind in _LABELLED:
            yield from label("metadata.name", name)
        else:
            # Some kinds, such as roles, have colons in their names.
            for part in name.split(":"):
                yield from subdomain("metadata.name", part)
        if len(name) > _LIMITED.get(kind, _LONGEST_NAME):
            yield invalid("metadata.name", name, f"must be no more than {_LIMITED.get(kind, _LONGEST_NAME)} characters")
    yield from labels("metadata.labels", mapping(meta, "labels"))
    yield from notes("metadata.annotations", mapping(meta, "annotations"))


def notes(where: str, given: Properties) -> Iterator[Failure]:
    """Annotations: their keys, and how much they are together."""
    for key in given:
        yield from qualified(where, key.lower())
    size = sum(len(key.encode()) + len(value.encode()) for key, value in given.items() if isinstance(value, str))
    if size > _ANNOTATIONS:
        yield Failure(where, f"{where}: Too long: may not be more than {_ANNOTATIONS} bytes")
