"""A stack whose application is the master moves to users of its own, and changes their passwords, under the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.commands.engine import Sandbox
from tests.engine.test_regions import changed
from tests.engine.test_walk import lost, replaced
from tests.engine.world import quick

SECRET = "aws:secretsmanager/secretVersion:SecretVersion"
CALL = "aws:lambda/invocation:Invocation"
PASSWORD = "random:index/randomPassword:RandomPassword"
APP = "sandbox-use1-app"
# Without instances: no AWS is there to be asked whether they are new, and the next update would be told nothing.
PODS: dict[str, Any] = {"runtime": "kubernetes"}
ROLES: dict[str, Any] = {**PODS, "database": {"roles": True}}


def idle(box: Sandbox) -> list[str]:
    """Users that the last call told that they may not log in any more."""
    (call,) = (one for one in box.resources() if one["type"] == CALL)
    return [name for name, one in json.loads(call["inputs"]["input"])["logins"].items() if one["secret"] is None]


def test_a_stack_moves_to_roles_and_changes_passwords_in_place(tmp_path: Path) -> None:
    box = quick(tmp_path)
    assert box.up(2, **PODS).ok

    moved = box.up(2, **ROLES)
    assert moved.ok, moved.output
    assert (replaced(moved), lost(moved)) == ([], [])
    # The stand-in keeps no secret's value: tests/unit/test_rotation.py has whom the URL is for.
    assert f"{SECRET} {APP}" in changed(moved)
    assert idle(box) == ["ascent_app_b"]
    chosen = {**ROLES, "rotations": {"application": 1}}
    rotated = box.up(2, **chosen)
    assert rotated.ok, rotated.output
    assert {one.split("::")[-2].split("$")[-1] for one in replaced(rotated)} == {PASSWORD, CALL}
    assert lost(rotated) == []
    assert f"{SECRET} {APP}" in changed(rotated)
    assert idle(box) == []

    ended = box.up(2, **chosen)
    assert ended.ok, ended.output
    # The end of the last one's validity touches no machine.
    assert {what.split()[0] for what in changed(ended)} == {CALL}
    assert idle(box) == ["ascent_app_a"]

    skipped = box.preview(2, **ROLES, rotations={"application": 3})
    assert not skipped.ok
    assert "the last update had 1, so it should be that or 2" in skipped.output
    assert "Traceback" not in skipped.output

    # Back, in two updates: the users are there until nothing has them.
    master = {**PODS, "rotations": {"application": 1}}
    given_up = box.up(2, **master)
    assert given_up.ok, given_up.output
    assert lost(given_up) == []
    assert [one for one in box.resources() if one["type"] == CALL]
    gone = box.up(2, **master)
    assert gone.ok, gone.output
    assert [one for one in box.resources() if one["type"] == CALL] == []
