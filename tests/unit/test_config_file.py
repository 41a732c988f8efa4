"""A stack's file is read as the engine reads it: asked of the engine itself, for scalars, keys and its own writing."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.config.loading import decode
from infra.config.loading import parse as as_program
from infra.config.problems import SettingsError
from ops import stackfile
from ops.config_file import ConfigFileError, parse, whole_key
from scripts.places import ROOT, TOOLCHAIN

FILE = "Pulumi.test.yaml"
# What one of the two might take for something else than text.
_ODD = (
    "yes no on off y n Y N true True TRUE tRUE false null Null ~ NULL nUll .nan .NaN .inf -.inf +.INF = << "
    "1 -1 +5 0 -0 007 017 08 0o17 0O17 -0o17 0o8 0x1F 0X1f +0x1f 0b11 -0b11 0B1 1_000 1__0 0_7 12_34.5 "
    "1.0 1. .5 -.5 +.5 . -. 1.5 -0.0 1e3 1E3 1e+3 1e-7 5.0e2 1e21 1e20 1.e5 .e5 1e .0_ .5_0 ._5 .5e1_0 .5_e1 "
    "1_.5 1._5 123456789012345678901234 "
    "9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775809 "
    "012345678901 012345670123 123456789012 1:30 1:30:45 190:20:30.15 "
    "2026-12-31 2026-1-2 2026-13-01 2026-12-31T10:00:00Z 2026-12-31t10:00:00.500+02:00 2026-12-31T10:00:00 "
    "2026-1-2T3:4:5Z 2026-12-31T10:00:00-00:00 0x 0b 0o + - 1-2 1+2 4.0.0 10.0.0.0/16 v1 1a _1 1_"
)
ODD = _ODD.split()
QUOTED = (
    "'true'",
    '"4"',
    "'2026-12-31'",
    "!!str 12",
    '"{\\"a\\": 1}"',
    "'[1, 2]'",
    '""',
    "' 5'",
    "|-\n    text\n    more",
)
BAD = (".nan", ".NaN", ".inf", "-.inf", "+.INF")
scalars = st.one_of(
    st.sampled_from([one for one in ODD if one not in BAD]),
    st.sampled_from(QUOTED),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.from_regex(r"[-+]?[0-9_.]{1,8}([eE][-+]?[0-9]{1,2})?", fullmatch=True).filter(lambda one: one not in "-."),
    st.dates().map(str),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a stack, whose engine is asked."""
    home = tmp_path_factory.mktemp("config")
    (home / "state").mkdir()
    (home / "Pulumi.yaml").write_text("name: ascent\nruntime: python\n")
    pulumi(home, "stack", "init", "test")
    return home


