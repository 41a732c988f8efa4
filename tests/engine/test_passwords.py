"""The real engine: whose secret has to change for what runs beside the pods to be released anew."""

from __future__ import annotations

from pathlib import Path

from sandbox.commands.engine import Result
from sandbox.commands.stackfile import PLACEHOLDER_CIPHERTEXT
from tests.engine.test_runtimes import rollout
from tests.engine.world import quick

RELEASE, SECRET = "kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:Secret"
STAGE = 6


def updated(result: Result, type_: str) -> set[str]:
    assert result.ok, result.output
    return {one.name for one in result.steps if one.type == type_ and one.op == "update"}


def test_redis_is_restarted_for_its_own_password_alone_and_pgbouncer_for_none(tmp_path: Path) -> None:
    box = quick(tmp_path)
    config = {"runtime": "kubernetes", "rollout": rollout("1.0.0"), "cache": {"inCluster": True}}
    assert updated(box.up(STAGE, **config), RELEASE) == set()

    other = box.preview(STAGE, **config, appSecrets={"KEY": {"secure": PLACEHOLDER_CIPHERTEXT}})
    assert updated(other, SECRET) == {"sandbox-use1-app-app-secrets"}
    assert updated(other, RELEASE) == set()

    own = box.preview(STAGE, **config, credentialsGeneration=2)
    assert updated(own, SECRET) >= {"sandbox-use1-app-pgbouncer-users", "sandbox-use1-app-redis-credentials"}
    assert updated(own, RELEASE) == {"sandbox-use1-redis"}
