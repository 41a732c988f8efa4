"""What a new user gets wrong, in the stack's file and on the command line: each is one message that says what to do."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner, Result

from infra.images import ECR_REGIONS
from ops import cli, stackfile
from scripts.places import ROOT

NAME = "Pulumi.shop.yaml"
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
ZONE = "0123456789abcdef0123456789abcdef"
RIGHT = f"""\
secretsprovider: awskms://alias/shop?region=eu-central-1
config:
  ascent:stage: 4
  ascent:regions: [eu-central-1]
  ascent:runtime: ec2
  ascent:network: {{cidr: 10.128.0.0/11}}
  ascent:domain: {{name: shop.example.com, dns: cloudflare, zoneId: {ZONE}}}
  ascent:rollout:
    blue: {{image: "{REGISTRY}/shop:1.0.0", weight: 100}}
  ascent:account: {{id: "123456789012"}}
  ascent:alerts: {{critical: [on-call@example.com]}}
"""
END = RIGHT.splitlines(keepends=True)[-1]


def changed(old: str, new: str) -> str:
    """The right file with one thing changed."""
    assert RIGHT.count(old) == 1, old
    return RIGHT.replace(old, new)


def added(line: str) -> str:
    """The right file with one more line."""
    return f"{RIGHT}  {line}\n"


# What the file is, and the message, from the file's name on.
WRONG: dict[str, tuple[str, str]] = {
    # Keys.
    "a misspelled key": (
        added("ascent:bugdet: {monthlyUsd: 500}"),
        ": ascent:bugdet: unknown key. Did you mean budget?",
    ),
    "a misspelled key within": (changed("cidr:", "cird:"), ": ascent:network.cird: unknown key. Did you mean cidr?"),
    "other capitals": (changed("zoneId", "zoneID"), ": ascent:domain.zoneID: unknown key. Did you mean zoneId?"),
    "a color that is none": (changed("blue:", "bleu:"), ": ascent:rollout.bleu: unknown key. Did you mean blue?"),
    "a misspelled namespace": (
        added("acsent:budget: {monthlyUsd: 500}"),
        ": acsent:budget: nothing reads this namespace; did you mean ascent:budget?",
    ),
    "a namespace in capitals": (
        added("Ascent:protect: true"),
        ": Ascent:protect: nothing reads this namespace; did you",
    ),
    "a key twice": (
        added("ascent:stage: 5"),
        " is not valid YAML: line 12, column 3: ascent:stage is given twice; the first is in line 3.",
    ),
    "a key twice, once for short": (
        added("stage: 5"),
        ": ascent:stage and stage are the same key; keep ascent:stage alone",
    ),
    "a path without --path": (
        added("ascent:fleet.maximum: 9"),
        ": ascent:fleet.maximum: unknown key. It is a key within fleet: pulumi config set --path 'ascent:fleet.max",
    ),
    "a key left out": (
        changed("  ascent:runtime: ec2\n", ""),
        ": ascent:runtime: missing. Where the workload runs: ec2,",
    ),
    # What is no file of a stack.
    "an empty file": ("", ": config: missing or empty. It should hold the stack's keys; README, A stack's config, has"),
    "config without a value": ("config:\n", ": config: missing or empty. It should hold the stack's keys"),
    "config misspelled": (changed("config:", "cofnig:"), ": config: missing or empty. Did you mean that by cofnig?"),
    "keys beside config": (
        RIGHT[RIGHT.index("  ascent:stage") :].replace("\n  ", "\n").strip(),
        ": config: missing or empty. Put ascent:account, ascent:alerts, ascent:domain, ascent:network, ascent:regions,",
    ),
    "a list": ("- ascent:stage: 4\n", " is not a stack's config file: it should hold a mapping named config."),
    "no YAML": ("Stage four, please.", " is not a stack's config file: it should hold a mapping named config."),
    "config as a number": ("config: 4\n", " is not a stack's config file: it should hold a mapping named config."),
    "a bracket left open": (
        changed("[eu-central-1]", "[eu-central-1"),
        " is not valid YAML: line 5, column 17: expected",
    ),
    "a tab": (
        changed("  ascent:runtime", "\tascent:runtime"),
        r" is not valid YAML: line 5, column 1: found character '\t'",
    ),
    "no space after the colon": (
        changed("ascent:runtime: ec2", "ascent:runtime:ec2"),
        " is not valid YAML: line 5, column 3: after a key there should be a colon and a space.",
    ),
    "a binary file": (RIGHT + "\x00", " is not valid YAML: character "),
    # Values.
    "stage 9": (changed("stage: 4", "stage: 9"), ": ascent:stage: given 9; it should be 1, 2, 3, 4, 5, 6 or 7."),
    "a stage in words": (changed("stage: 4", "stage: four"), ': ascent:stage: given "four"; it should be 1, 2, 3'),
    "an unknown region": (
        changed("[eu-central-1]", "[eu-central-9]"),
        ': ascent:regions[0]: given "eu-central-9"; it should be one of us-east-1, us-east-2, us-west-2, eu-west-1,',
    ),
    "a zone as a region": (
        changed("[eu-central-1]", "[eu-central-1a]"),
        ': ascent:regions[0]: given "eu-central-1a"; it',
    ),
    "a region that is no list": (
        changed("[eu-central-1]", "eu-west-1"),
        ': ascent:regions: given "eu-west-1"; it should be a list',
    ),
    "no region": (changed("[eu-central-1]", "[]"), ": ascent:regions: given []; it should not be empty."),
    "an unknown runtime": (
        changed("runtime: ec2", "runtime: fargate"),
        """: ascent:runtime: given "fargate"; it should be 'ec2', 'kubernetes' or 'both'.""",
    ),
    "pods without a cluster": (
        changed("runtime: ec2", "runtime: kubernetes"),
        ": ascent:cluster: missing; the runtime is kubernetes, so it should have apiCidrs (for EKS: the ranges",
    ),
    "a range with host bits": (
        changed("10.128.0.0/11", "10.129.0.0/11"),
        ': ascent:network.cidr: given "10.129.0.0/11"; it does not begin at its first address; the range that it is in '
        "is 10.128.0.0/11.",
    ),
    "a range that is none": (
        changed("10.128.0.0/11", "10.128.0/11"),
        ': ascent:network.cidr: given "10.128.0/11"; it should be a range such as 10.128.0.0/11.',
    ),
    "a range of others": (
        changed("10.128.0.0/11", "100.64.0.0/11"),
        ': ascent:network.cidr: given "100.64.0.0/11"; it should be inside 10.0.0.0/8 or 172.16.0.0/12 or 192.168',
    ),
    "a range too small": (
        changed("10.128.0.0/11", "10.128.0.0/12"),
        ': ascent:network.cidr: given "10.128.0.0/12"; it should be a /11 or larger, of which each region takes a /16',
    ),
    "Docker's range": (
        changed("10.128.0.0/11", "172.17.0.0/16"),
        "overlaps 172.17.0.0/16, which is Docker's own on every",
    ),
    "a range without its key": (
        changed("{cidr: 10.128.0.0/11}", "10.128.0.0/11"),
        ': ascent:network: given "10.128.0.0/11"; it should be a map of keys. Addresses: cidr, or cidrs by region;',
    ),
    "an office's range with host bits": (
        added("ascent:cluster: {apiCidrs: [203.0.113.7/24]}"),
        ': ascent:cluster.apiCidrs[0]: given "203.0.113.7/24"; it does not begin at its first address; the range that '
        "it is in is 203.0.113.0/24.",
    ),
    "a URL for a host": (
        changed("name: shop.example.com", "name: https://shop.example.com"),
        ': ascent:domain.name: given "https://shop.example.com"; it does not have the right form. Host name of the',
    ),
    "a misspelled DNS": (
        changed("dns: cloudflare", "dns: cloudfare"),
        """: ascent:domain.dns: given "cloudfare"; it should be 'cloudflare', 'route53' or 'external'.""",
    ),
    "a zone of the other provider": (
        changed("dns: cloudflare", "dns: route53"),
        f': ascent:domain.zoneId: given "{ZONE}"; it should be a zone of route53, as domain.dns says.',
    ),
    "a zone's name for its id": (
        changed(ZONE, "example.com"),
        ': ascent:domain.zoneId: given "example.com"; it does not',
    ),
    "a zone's id of digits alone": (
        changed(ZONE, "98765432109876543210987654321098"),
        "; it should be text, in quotes. Zone of the name: 32 hexadecimal digits at Cloudflare, Z... at Route 53.",
    ),
    "no zone": (
        changed(f", zoneId: {ZONE}", ""),
        ": ascent:domain.zoneId: missing; cloudflare DNS should have a zoneId.",
    ),
    "an image without a tag": (
        changed("shop:1.0.0", "shop"),
        f': ascent:rollout.blue.image: given "{REGISTRY}/shop"; it does not have the right form. Container image with',
    ),
    "an image with a scheme": (
        changed(f'"{REGISTRY}', f'"https://{REGISTRY}'),
        "; it should begin with the registry's host, without https://.",
    ),
    "a registry in a region that is none": (
        changed(".eu-central-1.", ".eu-cental-1."),
        "; AWS has no region eu-cental-1 (did you mean eu-central-1?).",
    ),
    "a registry of eight digits": (
        changed("123456789012.dkr", "12345678.dkr"),
        "; a registry of ECR is called like 123456789012.dkr.ecr.us-east-1.amazonaws.com, after its account's number.",
    ),
    "no image": (
        changed(f'image: "{REGISTRY}/shop:1.0.0", ', ""),
        ': ascent:rollout.blue: given {"weight": 100}; a color with a weight above 0 should have an image.',
    ),
    "weights of 90": (changed("weight: 100", "weight: 90"), "; the weights should add up to 100, and 90 + 0 = 90."),
    "a weight in percent": (
        changed("weight: 100", "weight: 100%"),
        ': ascent:rollout.blue.weight: given "100%"; it should be a whole number. Percent of the traffic',
    ),
    "an account of eight digits": (
        changed('"123456789012"', '"12345678"'),
        ': ascent:account.id: given "12345678"; it does not have the right form. Number of the account, twelve digits;',
    ),
    "an account with a leading 0, not in quotes": (
        changed('"123456789012"', "012345678901"),
        ": ascent:account.id: given 12345678901; it does not have the right form. Number of the account, twelve digits"
        "; in quotes where the first is 0.",
    ),
    "a mailbox that is none": (
        changed("on-call@example.com", "on-call"),
        ': ascent:alerts.critical[0]: given "on-call"; it does not have the right form. E-mail addresses that get',
    ),
    "a budget with a sign": (
        added("ascent:budget: {monthlyUsd: $500}"),
        ': ascent:budget.monthlyUsd: given "$500"; it should be a whole number. US dollars a month, all regions.',
    ),
    "a budget without its key": (
        added("ascent:budget: 500"),
        ": ascent:budget: given 500; it should be a map of keys. What",
    ),
    "yes for true": (added("ascent:protect: yes"), ': ascent:protect: given "yes"; it should be true or false.'),
    "a secret in plain text": (
        added("ascent:appSecrets: {SESSION_KEY: hunter2}"),
        ": ascent:appSecrets: its values are in plain text; all of them should be encrypted. Remove them and set each "
        "with: pulumi config set --secret --path 'ascent:appSecrets.NAME'",
    ),
    "instances of the wrong kind": (
        added("ascent:fleet: {instanceTypes: [t3.small]}"),
        ': ascent:fleet.instanceTypes[0]: given "t3.small"; it does not have the right form. One to eight Graviton',
    ),
    "least above most": (
        added("ascent:fleet: {minimum: 5, maximum: 2}"),
        "; the minimum 5 exceeds the maximum 2; lower one or raise the other.",
    ),
    "an exception for ever": (
        added("ascent:allow: [{what: data-lost, resource: db, until: 2099-12-31, why: we know what we do}]"),
        ': ascent:allow[0].until: given "2099-12-31"; it should be 20',
    ),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's stack files, for a test to add one."""
    for file in ROOT.glob("Pulumi.*.yaml"):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    return tmp_path


