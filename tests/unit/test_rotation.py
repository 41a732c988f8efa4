"""Passwords that take turns: what an update makes, hands out and ends, by what the last one left."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from infra.roles.names import APPLICATIONS, JOBS, MASTER, OWNER, READS
from infra.rotation import Turn
from infra.wiring import build
from infra.wiring.rotations import keep, turns
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.engine.recorder import Recorded
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, of_type, record

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
CALL = "aws:lambda/invocation:Invocation"
PASSWORD = "random:index/randomPassword:RandomPassword"


def after(last: dict[str, int] | None, **changes: Any) -> dict[str, Recorded]:
    """What an update declares, `last` being what the one before left."""
    with pytest.MonkeyPatch.context() as patch:
        outputs = {} if last is None else {"rotations": {"credentials": 1, "roles": 1, **last}}
        patch.setitem(ANSWERS, READ_STACK_OUTPUTS, {"outputs": outputs})
        return record(lambda: build(settings(**changes)), live=True)


def marks(resources: dict[str, Recorded]) -> dict[str, str]:
    return {
        name.removeprefix("test-use1-credentials-"): one.inputs["keepers"]["generation"]
        for name, one in of_type(resources, PASSWORD).items()
    }


NONE = {"application": 0, "cache": 0, "master": 0}


def test_a_stack_from_before_rotations_keeps_every_password() -> None:
    found = marks(after(None, stage=6, credentialsGeneration=3))
    assert found == {"database": "3", "redis": "3", "target": "3"}


@pytest.mark.parametrize(
    ("number", "first", "second"), [(0, "1", None), (1, "1", "1.1"), (2, "1.2", "1.1"), (3, "1.2", "1.3")]
)
def test_one_of_two_tokens_is_made_anew_and_the_other_stays(number: int, first: str, second: str | None) -> None:
    found = marks(after({**NONE, "cache": max(number - 1, 0)}, stage=6, rotations={"cache": number}))
    assert (found["redis"], found.get("redis-b")) == (first, second)
    # The database's are another counter's.
    assert found["database"] == "1"


@pytest.mark.parametrize(
    ("last", "now", "strategy"), [(None, 0, "SET"), (0, 0, "SET"), (None, 1, "ROTATE"), (0, 1, "ROTATE"), (1, 1, "SET")]
)
def test_the_cache_rotates_a_new_token_and_then_sets_it(last: int | None, now: int, strategy: str) -> None:
    left = None if last is None else {**NONE, "cache": last}
    (cache,) = of_type(after(left, stage=6, rotations={"cache": now}), CACHE).values()
    assert cache.inputs["authTokenUpdateStrategy"] == strategy


def test_new_passwords_all_at_once_are_rotated_too() -> None:
    (cache,) = of_type(after(NONE, stage=6, credentialsGeneration=2), CACHE).values()
    assert cache.inputs["authTokenUpdateStrategy"] == "ROTATE"


def logins(resources: dict[str, Recorded]) -> dict[str, Any]:
    (call,) = of_type(resources, CALL).values()
    found: dict[str, Any] = json.loads(call.inputs["input"])["logins"]
    return found


def users_of(resources: dict[str, Recorded]) -> str:
    """The application's user, by whichever password changed last."""
    found = marks(resources)
    return "app-a" if int(found["app-a"].partition(".")[2]) > int(found["app-b"].partition(".")[2]) else "app-b"


@pytest.mark.parametrize(("last", "now", "user"), [(0, 0, 0), (0, 1, 1), (1, 1, 1), (1, 2, 0)])
def test_the_application_logs_in_as_one_of_two_by_turns(last: int, now: int, user: int) -> None:
    resources = after({**NONE, "application": last}, database={"roles": True}, rotations={"application": now})
    assert users_of(resources) == ("app-a", "app-b")[user]
    # The other one may not log in any more, once nothing has it.
    out = [name for name, one in logins(resources).items() if one["secret"] is None]
    assert out == ([APPLICATIONS[1 - user]] if last == now else [])


