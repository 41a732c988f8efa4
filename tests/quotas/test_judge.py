"""Verdicts, their order, and what to ask AWS for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.quotas.account import QuotaAnswer
from ops.quotas.judge import QuotaRow, QuotaVerdict, judged, looked
from ops.quotas.model import Quota
from ops.quotas.stacks import QuotaNeed
from ops.quotas.table import QUOTAS
from tests.quotas.support import ADDRESSES, GROUP_RULES, INTERNET_GATEWAYS, ON_DEMAND, REGION

LEFT = "more than is left, unless this stack is part of what is used"
UNSEEN = "what the account has is not known"


def row(quota: Quota, most: float | None, answer: QuotaAnswer | None, why: str = "") -> QuotaRow:
    return judged(QuotaNeed(quota=quota, region=REGION, most=most, why=why), answer)


@pytest.mark.parametrize(
    ("quota", "most", "answer", "verdict", "why", "ask"),
    [
        (ADDRESSES, 3, QuotaAnswer(quota=5, used=2), QuotaVerdict.OK, "", None),
        (ADDRESSES, 3, QuotaAnswer(quota=5, used=3), QuotaVerdict.WARN, LEFT, 6),
        (ADDRESSES, 6, QuotaAnswer(quota=5, used=0), QuotaVerdict.FAIL, "more than the account has", 6),
        (ADDRESSES, 6, QuotaAnswer(quota=5, used=2), QuotaVerdict.FAIL, "more than the account has", 8),
        (ADDRESSES, 6, QuotaAnswer(quota=5), QuotaVerdict.FAIL, "more than the account has", 6),
        (
            ADDRESSES,
            3,
            QuotaAnswer(quota=5, why="X: Y"),
            QuotaVerdict.UNKNOWN,
            "what the account uses is not known: X: Y",
            None,
        ),
        (ADDRESSES, 3, QuotaAnswer(why="X: Y"), QuotaVerdict.UNKNOWN, f"{UNSEEN}: X: Y", None),
        (ADDRESSES, 6, QuotaAnswer(why="X: Y"), QuotaVerdict.WARN, f"more than AWS' default, and {UNSEEN}: X: Y", 6),
        (ADDRESSES, 3, None, QuotaVerdict.UNKNOWN, UNSEEN, None),
        (ADDRESSES, 5, None, QuotaVerdict.UNKNOWN, UNSEEN, None),
        (ADDRESSES, 6, None, QuotaVerdict.WARN, f"more than AWS' default, and {UNSEEN}", 6),
        (GROUP_RULES, 60, QuotaAnswer(quota=60), QuotaVerdict.OK, "", None),
        (GROUP_RULES, 62, QuotaAnswer(quota=60), QuotaVerdict.FAIL, "more than the account has", 62),
        (ON_DEMAND, 20.5, QuotaAnswer(quota=10, used=1), QuotaVerdict.FAIL, "more than the account has", 22),
        (ON_DEMAND, None, QuotaAnswer(quota=10, used=1), QuotaVerdict.UNKNOWN, "not known", None),
    ],
)
def test_verdicts(
    quota: Quota, most: float | None, answer: QuotaAnswer | None, verdict: QuotaVerdict, why: str, ask: int | None
) -> None:
    found = row(quota, most, answer, why="not known" if most is None else "")
    assert (found.verdict, found.why, found.ask) == (verdict, why, ask)


def test_the_command_that_raises_it() -> None:
    assert row(ON_DEMAND, 20, QuotaAnswer(quota=5, used=2)).command == (
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A "
        "--desired-value 22 --region us-east-1"
    )
    assert row(ON_DEMAND, 3, QuotaAnswer(quota=5, used=2)).command is None


def test_a_quota_that_follows_another_is_raised_by_that() -> None:
    assert row(INTERNET_GATEWAYS, 1, QuotaAnswer(quota=5, used=5)).command == (
        "aws service-quotas request-service-quota-increase --service-code vpc --quota-code L-F678F1CE "
        "--desired-value 6 --region us-east-1"
    )


def test_what_all_regions_share_is_raised_where_aws_keeps_it() -> None:
    roles = next(quota for quota in QUOTAS if quota.title == "IAM roles")
    found = judged(QuotaNeed(quota=roles, region=None, most=11), QuotaAnswer(quota=1000, used=995))
    assert found.command is not None
    assert found.command.endswith("--quota-code L-FE177D64 --desired-value 1006 --region us-east-1")


def test_what_aws_does_not_raise_has_no_command() -> None:
    found = row(GROUP_RULES, 90, QuotaAnswer(quota=60, adjustable=False))
    assert (found.verdict, found.ask, found.command) == (QuotaVerdict.FAIL, None, None)
    assert found.as_dict()["raise"] is None


def test_the_worst_comes_first() -> None:
    answers = {
        ON_DEMAND.code: QuotaAnswer(quota=5, used=0),
        ADDRESSES.code: QuotaAnswer(quota=5, used=4),
        GROUP_RULES.code: QuotaAnswer(quota=60),
        INTERNET_GATEWAYS.code: QuotaAnswer(quota=5, used=0),
    }
    needs = [
        QuotaNeed(quota=quota, region=REGION, most=most)
        for quota, most in ((GROUP_RULES, 42), (INTERNET_GATEWAYS, 1), (ADDRESSES, 3), (ON_DEMAND, 20))
    ]
    needs.append(replace(needs[0], region="eu-west-1"))

    def ask(need: QuotaNeed) -> QuotaAnswer | None:
        return answers[need.quota.code] if need.region == REGION else None

    found = [(one.quota.title, one.verdict) for one in looked(needs, ask)]
    assert found == [
        (ON_DEMAND.title, QuotaVerdict.FAIL),
        (ADDRESSES.title, QuotaVerdict.WARN),
        (GROUP_RULES.title, QuotaVerdict.UNKNOWN),
        (GROUP_RULES.title, QuotaVerdict.OK),
        (INTERNET_GATEWAYS.title, QuotaVerdict.OK),
    ]


def test_as_plain_data() -> None:
    assert row(ADDRESSES, 3, QuotaAnswer(quota=5, used=3)).as_dict() == {
        "verdict": "warn",
        "service": "ec2",
        "code": "L-0263D0A3",
        "name": "EC2-VPC Elastic IPs",
        "unit": "addresses",
        "region": "us-east-1",
        "need": 3,
        "default": 5,
        "quota": 5,
        "used": 3,
        "why": LEFT,
        "raise": {
            "to": 6,
            "command": "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-0263D0A3 "
            "--desired-value 6 --region us-east-1",
        },
    }
