"""A stand-in of boto3's clients: the RDS Data API before a real PostgreSQL, and the secrets that it is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import psycopg

MASTER, MASTER_PASSWORD = "ascent", "master-made-up"


class Clients:
    """Clients by service.

    statements: what was asked for, in order. secrets: passwords by ARN.
    """

    def __init__(self, port: int, secrets: Mapping[str, str]) -> None:
        self.secrets = dict(secrets)
        self.statements: list[str] = []
        self._url = f"postgresql://{MASTER}:{MASTER_PASSWORD}@127.0.0.1:{port}/app"
        self._open: dict[str, psycopg.Connection[Any]] = {}

    def __call__(self, service: str) -> Any:
        assert service in ("rds-data", "secretsmanager")
        return self

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803  boto3's own
        return {"SecretString": json.dumps({"username": "any", "password": self.secrets[SecretId]})}

    def begin_transaction(self, *, resourceArn: str, secretArn: str, database: str) -> dict[str, str]:  # noqa: N803
        assert (resourceArn, secretArn, database) == ("cluster-arn", "master-arn", "app")
        name = f"transaction-{len(self.statements)}"
        self._open[name] = psycopg.connect(self._url)
        return {"transactionId": name}

    def execute_statement(self, *, sql: str, transactionId: str | None = None, **where: str) -> dict[str, Any]:  # noqa: N803
        assert tuple(where.values()) == ("cluster-arn", "master-arn", "app")
        self.statements.append(sql)
        if transactionId is None:
            with psycopg.connect(self._url) as conn:
                return _answer(conn.execute(sql.encode()))
        return _answer(self._open[transactionId].execute(sql.encode()))

    def commit_transaction(self, *, resourceArn: str, secretArn: str, transactionId: str) -> None:  # noqa: N803
        del resourceArn, secretArn
        conn = self._open.pop(transactionId)
        conn.commit()
        conn.close()

    def rollback_transaction(self, *, resourceArn: str, secretArn: str, transactionId: str) -> None:  # noqa: N803
        del resourceArn, secretArn
        conn = self._open.pop(transactionId)
        conn.rollback()
        conn.close()


def _answer(cursor: psycopg.Cursor[Any]) -> dict[str, Any]:
    if cursor.description is None:
        return {"numberOfRecordsUpdated": 0}
    rows = cursor.fetchall()
    assert all(isinstance(value, str) for row in rows for value in row), "the keeper asks for text alone"
    return {"records": [[{"stringValue": value} for value in row] for row in rows]}
