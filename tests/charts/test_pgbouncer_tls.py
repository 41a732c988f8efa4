"""A real PgBouncer that shows certificates to its clients, and asks databases for theirs."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from infra.authorities import rds
from tests.charts.certificates import chained, self_signed
from tests.charts.pools import CAP, Pool, Start, mount
from tests.charts.processes import until


def served(certificate: Path) -> dict[str, bytes]:
    """What a server shows, as a Secret of type kubernetes.io/tls has it."""
    return {name: (certificate / name).read_bytes() for name in ("tls.crt", "tls.key")}


def test_tls_to_the_database_and_from_clients(start: Start, tmp_path: Path) -> None:
    """The tests' PostgreSQL has no TLS, so a second PgBouncer plays the database; verify-full is the same."""
    trusted, other = self_signed(tmp_path / "trusted"), self_signed(tmp_path / "other")
    database = start({"clientTls": {"mode": "require", "secretName": "tls"}}, mounts={"client-tls": served(trusted)})
    with pytest.raises(psycopg.OperationalError, match="SSL required"):
        database.connect(sslmode="disable")
    with database.connect(sslmode="verify-full", sslrootcert=trusted / "ca.crt") as client:
        assert client.execute("SELECT 1").fetchone() == (1,)

    def pool_that_trusts(authority: Path) -> Pool:
        change = {
            "databases": [
                {"name": "app", "host": "127.0.0.1", "port": database.port, "poolSize": CAP, "maxDbConnections": CAP}
            ],
            "serverTls": {"mode": "verify-full", "ca": {"name": "ca"}},
            "timeouts": {"queryWait": 3, "serverLoginRetry": 1},
        }
        return start(change, mounts={"server-tls": {"ca.crt": (authority / "ca.crt").read_bytes()}})

    with pool_that_trusts(trusted).connect() as client:
        assert client.execute("SELECT current_user").fetchone() == ("app",)
    refusing = pool_that_trusts(other)
    with pytest.raises(psycopg.OperationalError):
        refusing.connect().execute("SELECT 1")
    assert "certificate verify failed" in refusing.process.said()


def test_a_new_certificate_is_shown_without_a_restart(start: Start, tmp_path: Path) -> None:
    old, new = self_signed(tmp_path / "old"), self_signed(tmp_path / "new")
    pool = start({"clientTls": {"mode": "require", "secretName": "tls"}}, mounts={"client-tls": served(old)})
    with pool.connect(sslmode="verify-full", sslrootcert=old / "ca.crt") as client:
        mount(pool.home / "client-tls", served(new))

        def shows_new() -> bool:
            try:
                pool.connect(sslmode="verify-full", sslrootcert=new / "ca.crt").close()
            except psycopg.OperationalError:
                return False
            return True

        until(shows_new, "the new certificate is shown")
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_the_root_of_a_region_is_enough(start: Start, tmp_path: Path) -> None:
    """A database shows its certificate and what lies between. It has to be signed by the root, and be for its name."""
    ours, elsewhere = chained(tmp_path / "ours", "IP:127.0.0.1"), chained(tmp_path / "elsewhere", "DNS:db.example.com")

    def pool(shown: Path, pem: str) -> Pool:
        database = start({"clientTls": {"mode": "require", "secretName": "tls"}}, mounts={"client-tls": served(shown)})
        return start(
            {
                "databases": [
                    {
                        "name": "app",
                        "host": "127.0.0.1",
                        "port": database.port,
                        "poolSize": CAP,
                        "maxDbConnections": CAP,
                    }
                ],
                "serverTls": {"mode": "verify-full", "ca": {"pem": pem}},
                "timeouts": {"queryWait": 3, "serverLoginRetry": 1},
            }
        )

    region = rds("us-east-1")
    with pool(ours, region + (ours / "root.crt").read_text()).connect() as client:
        assert client.execute("SELECT current_user").fetchone() == ("app",)
    for refusing, why in (
        (pool(ours, region), "certificate verify failed"),
        (pool(elsewhere, region + (elsewhere / "root.crt").read_text()), "not present in server certificate"),
    ):
        with pytest.raises(psycopg.OperationalError):
            refusing.connect().execute("SELECT 1")
        assert why in refusing.log()
