"""A zone with somebody else's rules is left alone."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.wiring import build
from tests.unit import runtime
from tests.unit.configs import settings

TOKEN = "cloudflare:index/getRulesets:getRulesets"
CACHE, TRANSFORM = "http_request_cache_settings", "http_request_transform"


def there(name: str, phase: str, kind: str = "zone") -> dict[str, Any]:
    """A list of rules as Cloudflare lists it."""
    return {"id": "f" * 32, "kind": kind, "name": name, "phase": phase, "description": "", "version": "1"}


def declared(monkeypatch: pytest.MonkeyPatch, *rulesets: dict[str, Any], **changes: Any) -> None:
    """Run the program at stage 5 before a zone that has these lists."""
    monkeypatch.setitem(runtime.ANSWERS, TOKEN, {"rulesets": list(rulesets), "results": []})
    runtime.record(lambda: build(settings(stage=5, **changes)))


def test_a_list_of_somebody_elses_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        declared(monkeypatch, there("default", CACHE), there("team rules", "http_ratelimit"))
    message = str(refused.value)
    assert message.startswith("Pulumi.test.yaml: ascent:domain.zoneId: the zone abab")
    assert f"'default' of the phase {CACHE} ({'f' * 32}), 'team rules' of the phase http_ratelimit" in message
    assert "Nothing was changed. Delete each list" in message


def test_ours_managed_ones_and_other_phases_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(
        monkeypatch,
        there("ascent cache", CACHE),
        there("default", TRANSFORM),
        there("Cloudflare Managed Ruleset", "http_request_firewall_managed", kind="managed"),
    )


def test_a_stack_whose_rules_another_writes_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    declared(monkeypatch, there("default", CACHE), edge={"owner": "prod"})
