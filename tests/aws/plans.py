"""The plans that AWS' own models judge: those of the shipped stacks, and those of a stranger's, who uses everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.regions import REGIONS
from infra.stages import STAGES
from infra.thresholds import STACK_NAME
from ops import stackfile
from ops.engine import render
from ops.engine.recorder import Recorded
from tests.unit.configs import settings
from tests.unit.runtime import ACCOUNT, built

LONGEST = "integration-testing-"[: STACK_NAME.value - 1] + "1"
ELEVEN = list(REGIONS)[:11]
ALERTS = {
    "warning": ["platform@example.com"],
    "critical": ["on-call@example.com"],
    "slack": {"workspaceId": "T0EXAMPLE", "channelId": "C0EXAMPLE"},
    "procedures": "https://docs.example.com/procedures",
}
BACKUP = {"region": "eu-west-1", "vaultArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:elsewhere"}
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0.0"
BOTH_COLORS = {"blue": {"image": IMAGE, "weight": 60}, "green": {"image": IMAGE, "weight": 40}}
# Everything that a stack can have, below the edge and behind it.
OPTIONS: dict[str, Any] = {
    "alerts": ALERTS,
    "database": {"instanceClass": "db.r7g.large", "roles": True},
    "registry": {"repositories": ["team/app"]},
    "rollout": BOTH_COLORS,
    "rotations": {"application": 2, "cache": 3, "master": 1},
    "runtime": "both",
    "tags": {"cost-center": "platform"},
}
STRANGE: dict[str, dict[str, Any]] = {
    "below the edge": {**OPTIONS, "stage": 4, "backup": {"vaultArn": BACKUP["vaultArn"]}, "firewall": True},
    "on pods": {
        **OPTIONS, "stage": 6, "runtime": "kubernetes", "cache": {"engine": "redis"},
        "rollout": {"blue": {"image": IMAGE, "weight": 100}},
    },
    "in eleven regions": {
        **OPTIONS, "stage": 7, "regions": ELEVEN, "backup": BACKUP, "database": {"instanceClass": "db.r7g.2xlarge"},
        "edge": {"plan": "enterprise", "certificate": "advanced"},
    },
}  # fmt: skip


def plans() -> Iterator[tuple[str, tuple[Recorded, ...]]]:
    """Name and resources of each plan."""
    for stack in stackfile.names():
        for stage in STAGES:
            with suppress(SettingsError):  # `dev` has its DNS where no CDN can be in front of it
                yield f"{stack} at {stage}", _rendered(stackfile.settings(stack, stage), stack)
    for runtime in ("ec2", "both"):
        for stage in STAGES:
            yield f"{runtime} at {stage}", tuple(built(stage=stage, runtime=runtime, live=True).values())
    yield "pods", tuple(built(stage=max(STAGES), runtime="kubernetes", live=True).values())
    for name, changes in STRANGE.items():
        yield name, tuple(built(live=True, **changes).values())
        if name != "in eleven regions":
            yield f"{name}, named {LONGEST}", _rendered(settings(**changes), LONGEST)
    yield f"named {LONGEST}", _rendered(settings(stage=max(STAGES), runtime="both"), LONGEST)


def _rendered(chosen: Settings, stack: str) -> tuple[Recorded, ...]:
    return render.render(chosen, stack).resources