def pulumi(home: Path, *arguments: str, said: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        "PATH": f"{TOOLCHAIN / 'bin'}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{home / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return subprocess.run(
        ["pulumi", "--non-interactive", *arguments], cwd=home, env=environment, input=said, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def engines(home: Path) -> dict[str, Any] | None:
    """What the program gets by key, as it decodes it; None where the engine refuses the file."""
    done = pulumi(home, "config", "--json", "--show-secrets", "--stack", "test")
    if done.returncode:
        return None
    found = json.loads(done.stdout[done.stdout.index("{") :])
    return {key: decode(one["value"]) for key, one in found.items()}


def ours(home: Path) -> dict[str, Any] | None:
    """What is read here, decoded alike; None where it is refused."""
    try:
        found = parse((home / FILE).read_text(), FILE, "ascent")
    except ConfigFileError:
        return None
    return {key: decode(one) if isinstance(one, str) else one for key, one in found["config"].items()}


def shown(value: Any) -> str:
    """As JSON: a whole number is one, and a truth no number."""
    return json.dumps(value, sort_keys=True)


def agree(home: Path, text: str) -> None:
    (home / FILE).write_text(text)
    mine, theirs = ours(home), engines(home)
    if mine is None or theirs is None:
        assert mine is theirs, text
        return
    for key in sorted({*mine, *theirs}):
        assert (key, shown(mine.get(key))) == (key, shown(theirs.get(key))), text


def test_every_odd_scalar_is_what_the_program_gets(engine: Path) -> None:
    values = [one for one in ODD if one not in BAD] + list(QUOTED)
    lines = [f"  ascent:key{number}: {value}\n" for number, value in enumerate(values)]
    lines += [
        f"  ascent:list{number}: [{value}, [{value}]]\n" for number, value in enumerate(values) if "|" not in value
    ]
    agree(engine, "config:\n" + "".join(lines))


@pytest.mark.parametrize("value", BAD)
def test_what_cannot_be_stored_is_refused_by_both(engine: Path, value: str) -> None:
    agree(engine, f"config:\n  ascent:key: {value}\n")


@given(values=st.lists(scalars, min_size=20, max_size=60))
@settings(max_examples=15)
def test_any_scalar_is_what_the_program_gets(engine: Path, values: list[str]) -> None:
    agree(engine, "config:\n" + "".join(f"  ascent:key{number}: {value}\n" for number, value in enumerate(values)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "config:\n",
        "# Nothing but a comment\n",
        "config: {}\n",
        "config: []\n",
        "config: text\n",
        "- a list\n",
        "text\n",
        "config: {stage: 2}\n",
        "config: {ascent:stage: 2, protect: false, aws:region: us-east-1}\n",
        "config: {ascent:config:stage: 2}\n",
        "config: {a:b:c: 2}\n",
        "config: {'ascent:': 2}\n",
        "config: {':stage': 2}\n",
        "config: {ascent:stage: 2, ascent:stage: 3}\n",
        "config: {ascent:map: {a: 1, a: 2}}\n",
        "config: {ascent:map: {1: a, '1': b}}\n",
        "config: {ascent:map: {1: a}}\n",
        "config: {ascent:map: {true: a}}\n",
        "config: {ascent:map: {yes: a, no: b}}\n",
        "config: {ascent:map: {1.5: a, 1.0: b, 0x1F: c, 017: d}}\n",
        "config: {ascent:map: {1e3: a, 1e21: b}}\n",
        "config: {ascent:map: {~: a}}\n",
        "config: {ascent:map: {2026-12-31: a}}\n",
        "config: {ascent:map: {[a]: b}}\n",
        "config: {1: a, true: b}\n",
        "config: {ascent:map: {a: , b: ~}}\n",
        "config: {ascent:map: {}, ascent:list: []}\n",
        "config:\n  ascent:base: &base {a: 1}\n  ascent:map: {<<: *base, b: 2}\n",
        "config:\n  ascent:map: {<<: {a: 1}, a: 2}\n",
        "config:\n  ascent:one: &one 5\n  ascent:two: *one\n",
        "config:\n  ascent:one: *nobody\n",
        "config:\n\tascent:one: 1\n",
        "config: {ascent:one: 1\n",
        "\ufeffconfig: {ascent:one: 1}\n",
        "config:\n  ascent:one: |\n    a\n    b\n  ascent:two: >\n    a\n    b\n",
        "config: {ascent:one: 1}\n---\nconfig: {ascent:one: 2}\n",
        "config: {ascent:one: !!int '5', ascent:two: !!float 5, ascent:three: !!bool 'true', ascent:four: !!null ''}\n",
    ],
)
def test_whole_files_are_taken_and_refused_alike(engine: Path, text: str) -> None:
    agree(engine, text)


@given(data=st.data())
@settings(max_examples=15)
def test_whatever_pulumi_writes_is_read(engine: Path, data: st.DataObject) -> None:
    """By `pulumi config set` in all its forms, one after the other, into one file."""
    (engine / FILE).write_text("# The team's own words.\nconfig:\n  ascent:stage: 4  # for now\n")
    paths = st.sampled_from(["map.a", "map.b.c", 'map["d.e"]', "list[0]", "deep.list[0].x"])
    for _ in range(data.draw(st.integers(1, 4))):
        value = data.draw(
            st.one_of(st.sampled_from(ODD), st.integers().map(str), st.text("ab{}[]\":, \\'", min_size=1))
        )
        form = data.draw(st.sampled_from(["plain", "path", "secret", "type", "bare"]))
        key = {"path": f"ascent:{data.draw(paths)}", "bare": "bare"}.get(form, f"ascent:{form}")
        flags = {"path": ["--path"], "secret": ["--secret"], "type": ["--type", "string"]}.get(form, [])
        done = pulumi(engine, "config", "set", "--stack", "test", *flags, key, "--", value)
        assert done.returncode == 0 or form == "path", done.stderr
    mine, theirs = ours(engine), engines(engine)
    assert mine is not None
    assert theirs is not None
    secret = mine.pop("ascent:secret", None)
    assert secret is None or list(secret) == ["secure"]
    theirs.pop("ascent:secret", None)
    assert shown(mine) == shown(theirs), (engine / FILE).read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "config:\n  ascent:stage: 2\n  ascent:stage: 3\n",
            "is not valid YAML: line 3, column 3: ascent:stage is given twice; the first is in line 2.",
        ),
        (
            "config: {stage: 2, ascent:stage: 3}\n",
            f"{FILE}: stage and ascent:stage are the same key; keep ascent:stage alone.",
        ),
        ("config: {a:b:c: 2}\n", "given the key a:b:c; it should be like ascent:stage, or stage for short."),
        ("config: {ascent:a: .inf}\n", ".inf is no number that can be stored"),
        ("config: [", f"{FILE} is not valid YAML: line 1, column 10: expected the node content"),
        ("config: {a: \x00}", f"{FILE} is not valid YAML: character 13: special characters are not allowed."),
        ("- a\n", f"{FILE} is not a stack's config file: it should hold a mapping named config."),
    ],
)
def test_what_is_refused_says_where_and_what_to_do(text: str, said: str) -> None:
    with pytest.raises(ConfigFileError) as refused:
        parse(text, FILE, "ascent")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "whole"), [("stage", "ascent:stage"), ("ascent:stage", "ascent:stage"), ("aws:config:region", "aws:region")]
)
def test_a_key_without_a_namespace_is_the_projects(key: str, whole: str) -> None:
    assert whole_key(key, "ascent") == whole


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("Pulumi.*.yaml")))
def test_the_files_that_ship_are_read_alike(engine: Path, name: str) -> None:
    # Their secrets are of keys that nobody here has.
    lines = (ROOT / name).read_text().replace("secure:", "hidden:").splitlines()
    agree(engine, "\n".join(line for line in lines if not line.startswith(("secretsprovider", "encryptedkey"))))


