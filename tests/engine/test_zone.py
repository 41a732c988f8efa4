"""Three stacks in one account and one zone: each comes, grows and goes, and touches nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.commands.engine import QUICK, Result, Sandbox
from tests.engine.world import existing

ZONE = "0123456789abcdef0123456789abcdef"
RULESET, CONNECTOR = "cloudflare:index/ruleset:Ruleset", "cloudflare:index/cloudConnectorRules:CloudConnectorRules"
Things = dict[tuple[str, str], Any]


def stack(home: Path, name: str, host: str, **more: Any) -> Sandbox:
    """A stack of the three, in the common world."""
    same = {"regions": ["us-east-1"], "runtime": "ec2", "protect": False, "fleet": {}, "hpa": {}, "database": {}}
    domain = {"name": host, "dns": "cloudflare", "zoneId": ZONE}
    overrides = {**same, "domain": domain, "rollout": {"blue": {"image": "example/app:1.0.0", "weight": 100}}, **more}
    return Sandbox(home, name, overrides=overrides, environment=dict(QUICK))


def things(box: Sandbox) -> Things:
    """Everything that exists, by type and id."""
    return {
        (token, key.partition("@")[0]): entry
        for by_type in box.world().get("resources", {}).values()
        for token, entries in by_type.items()
        for key, entry in entries.items()
    }


def owned(box: Sandbox) -> set[tuple[str, str]]:
    """What a stack's state holds, by type and id."""
    return {(one["type"], one["id"]) for one in box.resources() if one.get("id")}


@contextmanager
def alone(box: Sandbox) -> Iterator[None]:
    """Whatever changes in the world meanwhile is the stack's."""
    before, had = things(box), owned(box)
    yield
    after, has = things(box), owned(box)
    changed = {what for what in before.keys() | after.keys() if before.get(what) != after.get(what)}
    strange = {(token.partition("!")[0], identifier) for token, identifier in changed} - had - has
    assert strange == set()


def fine(result: Result) -> None:
    """A run went well."""
    assert result.ok, result.output


def of_type(box: Sandbox, token: str) -> list[dict[str, Any]]:
    """Inputs of everything of a type."""
    return [entry["inputs"] for (kind, _), entry in things(box).items() if kind == token]


def test_three_stacks_share_a_zone_and_touch_nothing_of_each_other(tmp_path: Path) -> None:
    dev = stack(tmp_path, "dev", "app-dev.example.com")
    staging = stack(tmp_path, "staging", "app-staging.example.com", edge={"owner": "prod"})
    prod = stack(tmp_path, "prod", "app.example.com", edge={})
    with alone(dev):
        fine(dev.up(1))
    with alone(staging):
        fine(staging.up(4))
    # What the owner of the rules lists is what the other stack says of itself, and before anybody comes by them.
    prod.overrides["edge"] = {"sites": {"staging": staging.outputs()["edgeSite"]}}
    with alone(prod):
        fine(prod.up(5))
    with alone(staging):
        fine(staging.up(5))

    rulesets = of_type(prod, RULESET)
    assert {one["zoneId"] for one in rulesets} == {ZONE}
    assert len({one["phase"] for one in rulesets}) == len(rulesets)
    for ruleset in rulesets:
        said = " ".join(rule["expression"] for rule in ruleset["rules"])
        # The free plan's rate limits know no host.
        if ruleset["phase"] != "http_ratelimit":
            assert '"app.example.com"' in said
            assert '"app-staging.example.com"' in said
        assert "app-dev" not in said
    (connector,) = of_type(prod, CONNECTOR)
    asked = [rule["expression"].split('"')[1] for rule in connector["rules"]]
    assert asked == ["storage-app.example.com"] * 2 + ["storage-app-staging.example.com"] * 2
    assert len({rule["parameters"]["host"] for rule in connector["rules"]}) == 4
    again = prod.preview(5)
    fine(again)
    assert again.changes == {}

    with alone(staging):
        fine(staging.destroy())
    prod.overrides["edge"] = {}
    with alone(prod):
        fine(prod.up(5))
    assert not [one for one in of_type(prod, RULESET) if "staging" in str(one)]
    for box in (prod, dev):
        with alone(box):
            fine(box.destroy())
    assert existing(dev) == []
