"""What the charts refuse: by the schema, or by sums in their templates; and the models refuse the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from charts.values import CHARTS, MODELS
from tests.charts.helm import Helm, merged, values_of

Change = dict[str, Any]
PEM = "-----BEGIN CERTIFICATE-----\nmade up\n-----END CERTIFICATE-----\n"

BY_SCHEMA: list[tuple[str, Change, str]] = [
    ("pgbouncer", {"pool": {"maxDbConnections": 0}}, "/pool/maxDbConnections': minimum: got 0, want 1"),
    ("pgbouncer", {"pool": {"maxUserConnections": 0}}, "/pool/maxUserConnections': minimum: got 0, want 1"),
    ("pgbouncer", {"pool": {"defaultSize": 0}}, "/pool/defaultSize': minimum: got 0, want 1"),
    ("pgbouncer", {"pool": {"maxClientConnections": 0}}, "/pool/maxClientConnections': minimum: got 0, want 1"),
    ("pgbouncer", {"databases": [{"name": "a", "host": "h", "maxDbConnections": 0}]}, "minimum: got 0, want 1"),
    ("pgbouncer", {"databases": [{"name": "*", "host": "h"}]}, "does not match pattern"),
    ("pgbouncer", {"databases": [{"name": "a", "host": "h pool_size=0"}]}, "does not match pattern"),
    ("pgbouncer", {"databases": [{"name": "a"}]}, "missing property 'host'"),
    ("pgbouncer", {"pool": {"mode": "statement"}}, "value must be one of 'transaction', 'session'"),
    ("pgbouncer", {"replicas": "two"}, "got string, want integer"),
    ("pgbouncer", {"replica": 2}, "additional properties 'replica' not allowed"),
    ("pgbouncer", {"auth": {"password": "x"}}, "additional properties 'password' not allowed"),
    ("pgbouncer", {"serverTls": {"ca": {"pem": "rds-ca"}}}, "/serverTls/ca/pem': 'rds-ca' does not match pattern"),
    ("pgbouncer", {"listen": {"port": 80}}, "minimum: got 80, want 1,024"),
    ("redis", {"replicas": 2}, "/replicas': value must be one of 3, 5"),
    ("redis", {"maxmemoryPolicy": "lru"}, "/maxmemoryPolicy': value must be one of"),
    ("redis", {"maxmemoryMi": "256mb"}, "got string, want integer"),
    ("redis", {"persistence": True}, "additional properties 'persistence' not allowed"),
]
BY_SUM: list[tuple[str, Change, str]] = [
    ("pgbouncer", {"databases": []}, "databases: name at least one"),
    ("pgbouncer", {"connectionBudget": None}, "connectionBudget is needed"),
    ("pgbouncer", {"auth": {"secretName": ""}}, "auth.secretName is needed"),
    ("pgbouncer", {"networkPolicy": {"clients": None}}, "networkPolicy.clients is needed"),
    ("pgbouncer", {"serverTls": {"ca": {"name": ""}}}, "serverTls.ca.name is needed for verify-full"),
    ("pgbouncer", {"serverTls": {"ca": {"pem": PEM}}}, "serverTls.ca has a name and a pem"),
    ("pgbouncer", {"clientTls": {"mode": "require"}}, "clientTls.secretName is needed"),
    ("pgbouncer", {"shutdown": {"graceSeconds": 15}}, "shutdown.graceSeconds must be above drainSeconds"),
    ("pgbouncer", {"image": {"tag": "latest"}}, "name a version"),
    (
        "pgbouncer",
        {"databases": [{"name": "a", "host": "h", "poolSize": 30}]},
        "a: a pool of 30 is above the cap of 25 connections",
    ),
    (
        "pgbouncer",
        {"databases": [{"name": "a", "host": "h"}, {"name": "a", "host": "i"}]},
        "databases: two have the same name",
    ),
    (
        "pgbouncer",
        {"databases": [{"name": "pgbouncer", "host": "h"}]},
        "databases: pgbouncer is the console's name",
    ),
    (
        "pgbouncer",
        {"replicas": 3},
        "db.example.com:5432: 5 pods x 25 connections = 125, above the budget of 100",
    ),
    (
        "pgbouncer",
        {"autoscaling": {"enabled": True, "maxReplicas": 10}},
        "db.example.com:5432: 12 pods x 25 connections = 300, above the budget of 100",
    ),
    (
        "pgbouncer",
        {"databases": [{"name": "a", "host": "h"}, {"name": "b", "host": "h", "maxDbConnections": 20}]},
        "h:5432: 4 pods x 45 connections = 180, above the budget of 100",
    ),
    (
        "pgbouncer",
        {"autoscaling": {"minReplicas": 9, "maxReplicas": 8}},
        "autoscaling.minReplicas is above maxReplicas",
    ),
    ("redis", {"maxmemoryMi": 400}, "maxmemoryMi 400 is above three quarters of resources.memoryMi 512"),
    ("redis", {"tls": {"enabled": True}}, "tls.secretName is needed"),
    ("redis", {"networkPolicy": {"clients": None}}, "networkPolicy.clients is needed"),
    ("redis", {"minReplicasToWrite": 2}, "minReplicasToWrite 2 stops every write when a pod is lost"),
    ("redis", {"shutdown": {"graceSeconds": 30}}, "shutdown.graceSeconds must be above handoverSeconds"),
    ("redis", {"image": {"tag": "latest"}}, "name a version"),
]


def without_nulls(values: Any) -> Any:
    """As Helm does: a null takes a default away."""
    if isinstance(values, dict):
        return {key: without_nulls(value) for key, value in values.items() if value is not None}
    return values


@pytest.mark.parametrize(("chart", "change", "said"), [*BY_SCHEMA, *BY_SUM])
def test_refused(helm: Helm, chart: str, change: Change, said: str, tmp_path: Path) -> None:
    values = merged(values_of(chart, "default"), change)
    done = helm.run("template", "web", CHARTS / chart, values=values, scratch=tmp_path)
    assert done.code != 0
    assert said in done.output, done.output
    with pytest.raises(ValidationError) as refusal:
        MODELS[chart].model_validate(without_nulls(values))
    if (chart, change, said) in BY_SUM:
        assert said in str(refusal.value)
