"""Make the database's roles, and keep them as they should be. It runs by itself, as an AWS Lambda function.

It speaks by way of the RDS Data API, so that it stands in no network. It may be run as often as one likes: each step
looks at what is there, and what was interrupted goes on at the next run. Passwords are read from Secrets Manager, and
reach the database as SCRAM verifiers alone (PostgreSQL documentation, CREATE ROLE: a string that is one already is
stored as it is), so that no log of statements has them.

Nothing but the standard library and boto3, which AWS has there: this file is all there is of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

# A change of owner locks its table. It gives way to what runs, and is tried again.
LOCK_SECONDS, TRIES, PAUSE = 2, 5, 3.0
# The function is called as soon as it is made. IAM takes a while to know its rights everywhere (IAM User Guide,
# "Changes that I make are not always immediately visible"), and RDS to open the Data API of a cluster.
PATIENCE = 30  # tries
# Seconds that have to be left for an object: its lock, and the calls around it.
SPARE = 15.0
_NOT_YET = ("AccessDenied", "is not authorized", "HttpEndpoint is not enabled")
# PostgreSQL's own default, scram_iterations.
ITERATIONS = 4096
# Where objects of people are. Extensions' own are left out, as they belong to the extension.
_SCHEMAS = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('cron', 'rdsadmin')"
_NO_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {oid} AND d.deptype = 'e')"
# Kinds of pg_class by relkind, as ALTER names them. A sequence that belongs to a column goes with its table.
_RELATIONS = {
    "r": "TABLE",
    "p": "TABLE",
    "f": "FOREIGN TABLE",
    "v": "VIEW",
    "m": "MATERIALIZED VIEW",
    "S": "SEQUENCE",
}


_FROM_RELATIONS = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
_PART = 100  # names


class Busy(Exception):  # noqa: N818  a state, not a mistake
    """A statement did not get its lock in time."""


class Database(Protocol):
    """What the steps need of a database, logged in as the master."""

    def rows(self, query: str) -> Sequence[Sequence[Any]]:
        """The rows of a query."""

    def together(self, statements: Sequence[str]) -> None:
        """Run statements in one transaction.

        Raises:
            Busy: when one of them did not get its lock in time; then none is done.
        """


def keep(
    database: Database,
    names: Mapping[str, Any],
    logins: Mapping[str, Mapping[str, Any]],
    left: Callable[[], float] = lambda: float("inf"),
) -> dict[str, Any]:
    """Make the roles, hand the objects over to the owner, and set what each may do.

    Args:
        database: logged in as the master.
        names: `master`, `owner`, `writes` and `reads`: the roles' names.
        logins: by name: `password`, or None for one that may not log in any more; `of`, the role that it is a member
            of; `limit`, the connections that it may have; `settings`, the parameters of its sessions.
        left: seconds that are left.

    Returns what was done: `made`, the new roles; `moved`, the number of objects that got their owner; and `statistics`,
    whether jobs may see everybody's sessions and statements.

    Raises:
        RuntimeError: naming the objects that were in use all the while, once everything else is done.
    """
    groups = [names["owner"], names["writes"], names["reads"]]
    there = {row[0] for row in database.rows("SELECT rolname::text FROM pg_roles")}
    made = [name for name in dict.fromkeys([*groups, *logins]) if name not in there]
    if made:
        database.together([f"CREATE ROLE {_name(name)} NOLOGIN" for name in made])
    database.together(
        [
            # Who hands an object over to a role has to be a member of it.
            f"GRANT {_name(names['owner'])} TO {_name(names['master'])}",
            *(f"GRANT {_name(one['of'])} TO {_name(name)}" for name, one in logins.items() if one["of"] != name),
        ]
    )
    told = _statistics(database, names["owner"])
    # Before anything is handed over: who connects with a new user meanwhile can do what it should.
    database.together([*_privileges(database, names), *_for_what_comes(names)])
    database.together(list(_logins(logins)))
    # Last, as it takes longest and nobody waits for it: all may do already what they are for, but for jobs.
    moved, busy = _hand_over(database, names, left)
    if busy:
        raise RuntimeError(
            f"in use all the while, or there was no time for them, so they did not get their owner: {_some(busy)}. "
            "Everything else is done; run the update again, when they are idle"
        )
    return {"made": made, "moved": moved, "statistics": told}


def _some(names: Sequence[str]) -> str:
    """The first of many names: Lambda cuts an answer off."""
    return ", ".join(names[:_PART]) + (f" and {len(names) - _PART} more" if len(names) > _PART else "")


def _statistics(database: Database, owner: str) -> bool:
    """Let jobs see everybody's sessions and statements, which they judge. Not every master may give that away."""
    try:
        database.together([f"GRANT pg_read_all_stats TO {_name(owner)}"])
    except Exception as error:
        # SQLSTATE 42501, insufficient_privilege, in words.
        if "permission denied" not in str(error):
            raise
        return False
    return True


