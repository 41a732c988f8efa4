"""Rows of the catalog about Cloudflare: each has a source, and values are those that its provider documents."""

from __future__ import annotations

import json

import pytest

from catalog import constraints, tables
from tests.cloudflare.available import ABOUT, FILE, file


def test_make_facts_would_change_nothing() -> None:
    path, text = file()
    assert path.read_text(encoding="utf-8") == text, "run `make facts`"


def test_every_row_about_cloudflare_has_a_source() -> None:
    rows = [
        (type_, row) for type_, some in tables.constraints().items() if type_.startswith("cloudflare:") for row in some
    ]
    assert rows
    assert [f"{type_}: {json.dumps(row)}" for type_, row in rows if not row.get("source", "").strip()] == []


def test_no_value_is_written_by_hand_that_the_provider_documents() -> None:
    generated = {type_: rows for type_, rows in json.loads(FILE.read_text(encoding="utf-8")).items() if type_ != ABOUT}
    twice = [
        f"{type_}: {row['path']}"
        for type_, rows in tables.documented().items()
        for row in rows
        if "one_of" in row and "when" not in row and row["path"] in [one["path"] for one in generated.get(type_, [])]
    ]
    assert twice == []


@pytest.mark.parametrize(
    ("type_", "inputs", "words"),
    [
        ("cloudflare:index/ruleset:Ruleset", {"kind": "zones", "zoneId": "a"}, "to be one of"),
        ("cloudflare:index/ruleset:Ruleset", {"rules": [{"action": "set_caching", "expression": "true"}]}, "one of"),
        ("cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor", {"type": "udp-icmp"}, "to be one of"),
        ("cloudflare:index/certificatePack:CertificatePack", {"validityDays": 60}, "to be one of"),
    ],
)
def test_a_value_that_the_provider_does_not_document_is_refused(
    type_: str, inputs: dict[str, object], words: str
) -> None:
    reasons = [one.reason for one in constraints.violations(tables.constraints()[type_], inputs)]
    assert any(words in reason for reason in reasons), reasons


def test_a_value_with_an_underscore_is_read_through_the_markdown() -> None:
    rows = json.loads(FILE.read_text(encoding="utf-8"))["cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor"]
    assert rows[0]["one_of"] == ["http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp"]
    assert "*" not in FILE.read_text(encoding="utf-8").replace("[*]", "")