def test_each_user_may_do_what_it_is_for() -> None:
    found = logins(after(None, stage=3, database={"roles": True}))
    assert {name: one["of"] for name, one in found.items()} == {
        **dict.fromkeys(APPLICATIONS, "ascent_app"),
        JOBS: OWNER,
        READS: READS,
    }
    assert found[JOBS]["settings"] == {"role": OWNER}
    assert found[APPLICATIONS[0]]["settings"] == {"statement_timeout": "60s"}
    assert MASTER not in found


def test_no_password_is_in_the_call() -> None:
    (call,) = of_type(after(None, database={"roles": True}), CALL).values()
    assert "password" not in call.inputs["input"]


def test_the_call_is_made_anew_with_another_password_or_program() -> None:
    (call,) = of_type(after(None, database={"roles": True}), CALL).values()
    assert set(call.inputs["triggers"]) == {"code", "passwords"}
    assert call.inputs["triggers"]["passwords"].count(",") == 3


@pytest.mark.parametrize(
    ("last", "changes", "says"),
    [
        (2, {"rotations": {"application": 4}}, r"rotations\.application: given 4; .* 2, so it should be that or 3"),
        (2, {"rotations": {"application": 1}}, r"rotations\.application: given 1; .* 2, so it should be that or 3"),
    ],
)
def test_a_rotation_is_not_left_out(last: int, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(pulumi.RunError, match=says):
        turns(settings(**changes), {"rotations": {**NONE, "application": last}})


@pytest.mark.parametrize("key", ["credentialsGeneration", "rotations"])
def test_the_masters_password_waits_for_the_writes_to_be_home(key: str) -> None:
    changes = {"credentialsGeneration": 2} if key == "credentialsGeneration" else {"rotations": {"master": 1}}
    with pytest.raises(pulumi.RunError, match=r"changed in us-east-1.*ascent failover --to us-east-1"):
        turns(
            settings(stage=7, writer="eu-west-1", **changes),
            {"rotations": {**NONE, "credentials": 1}},
        )


def test_a_turn_tells_when_each_was_made() -> None:
    assert [Turn(number=n, before=n).made for n in range(4)] == [(0, -1), (0, 1), (2, 1), (2, 3)]


def test_roles_that_are_given_up_stay_until_no_machine_has_them() -> None:
    given_up = after({**NONE, "roles": 1}, stage=2)
    (proxy,) = of_type(given_up, "aws:rds/proxy:Proxy").values()
    assert len(proxy.inputs["auths"]) == 3
    assert of_type(given_up, CALL)
    gone = after({**NONE, "roles": 0}, stage=2)
    (proxy,) = of_type(gone, "aws:rds/proxy:Proxy").values()
    assert len(proxy.inputs["auths"]) == 1
    assert of_type(gone, CALL) == {}


@pytest.mark.parametrize("roles", [0, 1])
def test_the_master_changes_only_once_nothing_logs_in_as_it(roles: int) -> None:
    last = {"rotations": {**NONE, "credentials": 1, "roles": roles}}
    chosen = settings(database={"roles": True}, rotations={"master": 1})
    if roles:
        assert turns(chosen, last).master.under_way
    else:
        with pytest.raises(pulumi.RunError, match="the application may still log in as the master"):
            turns(chosen, last)


@pytest.mark.parametrize("seen", [[], [True, True], [True, False]])
@pytest.mark.parametrize("lost", [False, True])
def test_the_next_update_is_told_only_once_everything_was_seen_to_be_new(
    seen: list[bool],
    lost: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", lambda name, value: told.update({name: value}))
    monkeypatch.setattr(pulumi.log, "warn", lambda text: told.update(warned=text))
    changes = {"stage": 7, "writer": "eu-west-1", "unreachable": "us-east-1"} if lost else {}
    chosen = settings(rotations={"cache": 1}, **changes)
    turned = turns(chosen, {"rotations": {**NONE, "credentials": 1, "roles": 0}})
    keep(chosen, turned, SimpleNamespace(apply=lambda function: function(seen)))  # type: ignore[arg-type]
    whole = all(seen) and not lost
    assert told["rotations"]["cache"] == int(whole)
    assert ("warned" in told) == (not whole)
