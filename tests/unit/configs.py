"""Config that is allowed, for tests to change one thing in."""

from __future__ import annotations

from typing import Any

from infra.config.loading import parse
from infra.config.problems import SECRETS
from infra.config.settings import Settings

FILE = "Pulumi.test.yaml"


def config(**changes: Any) -> dict[str, Any]:
    """A stack's config, with the given keys changed; None leaves a key out."""
    values: dict[str, Any] = {
        "stage": 1,
        "regions": ["us-east-1", "eu-west-1", "ap-southeast-2"],
        "runtime": "ec2",
        "network": {"cidr": "10.0.0.0/11"},
        "domain": {"name": "app.example.com", "dns": "cloudflare", "zoneId": "ab" * 16},
        "rollout": {"blue": {"image": "registry.example.com/app:1.0.0", "weight": 100}},
        "cluster": {"apiCidrs": ["203.0.113.0/24"]},
        "jobs": {"image": "registry.example.com/database:1.0.0"},
        **changes,
    }
    return {key: value for key, value in values.items() if value is not None}


def settings(**changes: Any) -> Settings:
    """Settings from that config."""
    return parse(config(**changes), FILE, encrypted=SECRETS)
