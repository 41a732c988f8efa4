"""What the schemas of the CloudFormation registry say: enums, patterns, ranges, lengths, and what is required."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jsonschema import Draft7Validator, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]

from catalog.values import Unknown
from tests.aws.judges.model import REGISTRY, Finding
from tests.aws.judges.patterns import matches
from tests.aws.shapes import offered, registry_schema
from tests.aws.translate import View

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


def findings(view: View, region: str) -> Iterator[Finding]:
    """What CloudFormation would refuse of the properties."""
    if not offered(view.name, region):
        yield Finding(REGISTRY, view.name, f"{region} does not offer it")
        return
    for error in _validator(view.name).iter_errors(view.value):
        yield Finding(REGISTRY, ".".join([view.name, *(str(one) for one in error.absolute_path)]), error.message[:300])


@cache
def _validator(type_: str) -> Any:
    schema = registry_schema(type_)
    # What AWS computes is in the schema beside what one gives.
    given = {key: one for key, one in schema.items() if key in _KEYWORDS}
    return _Judge(given)


_KEYWORDS = ("additionalProperties", "allOf", "anyOf", "definitions", "oneOf", "properties", "required")


def _unless_unknown(keyword: Keyword) -> Keyword:
    def judged(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError] | None:
        return None if isinstance(instance, Unknown) else keyword(validator, value, instance, schema)

    return judged


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matches(pattern, instance, whole=False):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _unique(validator: Any, unique: bool, instance: Any, schema: Any) -> Iterator[ValidationError] | None:  # noqa: FBT001
    known = [one for one in instance if not isinstance(one, Unknown)] if isinstance(instance, list) else instance
    found: Iterator[ValidationError] | None = Draft7Validator.VALIDATORS["uniqueItems"](
        validator, unique, known, schema
    )
    return found


_OWN: dict[str, Keyword] = {**Draft7Validator.VALIDATORS, "pattern": _pattern, "uniqueItems": _unique}
_Judge = extend(Draft7Validator, {name: _unless_unknown(one) for name, one in _OWN.items()})
