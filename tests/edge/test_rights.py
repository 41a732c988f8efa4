"""What a token has to be allowed at Cloudflare, and what it tells of itself."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.stages import STAGES
from ops import cli, stackfile
from ops.commands import quotas as command
from ops.edge.rights import RIGHTS, RULESET, needed, unknown
from ops.quotas.account import NoAccountError, QuotaClient
from tests.unit.configs import settings
from tests.unit.runtime import built

ZONE, ACCOUNT = "ab" * 16, "cd" * 16
ALL = {"plan": "enterprise", "certificate": "advanced"}
PATHS = {right.reads.format(zone=ZONE, account=ACCOUNT).partition("?")[0] for right in RIGHTS}
# What a token that may do everything is told.
WHOLE: Mapping[str, tuple[int, Any]] = {
    **dict.fromkeys(PATHS, (200, [])),
    f"/zones/{ZONE}": (200, {"id": ZONE, "account": {"id": ACCOUNT}}),
    "/user/tokens/verify": (200, {"id": "t1", "status": "active"}),
}


@contextmanager
def cloudflare(answers: Mapping[str, tuple[int, Any]]) -> Iterator[tuple[str, list[str]]]:
    """A Cloudflare that answers so, and forbids the rest. Yields its address and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(f"{self.command} {path} {self.headers['Authorization']}")
            status, result = answers.get(path, (403, None))
            body = json.dumps({"success": status == 200, "result": result}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def run(
    monkeypatch: pytest.MonkeyPatch,
    answers: Mapping[str, tuple[int, Any]] | None,
    *arguments: str,
    stage: int = 7,
    given: str = "made-up",
) -> tuple[int, Any, list[str]]:
    """`ascent doctor --stack`: its exit code, what it prints about Cloudflare, and what it asked there."""

    def number(*_: object) -> str:
        raise NoAccountError("no credentials")

    monkeypatch.setattr(QuotaClient, "number", number)
    monkeypatch.setattr(command, "needed", lambda *_: [])
    domain = {"name": "app.example.com", "dns": "cloudflare", "zoneId": ZONE}
    chosen = settings(stage=stage, domain=domain, regions=["us-east-1", "eu-west-1"])
    monkeypatch.setattr(stackfile, "settings", lambda *_, **__: chosen)
    with cloudflare(answers or {}) as (address, asked):
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", address)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", given)
        if answers is None:
            monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
        done = CliRunner().invoke(cli.app, ["doctor", "--stack", "prod", "--json", *arguments])
    return done.exit_code, json.loads(done.output)["cloudflare"], asked


def verdicts(found: Any) -> dict[str, str]:
    return {one["permission"]: one["verdict"] for one in found["rights"]}


@pytest.mark.parametrize("stage", STAGES)
def test_everything_that_a_stack_makes_at_cloudflare_has_a_right(stage: int) -> None:
    resources = built(live=True, stage=stage, edge=ALL).values()
    assert unknown(resources) == set()
    assert [right.name for right in needed(resources)][:2] == ["DNS Write", "SSL and Certificates Write"]


def test_load_balancing_is_needed_from_stage_7_on() -> None:
    told = {stage: {right.name for right in needed(built(live=True, stage=stage).values())} for stage in (6, 7)}
    assert told[7] - told[6] == {"Zone Read", "Load Balancers Write", "Load Balancing: Monitors and Pools Write"}
    assert told[6] - told[7] == set()


def test_the_names_are_those_that_the_provider_accepts() -> None:
    looked_at = set()
    for right in RIGHTS:
        for type_ in right.types:
            name = type_.rpartition(":")[2]
            module = import_module("pulumi_cloudflare." + re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower())
            accepted = re.search(r"Accepted Permissions\n((?:\s*- `.*\n|\s*\n)+)", inspect.getsource(module))
            # The program asks for the zone itself, which is no resource. Rules and the oldest resource have no list.
            if accepted and right.name != "Zone Read":
                assert f"`{right.name}`" in accepted[1], (right.name, type_)
                looked_at.add(type_)
            else:
                assert type_ in (RULESET, "cloudflare:index/argoTieredCaching:ArgoTieredCaching") or accepted
    assert len(looked_at) >= 10


def test_a_token_that_cannot_see_its_rights_is_asked_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    code, found, asked = run(monkeypatch, WHOLE)
    assert code == 0
    told = verdicts(found)
    assert told.pop("Zone Read") == "ok"
    assert set(told.values()) == {"unknown"}
    assert "Load Balancing: Monitors and Pools Write" in told
    assert all(one.startswith("GET ") and one.endswith(" Bearer made-up") for one in asked)
    assert "only the dashboard shows" in found["rights"][0]["why"]
    assert "Load Balancing with geo steering" in found["addOns"][0]


def test_what_it_may_not_even_read_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monitors = f"/accounts/{ACCOUNT}/load_balancers/monitors"
    code, found, _ = run(monkeypatch, {path: answer for path, answer in WHOLE.items() if path != monitors})
    assert code == 1
    first = found["rights"][0]
    assert (first["permission"], first["verdict"]) == ("Load Balancing: Monitors and Pools Write", "fail")
    assert (first["of"], first["why"]) == ("account", "it may not even read it")
    assert list(verdicts(found).values()).count("fail") == 1


def _policy(names: list[str], resource: str) -> dict[str, Any]:
    return {"effect": "allow", "permission_groups": [{"name": name} for name in names], "resources": {resource: "*"}}