def _privileges(database: Database, names: Mapping[str, Any]) -> Iterator[str]:
    """What may be done with what is there, as far as the master may say so."""
    owner, writes, reads = (_name(names[one]) for one in ("owner", "writes", "reads"))
    ((here,),) = database.rows("SELECT current_database()::text")
    yield f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {_name(here)} TO {owner}"
    query = f"SELECT n.nspname::text FROM pg_namespace n WHERE {_SCHEMAS} AND pg_has_role(n.nspowner, 'USAGE')"
    for (schema,) in database.rows(query):
        yield f"GRANT USAGE, CREATE ON SCHEMA {_name(schema)} TO {owner}"
        yield f"GRANT USAGE ON SCHEMA {_name(schema)} TO {writes}, {reads}"
    for many in _in_parts(_relations(database, "c.relkind::text IN ('r', 'p', 'f', 'v', 'm')")):
        # A view reads with its owner's rights, and gets its new owner before or after the tables that it reads.
        yield f"GRANT ALL ON {many} TO {owner}"
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {many} TO {writes}"
        yield f"GRANT SELECT ON {many} TO {reads}"
    for many in _in_parts(_relations(database, "c.relkind = 'S'")):
        yield f"GRANT ALL ON SEQUENCE {many} TO {owner}"
        yield f"GRANT USAGE, SELECT ON SEQUENCE {many} TO {writes}"


def _relations(database: Database, kind: str) -> list[str]:
    found = database.rows(
        f"SELECT n.nspname::text, c.relname::text {_FROM_RELATIONS} WHERE {kind} AND {_SCHEMAS} AND "
        f"pg_has_role(c.relowner, 'USAGE') AND {_NO_EXTENSION.format(oid='c.oid')} ORDER BY 1, 2"
    )
    return [f"{_name(schema)}.{_name(name)}" for schema, name in found]


def _in_parts(names: Sequence[str]) -> Iterator[str]:
    """Names as a statement lists them, some at a time: the Data API takes no statement without end."""
    for start in range(0, len(names), _PART):
        yield ", ".join(names[start : start + _PART])


def _for_what_comes(names: Mapping[str, Any]) -> Iterator[str]:
    """The same for objects to come, whoever of the two makes them."""
    writes, reads = _name(names["writes"]), _name(names["reads"])
    for maker in map(_name, (names["owner"], names["master"])):
        by = f"ALTER DEFAULT PRIVILEGES FOR ROLE {maker} GRANT"
        yield f"{by} USAGE ON SCHEMAS TO {writes}, {reads}"
        yield f"{by} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {writes}"
        yield f"{by} USAGE, SELECT ON SEQUENCES TO {writes}"
        yield f"{by} SELECT ON TABLES TO {reads}"


