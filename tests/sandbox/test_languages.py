"""The catalog's data is in its languages: conditions, constraints and templates. A word that is none is refused."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker  # type: ignore[import-untyped]

from catalog import tables

CLUSTER = "aws:rds/cluster:Cluster"


@cache
def _language(name: str) -> Any:
    schema = tables.load("languages.json")
    return Draft7Validator({**schema, "$ref": f"#/definitions/{name}"}, format_checker=FormatChecker())


def _problems(name: str, value: Any) -> list[str]:
    return [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in _language(name).iter_errors(value)
    ]


def test_the_languages_are_schemas() -> None:
    Draft7Validator.check_schema(tables.load("languages.json"))


@pytest.mark.parametrize(
    "file", sorted(f"{one.parent.name}/{one.name}" for one in tables.FOLDER.glob("[cg]*/*.json")), ids=str
)
def test_constraints_are_in_their_language(file: str) -> None:
    assert _problems("constraints", tables.load(file)) == []


def test_conditions_of_a_replacement_are_in_their_language() -> None:
    assert _problems("conditions", tables.load("conditions.json")) == []


def test_templates_and_conditions_of_types_are_in_their_languages() -> None:
    for type_, row in tables.types().items():
        outputs = [*row.get("outputs", {}).values(), *([row["id"]] if "id" in row else [])]
        assert [f"{type_} {one}" for one in outputs if _problems("template", one)] == []
        told = [one for key in ("protected", "unique", "needs") for one in row.get(key, [])] + [row.get("lingers", {})]
        conditions = [one["when"] for one in told if "when" in one]
        assert [f"{type_} {one}" for one in conditions if _problems("condition", one)] == []


@pytest.mark.parametrize(
    ("language", "given"),
    [
        ("constraint", {"path": "a", "range": [1, 2]}),  # no source
        ("constraint", {"path": "a", "source": "x"}),  # tests nothing
        ("constraint", {"path": "a", "rnage": [1, 2], "source": "x"}),
        ("constraint", {"path": "a", "range": [1], "source": "x"}),
        ("constraint", {"path": "a", "pattern": "(", "source": "x"}),
        ("constraint", {"path": "a", "format": "cidr5", "source": "x"}),
        ("constraint", {"path": "a", "one_of": [], "source": "x"}),
        ("constraint", {"conflicts": ["a", "b"], "where": {"path": "c", "set": True}, "source": "x"}),
        ("constraint", {"path": "a", "conflicts": ["a", "b"], "source": "x"}),
        ("condition", {"path": "a", "equal": 1}),
        ("condition", {"path": "a", "equals": 1, "in": [1]}),
        ("condition", {"all": [{"path": "a", "set": True}]}),
        ("condition", {"path": "a", "set": "yes"}),
        ("change", {"change": "grown"}),
        ("change", {"change": "one_of", "from": ["a"]}),
        ("change", {"change": "same_but"}),
        ("change", {"kinds": ["replaces"]}),
        ("template", "arn:{partiton}:rds"),
        ("template", "{hex}"),
        ("template", {"$if": "a"}),
        ("template", {"$eachh": "a", "as": "b"}),
    ],
)
def test_a_mistake_is_refused(language: str, given: Any) -> None:
    assert _problems(language, given)


def test_a_mistake_in_a_file_is_named_by_its_place() -> None:
    table = copy.deepcopy(tables.load("constraints/aws-data.json"))
    table[CLUSTER][0]["lenght"] = [1, 2]
    assert any(one.startswith(f"{CLUSTER}/0: ") and "lenght" in one for one in _problems("constraints", table))
