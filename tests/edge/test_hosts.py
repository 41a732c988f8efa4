"""Host names at the edge: each is in the zone, and has a certificate there."""

from __future__ import annotations

from typing import Any

import pytest

from infra.config.problems import SettingsError
from infra.edge.hosts import covered, registered
from tests.unit.configs import settings
from tests.unit.runtime import built, of_type

PACK = "cloudflare:index/certificatePack:CertificatePack"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def at(name: str, zone: str | None = None) -> dict[str, Any]:
    """A domain at Cloudflare."""
    domain = {"name": name, "dns": "cloudflare", "zoneId": "ab" * 16, "zone": zone}
    return {key: value for key, value in domain.items() if value}


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("example.com", "example.com"),
        ("app.example.com", "example.com"),
        ("app.staging.example.com", "example.com"),
        ("example.co.uk", "example.co.uk"),
        ("app.example.co.uk", "example.co.uk"),
        ("app.example.com.au", "example.com.au"),
        # A name of two labels is one that somebody registered, whatever it is.
        ("com.au", "com.au"),
        ("app.net.example.com", "example.com"),
        ("app.co.example", "co.example"),
    ],
)
def test_a_zone_that_nobody_names_is_what_somebody_registered(host: str, zone: str) -> None:
    assert registered(host) == zone


def test_the_universal_certificate_is_for_the_zone_and_one_level_below_it() -> None:
    # The examples of Cloudflare, Universal SSL: limitations, full setup.
    hosts = ("example.com", "www.example.com", "dev.www.example.com", "app3.dev.www.example.com", "anexample.com")
    assert [covered(host, "example.com") for host in hosts] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        (at("app.example.com"), "storage-app.example.com"),
        (at("example.com"), "storage.example.com"),
        (at("app.example.co.uk"), "storage-app.example.co.uk"),
        (at("app.staging.example.com", "staging.example.com"), "storage-app.staging.example.com"),
        (at("staging.example.com", "staging.example.com"), "storage.staging.example.com"),
    ],
)
@pytest.mark.parametrize("stage", [5, 7])
def test_the_storage_host_that_nobody_names_has_a_certificate(stage: int, domain: dict[str, Any], host: str) -> None:
    chosen = settings(stage=stage, domain=domain)
    assert chosen.storage_host == host
    assert covered(host, chosen.domain.zone_name)


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        (
            {"domain": at("app.staging.example.com")},
            "domain.name",
            ['given "app.staging.example.com"', "for example.com and names one level below it", "set domain.zone"],
        ),
        ({"domain": at("app.a.b.example.com", "b.example.com")}, "domain.name", ["for b.example.com and names"]),
        (
            {"edge": {"storageHost": "storage.app.example.com"}},
            "edge.storageHost",
            ['given "storage.app.example.com"', "edge.certificate to advanced or own"],
        ),
        ({"edge": {"storageHost": "storage.example.org"}}, "edge.storageHost", ["in the zone example.com"]),
        (
            {"edge": {"storageHost": "storage.example.org", "certificate": "own"}},
            "edge.storageHost",
            ["in the zone example.com"],
        ),
        ({"edge": {"certificate": "total"}}, "edge.certificate", ["'universal', 'advanced' or 'own'"]),
    ],
)
@pytest.mark.parametrize("stage", [5, 6, 7])
def test_a_host_without_a_certificate_is_refused(
    stage: int, changes: dict[str, Any], key: str, said: list[str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(stage=stage, **changes)
    (message,) = refused.value.problems
    assert message.startswith(f"Pulumi.test.yaml: ascent:{key}: ")
    for words in said:
        assert words in message


@pytest.mark.parametrize("certificate", ["advanced", "own"])
def test_with_another_certificate_a_host_may_be_deeper(certificate: str) -> None:
    edge = {"certificate": certificate, "storageHost": "storage.app.staging.example.com"}
    assert settings(stage=5, domain=at("app.staging.example.com"), edge=edge).storage_host == edge["storageHost"]


def test_before_cloudflare_is_in_front_a_host_may_be_as_deep_as_it_likes() -> None:
    settings(stage=4, domain=at("app.staging.example.com"))


@pytest.mark.parametrize("stage", [5, 7])
def test_every_proxied_host_of_a_default_stack_has_a_certificate(stage: int) -> None:
    found = built(stage=stage, live=True)
    proxied = [one.inputs["name"] for one in of_type(found, RECORD).values() if one.inputs["proxied"]]
    proxied += [one.inputs["name"] for one in of_type(found, "cloudflare:index/loadBalancer:LoadBalancer").values()]
    assert len(proxied) == (2 if stage < 7 else 3)
    assert [host for host in proxied if not covered(host, "example.com")] == []
    assert of_type(found, PACK) == {}


# Ordered before visitors need it: it takes its time to become active.
@pytest.mark.parametrize("stage", [1, 4, 5, 7])
def test_an_advanced_certificate_is_for_all_hosts_and_the_zone(stage: int) -> None:
    edge = {"certificate": "advanced", "storageHost": "storage.app.staging.example.com"}
    found = built(stage=stage, domain=at("app.staging.example.com"), edge=edge)
    (pack,) = of_type(found, PACK).values()
    assert pack.name == "test-edge-certificate"
    assert pack.inputs == {
        "zoneId": "ab" * 16,
        "type": "advanced",
        "hosts": ["app.staging.example.com", "example.com", "storage.app.staging.example.com"],
        "validationMethod": "txt",
        "certificateAuthority": "google",
        "validityDays": 90,
    }


def test_elsewhere_no_certificate_is_ordered_from_cloudflare() -> None:
    zone = {"name": "app.example.com", "dns": "route53", "zoneId": "Z0123456789"}
    assert of_type(built(stage=1, domain=zone, edge={"certificate": "advanced"}), PACK) == {}
