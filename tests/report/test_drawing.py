"""The drawing: what is in it at which stage, and that it can be read in light and dark."""

from __future__ import annotations

from itertools import product
from xml.etree import ElementTree as ET

import pytest

from infra.stages import STAGES
from ops.drawing.canvas import DARK, LIGHT, ON
from ops.drawing.picture import picture
from tests.report.stacks import stack

SVG = "{http://www.w3.org/2000/svg}"
# What a stack has from which stage on, by README's table of stages.
FROM = {"Cloudflare": 5, "Readers": 4, "Valkey, 2 nodes": 6, "eu-west-1": 7, "ap-southeast-2": 7, "9 queues": 6}


def texts(stage: int, runtime: str = "ec2", **options: bool) -> list[str]:
    found = stack(stage, runtime).here
    root = ET.fromstring(picture(found.settings, found.plan.resources, **options))  # noqa: S314
    return [str(one.text) for one in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_has_what_it_adds(stage: int, *, narrow: bool) -> None:
    found = texts(stage, narrow=narrow)
    # The cache has another node at the last stage.
    wanted = {name for name, first in FROM.items() if first <= stage} - ({"Valkey, 2 nodes"} if stage == 7 else set())
    assert set(found) & set(FROM) == wanted
    assert "Aurora writer" in found
    assert ("RDS Proxy" in found) is (stage >= 2)
    assert ("DNS record" in found) is (stage < 5)


@pytest.mark.parametrize(
    ("runtime", "there", "missing"),
    [
        ("ec2", {"RDS Proxy", "4 to 15 instances"}, {"PgBouncer", "4 to 15 pods"}),
        ("kubernetes", {"PgBouncer", "4 to 15 pods"}, {"RDS Proxy", "4 to 15 instances"}),
        ("both", {"RDS Proxy", "4 to 15 instances", "PgBouncer", "4 to 15 pods"}, set()),
    ],
)
def test_each_runtime_has_its_own_parts(runtime: str, there: set[str], missing: set[str]) -> None:
    found = set(texts(5, runtime))
    assert there <= found
    assert not missing & found


def test_what_is_hosted_elsewhere_is_not_drawn_as_ours() -> None:
    found = stack(4, externalDatabase={"directUrl": "postgresql://u:p@h/d", "pooledUrl": "postgresql://u:p@h/d"}).here
    text = picture(found.settings, found.plan.resources)
    assert "Hosted elsewhere:" in text
    assert "data subnets" not in text
    assert "Aurora" not in text
    assert "RDS Proxy" not in text


def test_who_does_not_see_it_is_told_the_way_of_a_request() -> None:
    found = stack(4).here
    root = ET.fromstring(picture(found.settings, found.plan.resources))  # noqa: S314
    said = root.get("aria-label", "")
    parts = [
        "From visitors to the data: DNS record",
        "Load balancer",
        "3 to 10 instances",
        "RDS Proxy",
        "Aurora writer",
    ]
    assert [said.index(one) for one in parts] == sorted(said.index(one) for one in parts)


def test_after_a_failover_the_writer_is_where_it_is() -> None:
    found = stack(7, unrendered={"writer": "eu-west-1", "unreachable": "us-east-1"}).here
    root = ET.fromstring(picture(found.settings, found.plan.resources))  # noqa: S314
    said = [str(one.text) for one in root.iter(f"{SVG}text")]
    assert "us-east-1, lost" in said
    assert {"Aurora replica", "writes: eu-west-1", "takes the writes"} <= set(said)
    assert "Aurora writer" not in said
    assert "reads here, writes in eu-west-1" in said


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_stands_out(colors: dict[str, str]) -> None:
    """By WCAG 2.2, 1.4.3: 4.5 to 1 for text of this size."""
    behind = ("page", "box", "public", "private", "data", "away")
    pairs = [(colors[text], colors[area]) for text, area in product(("ink", "soft"), behind)]
    for text, area in [*pairs, (ON, colors["now"])]:
        light, dark = sorted((_luminance(text), _luminance(area)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, area)


def _luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
