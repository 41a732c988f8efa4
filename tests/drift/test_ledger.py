"""The ledger and the program say the same, and every row is about something that exists."""

from __future__ import annotations

from typing import Any

import yaml

from catalog import paths
from catalog.schema import resource_schema
from infra.config.settings import Settings
from ops.drift.adopt import SOURCES, line
from ops.drift.ledger import LEDGER
from tests.unit.runtime import built


def test_what_the_program_ignores_is_in_the_ledger_and_the_other_way_round() -> None:
    recorded = built(stage=7, runtime="both", live=True).values()
    ignored = {(one.type, path) for one in recorded for path in one.ignored}
    assert {(one.type, one.path) for one in LEDGER if one.ignored} == ignored


def test_what_the_program_leaves_out_it_leaves_to_the_owner() -> None:
    recorded = built(stage=7, runtime="both", live=True).values()
    left = [one for one in LEDGER if not (one.ignored or one.in_rollout)]
    for row in left:
        assert [one.name for one in recorded if one.type == row.type and paths.get(dict(one.inputs), row.path)] == []


def test_every_row_names_a_property_that_its_type_has_and_says_who_and_why() -> None:
    for type_, path in [(row.type, row.path) for row in LEDGER] + [(source.type, source.path) for source in SOURCES]:
        schema = resource_schema(type_)
        assert schema, type_
        place = paths.parse(path)
        assert schema.at(place) or place[0] in schema.outputs, (type_, path)
    assert all(row.owner and row.reason.endswith(".") for row in LEDGER)
    assert len({(row.type, row.path) for row in LEDGER}) == len(LEDGER)


def test_the_line_to_keep_something_sets_exactly_that() -> None:
    changes: dict[str, Any] = {
        "fleet": {"minimum": 7, "maximum": 11},
        "workers": {"minimum": 3, "maximum": 13},
        "hpa": {"minimum": 5, "maximum": 17},
        "readers": {"minimum": 3, "maximum": 7},
        "database": {"minAcu": 5, "maxAcu": 48, "engineVersion": "16.10"},
        "cache": {"nodeType": "cache.r7g.xlarge", "nodes": 4},
    }
    before, after = built(stage=6, runtime="both", live=True), built(stage=6, runtime="both", **changes)
    proven = set()
    for urn, one in after.items():
        for source in SOURCES:
            if urn not in before or source.type != one.type or not one.name.endswith(source.suffix):
                continue
            was, now = (paths.get(dict(side[urn].inputs), source.path) for side in (before, after))
            kept = line(one.type, one.name, source.path, now)
            if was != now and kept is not None and kept.startswith(f"ascent:{source.key}: "):
                group, _, key = source.key.partition(".")
                # As the file is read: a version is no number.
                assert yaml.safe_load(kept.partition(": ")[2]) == changes[group][key] == now, source
                proven.add(source.key)
    assert proven == {f"{group}.{key}" for group, keys in changes.items() for key in keys}


def test_every_key_that_keeps_something_is_one_of_the_stacks_file() -> None:
    groups = {field.alias: field.annotation for field in Settings.model_fields.values()}
    for source in SOURCES:
        group, _, key = source.key.partition(".")
        assert f"'{key}'" in str(_keys(groups[group])), source


def _keys(annotation: Any) -> list[str]:
    """Keys of a group, which may be optional."""
    models = [one for one in (annotation, *getattr(annotation, "__args__", ())) if hasattr(one, "model_fields")]
    return [str(field.alias or name) for model in models for name, field in model.model_fields.items()]
