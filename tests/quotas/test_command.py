"""`ascent doctor --stack`: what it prints, and what it exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto import mock_aws
from moto.servicequotas.models import ServiceQuotasBackend
from typer.testing import CliRunner

from ops import cli, stackfile
from ops.commands import doctor as machine
from ops.commands import quotas as command
from ops.commands.doctor import DoctorFinding
from ops.quotas.account import NoAccountError, QuotaAnswer, QuotaClient
from ops.quotas.model import Quota
from ops.quotas.report import wrapped
from ops.quotas.stacks import QuotaNeed
from ops.quotas.table import QUOTAS
from ops.stackfile import ROOT
from tests.quotas.support import ADDRESSES, GROUP_RULES, INTERNET_GATEWAYS, ON_DEMAND, VPCS
from tests.unit.configs import settings as configured

ROOM = QuotaAnswer(quota=100, used=0)
Answers = Callable[[Quota, str | None], QuotaAnswer]


def run(
    monkeypatch: pytest.MonkeyPatch,
    answers: Answers | None,
    *arguments: str,
    needs: list[QuotaNeed] | None = None,
    **config: Any,
) -> Any:
    """Run it for a stack with these needs, in an account that answers so; None for no credentials."""

    def number(_: QuotaClient, __: str) -> str:
        if answers is None:
            raise NoAccountError("Unable to locate credentials")
        return "123456789012"

    def answer(_: QuotaClient, quota: Quota, region: str | None) -> QuotaAnswer:
        assert answers is not None
        return answers(quota, region)

    found = needs or [
        QuotaNeed(quota=ON_DEMAND, region="us-east-1", most=20),
        QuotaNeed(quota=ADDRESSES, region="us-east-1", most=3),
    ]
    monkeypatch.setattr(QuotaClient, "number", number)
    monkeypatch.setattr(QuotaClient, "answer", answer)
    monkeypatch.setattr(stackfile, "settings", lambda *_, **__: configured(stage=6, **config))
    monkeypatch.setattr(command, "needed", lambda *_: found)
    monkeypatch.setattr(command, "rights", lambda *_: None)
    environment = {"COLUMNS": "80", "NO_COLOR": "1"}
    return CliRunner().invoke(cli.app, ["doctor", "--stack", "prod", *arguments], env=environment)


def words(text: str) -> str:
    return " ".join(text.split())


def test_room_for_everything_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, lambda *_: ROOM)
    assert done.exit_code == 0
    said = words(done.output)
    assert "prod at stage 6 (cache), ec2, account 123456789012" in said
    assert "ok On-demand vCPUs us-east-1 20 100 0" in said
    assert "To have them raised" not in said


def test_what_fails_is_first_with_the_way_to_raise_it(monkeypatch: pytest.MonkeyPatch) -> None:
    has = {ON_DEMAND.code: QuotaAnswer(quota=5, used=1), ADDRESSES.code: QuotaAnswer(quota=5, used=3)}
    done = run(monkeypatch, lambda quota, _: has[quota.code])
    assert done.exit_code == 1
    said = words(done.output)
    assert said.index("fail On-demand vCPUs us-east-1 20 5 1") < said.index("warn Elastic IP addresses us-east-1 3 5 3")
    assert "fail: more than the account has (On-demand vCPUs)." in said
    assert "warn: more than is left, unless this stack is part of what is used (Elastic IP addresses)." in said
    assert (
        "Service Quotas, Amazon Elastic Compute Cloud (Amazon EC2), Running On-Demand Standard "
        "(A, C, D, H, I, M, R, T, Z) instances, ask for 21 in us-east-1:" in said
    )
    assert (
        "Service Quotas, Amazon Elastic Compute Cloud (Amazon EC2), EC2-VPC Elastic IPs, ask for 6 in us-east-1:"
        in said
    )
    assert "What this stack has already is in it" in said
    assert all(len(line.rstrip()) <= 80 for line in done.output.splitlines())
    shown = done.output.partition("instances, ask for 21")[2].partition(":\n")[2].partition("\n\n")[0]
    assert by_a_shell(shown) == [
        *("service-quotas", "request-service-quota-increase"),
        *("--service-code", "ec2", "--quota-code", "L-1216C47A", "--desired-value", "21", "--region", "us-east-1"),
    ]


def by_a_shell(text: str) -> list[str]:
    """The arguments that `aws` gets when a shell runs this."""
    script = f"aws() {{ printf '%s\\n' \"$@\"; }}\n{text}\n"
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_shell_takes_a_wrapped_command_for_the_same() -> None:
    plain = (
        "aws service-quotas request-service-quota-increase --service-code elasticloadbalancing "
        "--quota-code L-7EED9B64 --desired-value 10001 --region ap-southeast-2"
    )
    assert by_a_shell(wrapped(plain)) == by_a_shell(plain) == plain.split()[1:]
    assert max(map(len, wrapped(plain).splitlines())) <= 78


def test_quotas_that_follow_another_are_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [QuotaNeed(quota=quota, region="us-east-1", most=1) for quota in (VPCS, INTERNET_GATEWAYS)]
    has = {VPCS.code: QuotaAnswer(quota=5, used=5), INTERNET_GATEWAYS.code: QuotaAnswer(quota=5, used=6)}
    done = run(monkeypatch, lambda quota, _: has[quota.code], needs=needs)
    assert done.exit_code == 0
    said = words(done.output)
    assert said.count("aws service-quotas request-service-quota-increase") == 1
    assert "VPCs per Region, ask for 7 in us-east-1" in said


def test_what_aws_does_not_raise_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [QuotaNeed(quota=GROUP_RULES, region="us-east-1", most=70)]
    done = run(monkeypatch, lambda *_: QuotaAnswer(quota=60, adjustable=False), needs=needs)
    assert done.exit_code == 1
    assert "Rules of a security group in us-east-1: AWS does not raise it." in words(done.output)


def test_without_credentials_the_defaults_are_shown_and_the_exit_code_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, None)
    assert done.exit_code == 0
    said = words(done.output)
    assert "Quota Region Need Default" in said
    assert "warn On-demand vCPUs us-east-1 20 5" in said
    assert "unknown Elastic IP addresses us-east-1 3 5" in said
    assert "The account was not looked at: Unable to locate credentials." in said
    assert "--desired-value 20 --region us-east-1" in said


def test_regions_that_say_the_same_are_one_line_unless_there_is_something_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    regions = ("us-east-1", "eu-west-1", "ap-southeast-2")
    needs = [QuotaNeed(quota=quota, region=region, most=6) for quota in (ON_DEMAND, ADDRESSES) for region in regions]
    done = run(monkeypatch, lambda quota, _: ROOM if quota is ADDRESSES else QuotaAnswer(quota=5, used=0), needs=needs)
    said = words(done.output)
    assert "ok Elastic IP addresses 3 regions 6 100 0" in said
    for region in regions:
        assert f"fail On-demand vCPUs {region} 6 5 0" in said
    assert all(len(line.rstrip()) <= 80 for line in done.output.splitlines())


def test_a_lost_region_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def answer(_: Quota, region: str | None) -> QuotaAnswer:
        asked.append(region)
        return ROOM

    needs = [QuotaNeed(quota=ADDRESSES, region=region, most=3) for region in ("us-east-1", "eu-west-1")]
    lost = configured(stage=7, unreachable="eu-west-1")
    asking = command._asking(lost, QuotaClient(lambda *_: None), lambda _: None)
    monkeypatch.setattr(QuotaClient, "answer", lambda _, quota, region: answer(quota, region))
    found = [asking(need) for need in needs]
    assert asked == ["us-east-1"]
    assert found[1] == QuotaAnswer(why="eu-west-1 is lost, so it is not asked")


def test_for_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, lambda quota, _: ROOM if quota is ADDRESSES else QuotaAnswer(quota=5, used=1), "--json")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert {key: document[key] for key in ("stack", "stage", "account", "why", "ok")} == {
        "stack": "prod", "stage": 6, "account": "123456789012", "why": "", "ok": False
    }  # fmt: skip
    assert [one["verdict"] for one in document["quotas"]] == ["fail", "ok"]
    assert document["quotas"][0]["raise"]["to"] == 21
    unseen = json.loads(run(monkeypatch, None, "--json").stdout)
    assert (unseen["account"], unseen["why"], unseen["ok"]) == (None, "Unable to locate credentials", True)
    assert [one["quota"] for one in unseen["quotas"]] == [None, None]


def test_another_account_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, lambda *_: ROOM, account={"id": "210987654321"})
    assert done.exit_code == 2
    assert (
        "Pulumi.prod.yaml: ascent:account.id: given 210987654321; the credentials are of 123456789012. "
        "Take those of 210987654321, or correct the file" in words(done.stderr)
    )
    assert run(monkeypatch, lambda *_: ROOM, account={"id": "123456789012"}).exit_code == 0


def test_the_stacks_role_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str | None] = []
    monkeypatch.setattr(command, "clients", taken.append)
    role = "arn:aws:iam::123456789012:role/deploy"
    assert run(monkeypatch, lambda *_: ROOM, account={"assumeRole": role}).exit_code == 0
    assert taken == [role]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stack", "nowhere"], "Pulumi.nowhere.yaml: there is no such file"),
        (["--stack", "dev", "--stage", "7"], "Pulumi.dev.yaml: ascent:domain.dns"),
        (["--stage", "4"], "give --stack as well"),
        (["--stack", "dev", "--stage", "8"], "less than or equal to 7"),
    ],
)
def test_bad_input(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(cli.app, ["doctor", *arguments])
    assert done.exit_code == 2
    assert said in words(done.stderr)


def test_without_a_stack_it_is_the_machine_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CHECKS", (lambda: DoctorFinding("one", "ok", "fine"),))
    done = CliRunner().invoke(cli.app, ["doctor", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.output) == {
        "ok": True,
        "checks": [{"name": "one", "status": "ok", "found": "fine", "advice": ""}],
    }


def test_it_starts_as_light_as_before() -> None:
    heavy = ("pulumi", "pydantic", "boto3", "botocore", "infra", "rich.table")
    code = f"import sys, ops.commands.doctor; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_new_account_from_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {quota.code: quota.default for quota in QUOTAS}

    def has(_: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
        return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": defaults[quota_code], "Adjustable": True}

    # moto knows the quotas of VPCs alone.
    monkeypatch.setattr(ServiceQuotasBackend, "get_service_quota", has)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    with mock_aws():
        client = boto3.client("ec2", "us-east-1")
        for _ in range(3):
            client.allocate_address(Domain="vpc")
        done = CliRunner().invoke(cli.app, ["doctor", "--stack", "sandbox", "--stage", "1", "--json"])
    assert done.exit_code == 1, done.output
    document = json.loads(done.stdout)
    assert (document["account"], document["ok"]) == ("123456789012", False)
    found = {one["code"]: one for one in document["quotas"]}
    assert {code: one["verdict"] for code, one in found.items() if one["verdict"] != "ok"} == {
        ON_DEMAND.code: "fail",  # 20 of 5
        ADDRESSES.code: "warn",  # 3 more than 3 of 5
    }
    assert {one["used"] for one in found.values() if one["code"] not in (ADDRESSES.code, VPCS.code)} == {0, None}
    assert found[VPCS.code]["used"] == 1
    assert len(found) == 20


def test_a_shipped_stack_at_80_columns_without_credentials() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **kept, "COLUMNS": "80", "NO_COLOR": "1", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "ops", "doctor", "--stack", "sandbox", "--stage", "1"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "warn     On-demand vCPUs" in done.stdout
    assert "\x1b" not in done.stdout
    assert all(len(line.rstrip()) <= 80 for line in done.stdout.splitlines())
