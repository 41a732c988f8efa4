"""The whole set on the runbooks' tables: what is planned is run, twice changes nothing."""

from __future__ import annotations

from tests.database.support import EXAMPLE, Database


def test_a_second_run_changes_nothing(example: Database) -> None:
    planned = example.command("plan", "--config", str(EXAMPLE), "--json")
    assert planned.code == 0, planned.err
    first = example.command("apply", "--config", str(EXAMPLE), "--json")
    assert first.code == 0, first.err
    assert [one["sql"] for one in first.json["ran"]] == [one["sql"] for one in planned.json["actions"]]
    before = example.snapshot()
    second = example.command("apply", "--config", str(EXAMPLE), "--json")
    assert second.code == 0, second.err
    assert second.json["ran"] == []
    assert example.snapshot() == before
    assert example.invalid() == []
    assert example.command("health", "--config", str(EXAMPLE)).code == 0
    assert example.command("plan", "--config", str(EXAMPLE)).out == "-- nothing to do\n"