def _hand_over(database: Database, names: Mapping[str, Any], left: Callable[[], float]) -> tuple[int, list[str]]:
    """Make the owner the owner of what the master owns. Returns how many objects, and those that are left."""
    waiting = list(_owned(database, names["master"]))
    owner, moved = _name(names["owner"]), 0
    for attempt in range(TRIES):
        busy: list[str] = []
        for number, what in enumerate(waiting):
            if left() < SPARE:
                return moved, [*busy, *waiting[number:]]
            try:
                database.together([f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'", f"ALTER {what} OWNER TO {owner}"])
                moved += 1
            except Busy:
                busy.append(what)
        waiting = busy
        if not waiting:
            break
        if attempt + 1 < TRIES:
            time.sleep(PAUSE)
    return moved, waiting


def _owned(database: Database, master: str) -> Iterator[str]:
    """What the master owns, as ALTER names it: `TABLE "public"."users"`."""

    def ours(owner: str, oid: str) -> str:
        return f"pg_get_userbyid({owner}) = {_text(master)} AND {_SCHEMAS} AND {_NO_EXTENSION.format(oid=oid)}"

    schemas = f"SELECT n.nspname::text FROM pg_namespace n WHERE {ours('n.nspowner', 'n.oid')} ORDER BY 1"
    relations = (
        f"SELECT n.nspname::text, c.relname::text, c.relkind::text {_FROM_RELATIONS} "
        f"WHERE {ours('c.relowner', 'c.oid')} AND c.relkind::text IN ('r', 'p', 'f', 'v', 'm', 'S') "
        "AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid "
        "AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))) ORDER BY 1, 2"
    )
    routines = (
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        f"WHERE {ours('p.proowner', 'p.oid')} ORDER BY 1"
    )
    # A table's row type and an array go with what they are of.
    types = (
        "SELECT format_type(t.oid, NULL)::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
        f"WHERE {ours('t.typowner', 't.oid')} AND t.typtype IN ('d', 'e', 'r', 'c') AND (t.typrelid = 0 OR "
        "EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) ORDER BY 1"
    )
    for (schema,) in database.rows(schemas):
        yield f"SCHEMA {_name(schema)}"
    for schema, name, kind in database.rows(relations):
        yield f"{_RELATIONS[kind]} {_name(schema)}.{_name(name)}"
    for (signature,) in database.rows(routines):
        yield f"ROUTINE {signature}"
    for (name,) in database.rows(types):
        yield f"TYPE {name}"


def _logins(logins: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, one in logins.items():
        role = _name(name)
        if one["password"] is None:
            # Whoever is logged in stays; nobody comes any more.
            yield f"ALTER ROLE {role} NOLOGIN"
            continue
        verifier = _text(scram(one["password"]))
        yield f"ALTER ROLE {role} LOGIN CONNECTION LIMIT {int(one['limit'])} PASSWORD {verifier}"
        for parameter, value in one["settings"].items():
            yield f"ALTER ROLE {role} SET {_name(parameter)} = {_text(value)}"


def scram(password: str, salt: bytes | None = None) -> str:
    """The SCRAM-SHA-256 verifier of a password of letters and digits, as PostgreSQL stores it (RFC 5803)."""
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(one).decode() for one in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


class DataApi:
    """The database of a cluster, by way of the RDS Data API.

    client: boto3's `rds-data`. cluster, secret: ARNs of the cluster, and of the master's secret. database: its name.
    """

    def __init__(self, client: Any, *, cluster: str, secret: str, database: str) -> None:
        self._client = client
        self._where = {"resourceArn": cluster, "secretArn": secret}
        self._database = database

    def rows(self, query: str) -> list[list[Any]]:
        """The rows of a query, all of whose columns are text."""
        answer = self._client.execute_statement(**self._where, database=self._database, sql=query)
        return [[next(iter(value.values())) for value in row] for row in answer.get("records", [])]

    def together(self, statements: Sequence[str]) -> None:
        """Run statements in one transaction: the Data API takes one at a time."""
        if not statements:
            return
        begun = self._client.begin_transaction(**self._where, database=self._database)["transactionId"]
        try:
            for statement in statements:
                self._client.execute_statement(
                    **self._where, database=self._database, sql=statement, transactionId=begun
                )
            self._client.commit_transaction(**self._where, transactionId=begun)
        except Exception as error:
            # What was refused is rolled back by now; what was cut off, after three minutes of silence.
            with suppress(Exception):
                self._client.rollback_transaction(**self._where, transactionId=begun)
            # SQLSTATE 55P03, lock_not_available, in words.
            if "lock timeout" in str(error):
                raise Busy from None
            raise


def handler(event: Mapping[str, Any], context: Any = None, client: Callable[[str], Any] | None = None) -> Any:
    """What the function is called with: `cluster`, `secret`, `database`, `names`, and `logins` as `keep` has them, but
    with `secret`, the ARN of the secret that has the password, or None, in place of it."""
    if client is None:
        import boto3  # type: ignore[import-untyped]

        client = boto3.client
    secrets = client("secretsmanager")

    def password(arn: str | None) -> str | None:
        if arn is None:
            return None
        answer = _patiently(lambda: secrets.get_secret_value(SecretId=arn))
        return str(json.loads(answer["SecretString"])["password"])

    logins = {name: {**one, "password": password(one["secret"])} for name, one in event["logins"].items()}
    database = DataApi(client("rds-data"), cluster=event["cluster"], secret=event["secret"], database=event["database"])
    _patiently(lambda: database.rows("SELECT 'there'"))
    left = (lambda: context.get_remaining_time_in_millis() / 1000) if context else (lambda: float("inf"))
    return keep(database, event["names"], logins, left)


def _patiently(ask: Callable[[], Any]) -> Any:
    """Ask again while AWS does not know yet that it may be asked."""
    for _ in range(PATIENCE - 1):
        try:
            return ask()
        except Exception as error:
            if not any(words in str(error) for words in _NOT_YET):
                raise
        time.sleep(PAUSE)
    return ask()