# Ways into a key, and values that are allowed there.
CHOICES: dict[str, tuple[str, ...]] = {
    "ascent:stage": ("1", "4", "6"),
    "stage": ("2", "5"),
    "ascent:protect": ("true", "false"),
    "ascent:config:runtime": ("ec2",),
    "--path ascent:database.maxAcu": ("4", "2.5"),
    "--path ascent:database.minAcu": ("0.5", "1"),
    "--path ascent:fleet.maximum": ("4", "6"),
    "--path ascent:account.id": ("123456789012", "012345678901"),
    "--path ascent:tags.team": ("platform", "true", "7", "2026-12-31", "null"),
    '--path ascent:tags["cost.center"]': ("12", "yes"),
    "--path ascent:rollout.blue.image": ("registry.example.com/app:1.2",),
    "--path ascent:regions[1]": ("eu-west-1",),
    "ascent:fleet": ('{"maximum": 5}',),
    "ascent:regions": ('["us-east-1"]',),
    "--type bool ascent:protect": ("true",),
    "--type int ascent:stage": ("3",),
    "--secret --path ascent:appSecrets.KEY": ("a secret",),
    "--plaintext ascent:stage": ("2",),
    "aws:region": ("us-east-1",),
}
PLAIN = {
    "stage": 1,
    "regions": ["us-east-1"],
    "runtime": "ec2",
    "network": {"cidr": "10.0.0.0/11"},
    "domain": {"name": "app.example.com", "dns": "route53", "zoneId": "Z00000000000000000000"},
    "rollout": {"blue": {"image": "registry.example.com/app:1.0.0", "weight": 100}},
}


@given(data=st.data())
@settings(max_examples=12)
def test_the_program_and_the_commands_see_the_same_settings(engine: Path, data: st.DataObject) -> None:
    """Whatever `pulumi config set` is told, in whatever form."""
    spelled = {key if data.draw(st.booleans()) else f"ascent:{key}": value for key, value in PLAIN.items()}
    (engine / FILE).write_text("# The team's own words.\n" + json.dumps({"config": spelled}) + "\n")
    for way in data.draw(st.lists(st.sampled_from(sorted(CHOICES)), min_size=1, max_size=4)):
        done = pulumi(
            engine, "config", "set", "--stack", "test", *way.split(), data.draw(st.sampled_from(CHOICES[way]))
        )
        assert done.returncode == 0, done.stderr
    found = engines(engine)
    assert found is not None
    encrypted = {"appSecrets"}
    program = read_or_told(
        {key.removeprefix("ascent:"): value for key, value in found.items() if "aws:" not in key}, encrypted
    )
    raw = parse((engine / FILE).read_text(), FILE, "ascent")["config"]
    commands = read_or_told(
        {key.removeprefix("ascent:"): decoded(value) for key, value in raw.items() if "aws:" not in key}, ()
    )
    assert commands == program, (engine / FILE).read_text()


def decoded(value: Any) -> Any:
    return decode(value) if isinstance(value, str) else value


def read_or_told(values: dict[str, Any], encrypted: Collection[str]) -> Any:
    """The settings without what is secret, or what stands against them."""
    try:
        read = as_program(values, FILE, encrypted) if encrypted else stackfile.read(values, FILE)
    except SettingsError as error:
        return error.problems
    return read.model_dump(exclude={"app_secrets"}), sorted(read.app_secrets)