def test_a_token_that_may_see_itself_is_judged_by_its_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    of_zone = sorted({right.name for right in RIGHTS if not right.of_account} - {"Zone WAF Write", "DNS Write"})
    of_account = _policy([right.name for right in RIGHTS if right.of_account], f"com.cloudflare.api.account.{ACCOUNT}")
    # Whoever may write may read.
    everything = [one.replace("Zone Read", "Zone Write") for one in of_zone]
    policies = [
        of_account,
        _policy([*everything, "DNS Read"], "com.cloudflare.api.account.zone.*"),
        # Of another zone, which helps nobody here.
        _policy(["DNS Write"], f"com.cloudflare.api.account.zone.{'ef' * 16}"),
    ]
    answers = {**WHOLE, "/user/tokens/t1": (200, {"id": "t1", "policies": policies})}
    code, found, _ = run(monkeypatch, answers)
    assert code == 1
    missing = {one["permission"]: one["why"] for one in found["rights"] if one["verdict"] == "fail"}
    assert missing == {
        "DNS Write": "it may read alone, which is enough for previews",
        "Zone WAF Write": "it does not have it",
    }
    named = _policy([*everything, "Zone WAF Write", "DNS Write"], f"com.cloudflare.api.account.zone.{ZONE}")
    whole = [of_account, named]
    code, found, _ = run(monkeypatch, {**answers, "/user/tokens/t1": (200, {"id": "t1", "policies": whole})})
    assert (code, set(verdicts(found).values())) == (0, {"ok"})


@pytest.mark.parametrize(
    ("resources", "reaches"),
    [
        ({f"com.cloudflare.api.account.{ACCOUNT}": {"com.cloudflare.api.account.zone.*": "*"}}, {"zone"}),
        ({f"com.cloudflare.api.account.{'ef' * 16}": {"com.cloudflare.api.account.zone.*": "*"}}, set()),
        ({f"com.cloudflare.api.account.{ACCOUNT}": "*"}, {"account"}),
        ({"com.cloudflare.api.account.*": "*"}, {"account"}),
        ({f"com.cloudflare.api.account.{'ef' * 16}": "*"}, set()),
        ({"com.cloudflare.api.account.zone.*": "*"}, {"zone"}),
    ],
)
def test_a_policy_reaches_what_its_resources_name(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, Any], reaches: set[str]
) -> None:
    policy = {**_policy([right.name for right in RIGHTS], ""), "resources": resources}
    _, found, _ = run(monkeypatch, {**WHOLE, "/user/tokens/t1": (200, {"id": "t1", "policies": [policy]})})
    assert {one["of"] for one in found["rights"] if one["verdict"] == "ok"} == reaches


@pytest.mark.parametrize("secret", ["made-up\n", "  made-up"])
def test_a_line_break_around_a_token_is_none_of_it(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    code, found, asked = run(monkeypatch, WHOLE, given=secret)
    assert (code, found["why"]) == (0, "")
    assert all(one.endswith(" Bearer made-up") for one in asked)


@pytest.mark.parametrize("secret", ["made\nup", "made up", "m\u00e4de", "Bearer made-up"])
def test_what_can_be_no_token_is_refused_and_never_shown(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    code, found, asked = run(monkeypatch, WHOLE, given=secret)
    assert (code, asked) == (1, [])
    assert found["why"] == "CLOUDFLARE_API_TOKEN has blanks, line breaks or other characters that no token has"


@pytest.mark.parametrize("status", [429, 500])
def test_a_token_is_not_called_unknown_where_cloudflare_is_busy(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    code, found, _ = run(monkeypatch, {**WHOLE, "/user/tokens/verify": (status, None)})
    assert (code, found["why"]) == (0, f"Cloudflare answered {status} when asked for the token")


def test_a_token_of_no_form_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    code, found, _ = run(monkeypatch, dict.fromkeys([*WHOLE], (400, None)))
    assert code == 1
    assert "Cloudflare does not know CLOUDFLARE_API_TOKEN" in found["why"]


def test_a_zone_that_is_gone_is_not_taken_for_one_without_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {path: (404, None) for path in WHOLE if "/zones/" in path}
    _, found, _ = run(monkeypatch, {**WHOLE, **gone}, stage=1)
    assert "it may read it" not in found["rights"][0]["why"]
    assert found["rights"][0]["why"] == "Cloudflare answered 404"


def test_a_token_of_the_account_is_verified_there(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {path: answer for path, answer in WHOLE.items() if path != "/user/tokens/verify"}
    answers[f"/accounts/{ACCOUNT}/tokens/verify"] = (200, {"id": "t2", "status": "active"})
    code, found, asked = run(monkeypatch, answers)
    assert (code, found["why"]) == (0, "")
    assert any(f"/accounts/{ACCOUNT}/tokens/t2" in one for one in asked)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "Cloudflare does not know CLOUDFLARE_API_TOKEN, or it may read nothing of the zone"),
        ({**WHOLE, "/user/tokens/verify": (200, {"id": "t1", "status": "expired"})}, "is expired at Cloudflare"),
    ],
)
def test_what_is_no_valid_token_fails(
    monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, tuple[int, Any]], said: str
) -> None:
    code, found, _ = run(monkeypatch, answers)
    assert code == 1
    assert said in found["why"]


def test_without_a_token_the_rights_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    code, found, asked = run(monkeypatch, None)
    assert (code, asked, found["why"]) == (0, [], "CLOUDFLARE_API_TOKEN is not set")
    assert set(verdicts(found).values()) == {"unknown"}


def test_where_nobody_answers_nothing_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {**WHOLE, f"/zones/{ZONE}/dns_records": (500, None)}
    code, found, _ = run(monkeypatch, answers, stage=1)
    assert (code, found["rights"][0]["why"], found["addOns"]) == (0, "Cloudflare answered 500", [])
