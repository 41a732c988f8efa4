"""Shapes read from the SDKs, and the tables that refer to them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from catalog import paths, schema, tables
from tests.unit.runtime import built

_CUSTOM = "kubernetes:apiextensions.k8s.io:CustomResource"
_TOKENS = [token for token in tables.replacement() if token != _CUSTOM]


def _schema(token: str) -> schema.Schema:
    found = schema.resource_schema(token)
    assert found is not None, token
    return found


@pytest.mark.parametrize("token", _TOKENS)
def test_every_fact_about_replacement_is_about_a_property_that_exists(token: str) -> None:
    row = tables.replacement()[token]
    known = _schema(token)
    named = [*row["replace"], *(item["property"] for item in [*row["conditional"], *row.get("errors", [])])]
    assert [path for path in named if known.at(paths.parse(path)) is None] == []


@pytest.mark.parametrize(("stage", "runtime"), [(1, "ec2"), (5, "kubernetes"), (7, "both")])
def test_every_planned_type_has_facts_about_replacement(stage: int, runtime: str) -> None:
    """Without them, a change that replaces would look like one in place."""
    types = {one.type for one in built(stage=stage, runtime=runtime, live=True).values()}
    ours = ("ascent:", "kubernetes:", "pulumi:")  # components; by the row of all objects; the stack and its providers
    assert sorted(one for one in types - tables.replacement().keys() if not one.startswith(ours)) == []


@pytest.mark.parametrize("token", sorted(tables.types()))
def test_every_table_row_is_about_properties_that_exist(token: str) -> None:
    row, known = tables.types()[token], _schema(token)
    inputs = [
        *row.get("sets", ()),
        *row.get("computed", ()),
        *row.get("references", ()),
        *(path for rule in row.get("unique", ()) for path in rule["paths"]),
    ]
    assert [path for path in inputs if known.at(paths.parse(path)) is None] == []
    outputs = {*known.outputs, *known.inputs}
    assert [path for path in row.get("outputs", ()) if path.split(".")[0] not in outputs] == []
    assert [name for name in row.get("changes", ()) if name not in outputs] == []
    assert [name for name in row.get("secrets", ()) if name not in outputs] == []
    if row.get("name"):
        assert row["name"]["property"] in known.inputs


@pytest.mark.parametrize("token", sorted(tables.constraints()))
def test_every_rule_is_about_a_property_that_exists(token: str) -> None:
    known = _schema(token)
    relations = ("conflicts", "exactly_one", "at_least_one", "together", "required", "forbidden", "ascending", "unique")
    wrong = []
    for rule in tables.constraints()[token]:
        base = f"{rule['in_each']}." if "in_each" in rule else ""
        named = [rule["path"]] if "path" in rule else []
        named += [base + path for key in (*relations, "strictly_ascending") for path in rule.get(key, ())]
        named += rule.get("product", {}).get("of", ())
        wrong += [path for path in named if known.at(paths.parse(path)) is None]
    assert wrong == []


@pytest.mark.parametrize("token", sorted(set(tables.conditions()) - {"*"}))
def test_every_machine_readable_condition_belongs_to_a_fact(token: str) -> None:
    row = tables.replacement()[token]
    kinds = {(item["property"], item["kind"]) for item in row["conditional"]}
    kinds |= {(item["property"], "errors") for item in row.get("errors", [])}
    stated = {(name, kind) for name, rule in tables.conditions()[token].items() for kind in rule["kinds"]}
    assert stated <= kinds


def test_nested_types_requirements_and_secrets_are_read() -> None:
    listener = _schema("aws:lb/listener:Listener")
    assert listener.inputs["defaultActions"].required
    assert listener.at(paths.parse("defaultActions[*].forward.targetGroups[*].weight")) == "integer"
    assert listener.at(paths.parse("defaultActions[*].nonsense")) is None
    assert _schema("random:index/randomPassword:RandomPassword").secrets == {"result", "bcryptHash"}
    assert _schema("kubernetes:apps/v1:Deployment").at(paths.parse("spec.template.metadata.labels.app")) == "string"


def test_a_damaged_cache_is_read_past(schemas: Path) -> None:
    token = "aws:ec2/vpc:Vpc"
    # Whatever another test has asked for before.
    schema.resource_schema.cache_clear()
    first = _schema(token)
    files = list(schemas.rglob("aws-ec2-vpc*.json"))
    assert files
    files[0].write_text("{ not json")
    schema.resource_schema.cache_clear()
    assert _schema(token) == first


def test_an_unwritable_cache_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    schema.resource_schema.cache_clear()
    assert schema.resource_schema("aws:sqs/queue:Queue") is not None


def test_an_extension_to_kubernetes_is_a_type() -> None:
    found = schema.resource_schema("kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding")
    assert found is not None
    assert found.open
    assert schema.resource_schema("kubernetes:apps/v1:Deploymint") is None


@pytest.mark.parametrize("file", sorted(tables.FOLDER.rglob("*.json")), ids=lambda file: file.name)
def test_no_row_is_there_twice(file: Path) -> None:
    # The last of two would count, and say nothing.
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert [key for key, count in Counter(key for key, _ in pairs).items() if count > 1] == []
        return dict(pairs)

    json.loads(file.read_text(), object_pairs_hook=once)
