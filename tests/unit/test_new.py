"""`ascent new`: what it writes is accepted and plans, and nothing is ever written over."""

from __future__ import annotations

import json
import sys
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from infra.addressing import PRIVATE
from infra.regions import REGIONS
from ops import new_stack, stackfile
from ops.cli import app
from ops.engine.render import render
from ops.new_stack import Answers

ZONES = {"cloudflare": "00000000000000000000000000000123", "route53": "Z0123456789ABCDEFGHIJ"}
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
GIVEN = {
    "--stack": "shop",
    "--domain": "shop.example.org",
    "--dns": "route53",
    "--zone-id": ZONES["route53"],
    "--region": "eu-central-1",
    "--image": "public.ecr.aws/acme/shop:1.0.0",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one stack, and nothing else."""
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    monkeypatch.setattr("scripts.arguments.ROOT", tmp_path)
    prod = Path(__file__).parents[2] / "Pulumi.prod.yaml"
    (tmp_path / prod.name).write_text(prod.read_text())
    return tmp_path


def run(options: dict[str, str], *more: str, answers: str = "") -> Result:
    line = [word for pair in options.items() for word in pair]
    return CliRunner().invoke(app, ["new", *line, *more], input=answers)


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    dns = draw(st.sampled_from(["cloudflare", "route53", "external"]))
    stage = draw(st.integers(1, 4 if dns != "cloudflare" else 7))
    label = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
    host, company = draw(label), draw(label)
    ecr = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/{draw(label)}"
    return Answers(
        stack=draw(st.from_regex(r"[a-z](-?[a-z0-9]){0,6}", fullmatch=True)),
        domain=f"{host}.{company}.org",
        dns=dns,
        zone_id=ZONES.get(dns),
        zone=draw(st.sampled_from([None, f"{company}.org"])),
        certificate_arn=CERTIFICATE if dns == "external" else None,
        # At most as many as an Aurora Global Database has; one where the image is in one region alone.
        regions=tuple(draw(st.lists(st.sampled_from(sorted(REGIONS)), min_size=1, max_size=5, unique=True))),
        stage=stage,
        runtime=draw(st.sampled_from(["ec2", "kubernetes", "both"])),
        image=f"{draw(st.sampled_from(['ghcr.io/acme/shop', *([] if stage == 7 else [ecr])]))}:{draw(label)}",
        cidr=None,
        api_cidrs=draw(st.sampled_from([(), ("203.0.113.0/24",), ("203.0.113.0/24", "198.51.100.7/32")])),
        account=draw(st.sampled_from([None, "012345678901"])),
        alerts=draw(st.sampled_from([(), ("a@example.org",), ("a@example.org", "b@example.org")])),
    )


@given(answers())
def test_whatever_is_answered_is_a_file_that_says_it(given: Answers) -> None:
    others = [IPv4Network("10.0.0.0/11"), IPv4Network("10.32.0.0/11")]
    chosen = new_stack.network(given.regions, others)
    content = new_stack.text(given, chosen)
    # Pulumi moves comments behind the last key to the end of the file, out of `config`, when it saves.
    assert content.endswith("  ascent:protect: true\n")
    settings = new_stack.checked(given.stack, content)
    assert (settings.stage, settings.regions, settings.runtime) == (given.stage, given.regions, given.runtime)
    domain = settings.domain
    assert (domain.name, domain.dns, domain.zone_id) == (given.domain, given.dns, given.zone_id)
    assert (domain.zone, domain.certificate_arn) == (given.zone, given.certificate_arn)
    assert settings.rollout.blue.image == given.image
    assert settings.account.id == given.account
    assert (settings.alerts.warning, settings.alerts.critical) == (given.alerts, given.alerts)
    assert settings.protect
    assert settings.application.profile == "plain"
    assert not any(IPv4Network(one).overlaps(other) for one in settings.ranges for other in others)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"--dns": "cloudflare", "--zone-id": ZONES["cloudflare"], "--stage": "6", "--runtime": "both"},
        {"--runtime": "kubernetes", "--api-cidr": "203.0.113.0/24", "--stage": "2"},
    ],
    ids=["fleet", "edge", "pods"],
)
def test_what_it_writes_plans(checkout: Path, changed: dict[str, str]) -> None:
    done = run(GIVEN | changed, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (checkout / said["file"]).exists()
    assert said["network"] == {"cidr": "10.32.0.0/11"}
    assert said["warnings"] == []
    assert f"pulumi stack init {said['stack']}" in " ".join(said["next"])
    settings = stackfile.settings("shop")
    assert len([one for one in render(settings, "shop").resources if one.protect]) > 10


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"--domain": "Shop"}, 'ascent:domain.name: given "Shop"'),
    ({"--dns": "bind"}, 'ascent:domain.dns: given "bind"'),
    ({"--zone-id": ZONES["cloudflare"]}, "it should be a zone of route53"),
    ({"--zone": "example.com"}, "ascent:domain.zone"),
    ({"--region": "eu-center-1"}, 'ascent:regions[0]: given "eu-center-1"'),
    ({"--stage": "5"}, "stage 5 puts Cloudflare in front"),
    ({"--image": "shop"}, 'ascent:rollout.blue.image: given "shop"'),
    ({"--image": "123456789012.dkr.ecr.eu-nowhere-1.amazonaws.com/shop:1"}, "AWS has no region eu-nowhere-1"),
    ({"--cidr": "11.0.0.0/11"}, 'ascent:network.cidr: given "11.0.0.0/11"'),
    ({"--account": "1234"}, 'ascent:account.id: given "1234"'),
    ({"--stack": "Shop_1"}, "the stack's name"),
    ({"--stack": "../shop"}, "the stack's name"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED, ids=[" ".join(one.values()) for one, _ in REFUSED])
def test_what_is_not_allowed_is_refused_and_nothing_is_written(
    checkout: Path, changed: dict[str, str], message: str
) -> None:
    done = run(GIVEN | changed, "--yes")
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert [one.name for one in checkout.iterdir()] == ["Pulumi.prod.yaml"]


@pytest.mark.parametrize("flag", GIVEN)
def test_what_is_missing_is_named(checkout: Path, flag: str) -> None:
    done = run({name: value for name, value in GIVEN.items() if name != flag}, "--yes")
    assert done.exit_code == 2
    assert f"Missing: {flag}." in done.stderr
    assert [one.name for one in checkout.iterdir()] == ["Pulumi.prod.yaml"]


def test_a_file_that_is_there_stays(checkout: Path) -> None:
    before = (checkout / "Pulumi.prod.yaml").read_text()
    done = run(GIVEN | {"--stack": "prod"}, "--yes")
    assert done.exit_code == 1
    assert "Pulumi.prod.yaml is there already" in done.stderr
    assert (checkout / "Pulumi.prod.yaml").read_text() == before
    with pytest.raises(FileExistsError):
        new_stack.write("prod", "config: {}\n")
    assert (checkout / "Pulumi.prod.yaml").read_text() == before


def test_two_new_stacks_get_two_ranges(checkout: Path) -> None:
    assert run(GIVEN, "--yes").exit_code == 0
    done = run(GIVEN | {"--stack": "cafe"}, "--json")
    assert json.loads(done.stdout)["network"] == {"cidr": "10.64.0.0/11"}
    assert done.stderr == ""
    assert sorted(one.name for one in checkout.iterdir()) == [
        f"Pulumi.{name}.yaml" for name in ("cafe", "prod", "shop")
    ]


def test_a_checkout_full_of_stacks_gives_each_region_its_own_range() -> None:
    chosen = new_stack.network(("eu-central-1", "eu-west-1"), [PRIVATE[0]])
    ranges = [IPv4Network(one) for one in chosen["cidrs"].values()]
    assert list(chosen["cidrs"]) == ["eu-central-1", "eu-west-1"]
    assert all(one.prefixlen == 16 and not one.subnet_of(PRIVATE[0]) for one in ranges)
    assert not ranges[0].overlaps(ranges[1])
    with pytest.raises(LookupError, match="no private range free"):
        new_stack.network(("eu-central-1",), PRIVATE)


def test_at_a_terminal_it_asks_and_asks_again_what_is_refused(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["shop", "Shop", "route53", ZONES["route53"], "eu-central-1, eu-west-1", "", GIVEN["--image"], ""]
    again = ["", "shop.example.org", "", "", "", "", "", "a@example.org"]
    # What stands for a terminal when commands are run in tests.
    monkeypatch.setattr("ops.commands.new._terminal", lambda: True)
    done = run({}, answers="\n".join([*asked, *again, ""]))
    assert done.exit_code == 0, done.output
    assert 'ascent:domain.name: given "Shop"' in done.stderr
    settings = stackfile.settings("shop")
    assert (settings.domain.name, settings.regions) == ("shop.example.org", ("eu-central-1", "eu-west-1"))
    assert settings.alerts.critical == ("a@example.org",)
    assert "./ascent plan --stack shop" in done.stdout
    assert checkout


def test_the_words_of_help_are_its_options() -> None:
    shown = CliRunner().invoke(app, ["new", "--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == 0
    options: list[Any] = [one.flag for one in sys.modules["ops.commands.new"].QUESTIONS]
    assert [one for one in options if one not in shown.stdout] == []