def ascent(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments), env={"NO_COLOR": "1", "COLUMNS": "200"})


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_the_file_is_one_line_that_says_where_and_what_to_do(root: Path, text: str, said: str) -> None:
    (root / NAME).write_text(text)
    done = ascent("plan", "--stack", "shop")
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(NAME)
    assert said in line
    if said[0] in ": ":
        assert line.startswith(f"{NAME}{said}")
    assert "unicode string" not in line


def test_the_file_that_the_mistakes_are_made_in_is_right(root: Path) -> None:
    (root / NAME).write_text(RIGHT)
    done = ascent("capacity", "--stack", "shop")
    assert (done.exit_code, done.stderr) == (0, "")


def test_several_mistakes_are_told_at_once(root: Path) -> None:
    (root / NAME).write_text(
        changed("stage: 4", "stage: 9").replace("cidr:", "cird:").replace("weight: 100", "weight: 3")
    )
    lines = ascent("plan", "--stack", "shop").stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "ascent:stage", "ascent:network.cird", "ascent:rollout.blue.weight",
    ]  # fmt: skip


def test_what_a_team_may_mean_is_warned_of(root: Path) -> None:
    text = changed("shop:1.0.0", "shop:latest").replace("10.128.0.0/11", "10.32.0.0/11").replace("stage: 4", "stage: 1")
    (root / NAME).write_text(f"ascent:protect: false\n{text}  ascent:budget: {{monthlyUsd: 5}}\n  aws:profile: shop\n")
    done = ascent("plan", "--stack", "shop", "--json")
    assert done.exit_code == 0, done.output
    warnings = json.loads(done.stdout)["warnings"]
    assert done.stderr.splitlines() == [f"Warning: {line}" for line in warnings]
    told = [
        r"ascent:protect: this is not read; the stack's keys belong under config",
        r"aws:profile: this is not read: each region has a provider of its own; see ascent:account, ascent:tags",
        rf"ascent:rollout\.blue\.image: given {REGISTRY}/shop:latest; each push moves this tag, so",
        r"ascent:network: given 10\.32\.0\.0/11; Pulumi\.staging\.yaml has 10\.32\.0\.0/11, so the two can never",
        r"ascent:budget\.monthlyUsd: a normal month would cost \$[1-9][0-9]+, and the budget is \$5\. See: ascent cost",
    ]  # fmt: skip
    for line, said in zip(warnings, told, strict=True):
        assert re.match(rf"{re.escape(NAME)}: {said}", line), line


def test_the_regions_of_registries_are_those_that_aws_has() -> None:
    assert set(boto3.session.Session().get_available_regions("ecr")) == ECR_REGIONS
