"""The config's model: which tables, columns and indexes. Strict; what it does not know it refuses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from database import limits
from database.errors import BadInputError

_NAME = r"[A-Za-z_][A-Za-z0-9_$]*"
_LONGEST = 63  # bytes of a PostgreSQL identifier
# The longest name that leaves room for `_2026_01` and `_history_next`, so that no derived name is ever cut.
_LONGEST_TABLE = 48

Name = Annotated[str, Field(pattern=f"^{_NAME}$", max_length=_LONGEST, description="A name of letters, digits and _.")]
TableName = Annotated[
    str, Field(pattern=f"^{_NAME}$", max_length=_LONGEST_TABLE, description="A table's name, without its schema.")
]
Key = Annotated[str, Field(pattern=f"^{_NAME}( desc)?$", description="A column, or `column desc`.")]


def _one_statement(text: str) -> str:
    if ";" in text:
        raise ValueError("it should be one SELECT without a semicolon")
    return text.strip()


class Model(BaseModel):
    """Frozen, and refuses keys it does not know."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: "".join(
            part.title() if index else part for index, part in enumerate(name.rstrip("_").split("_"))
        ),
    )


class Index(Model):
    """A composite index. `where` maps columns to what they have to equal; null is IS NULL."""

    name: Annotated[str, Field(pattern=f"^{_NAME}$", max_length=_LONGEST_TABLE, description="The index's name.")]
    table: TableName
    columns: Annotated[tuple[Key, ...], Field(min_length=1, max_length=32, description="Its columns in order.")]
    where: Annotated[dict[Name, str | int | bool | None], Field(description="Column: value, all of them.")] = {}


class VectorIndex(Model):
    """An HNSW index of pgvector. The defaults are the Narfe runbook's, Stage 3, Optimize Vector Search."""

    name: Annotated[str, Field(pattern=f"^{_NAME}$", max_length=_LONGEST_TABLE, description="The index's name.")]
    table: TableName
    column: Name
    operator_class: Annotated[
        Literal["vector_cosine_ops", "vector_l2_ops", "vector_ip_ops", "halfvec_cosine_ops", "halfvec_l2_ops"],
        Field(description="The distance that queries use."),
    ] = "vector_cosine_ops"
    m: Annotated[int, Field(ge=2, le=100, description="Links of a node; pgvector allows 2 to 100.")] = 32
    ef_construction: Annotated[int, Field(ge=4, le=1000, description="At least twice m; 4 to 1000.")] = 128

    @model_validator(mode="after")
    def _ratio(self) -> Self:
        if self.ef_construction < 2 * self.m:
            raise ValueError(f"efConstruction {self.ef_construction} should be at least twice m, which is {self.m}")
        return self


class Search(Model):
    """What queries of HNSW indexes run with; the Narfe runbook's 100. For one role, or for the whole database."""

    ef_search: Annotated[int, Field(ge=1, le=1000, description="1 to 1000.")] = 100
    role: Name | None = None


class Partition(Model):
    """A table in monthly partitions of a date or timestamp column."""

    table: TableName
    column: Name
    months_ahead: Annotated[int, Field(ge=1, le=24, description="Months kept ahead, 1 to 24.")] = 3
    convert: Annotated[bool, Field(description="Whether a plain table is turned into a partitioned one.")] = False


class View(Model):
    """A materialized view, refreshed hourly. `key` names columns that are unique in it."""

    name: Annotated[str, Field(pattern=f"^{_NAME}$", max_length=_LONGEST_TABLE, description="The view's name.")]
    key: Annotated[tuple[Name, ...], Field(min_length=1, description="Columns unique in it.")]
    query: Annotated[str, AfterValidator(_one_statement), Field(min_length=1, description="Its SELECT.")]


class Retention(Model):
    """Rows that are deleted once `column` is more than `days` ago."""

    table: TableName
    column: Name
    days: Annotated[int, Field(ge=0, le=3650, description="0 to 3650; 0 for a column that says when it expires.")]
    job: Annotated[Literal["cleanup", "metrics"], Field(description="cleanup is daily, metrics weekly.")]
    reaches: Annotated[
        tuple[Name, ...],
        Field(description="Tables whose rows may go or change with it, by ON DELETE CASCADE, SET NULL, SET DEFAULT."),
    ] = ()


class Archive(Model):
    """Rows that are moved to another table: older than so many months, of groups in which nothing newer happened."""

    table: TableName
    into: TableName
    key: Annotated[Name, Field(description="A unique column.")]
    column: Name
    older_than_months: Annotated[int, Field(ge=1, le=240, description="1 to 240.")]
    group: Annotated[Name | None, Field(description="A group is archived only when it is inactive as a whole.")] = None
    keep_last: Annotated[int, Field(ge=0, le=100_000, description="Newest rows of each group that stay.")] = 0
    purge_after_months: Annotated[
        int | None, Field(ge=1, le=240, description="Months after which the archive forgets; null for never.")
    ] = None

    @model_validator(mode="after")
    def _groups(self) -> Self:
        if self.keep_last and self.group is None:
            raise ValueError("keepLast counts within a group: name one, or leave keepLast out")
        if self.into == self.table:
            raise ValueError("into should be another table")
        return self


class Health(Model):
    """What the health query measures against."""

    size_limit_gib: Annotated[
        float | None, Field(gt=0, description="GiB of a disk that does not grow; none on Aurora, whose disk does.")
    ] = None
    size_percent: Annotated[int, Field(ge=1, le=100, description="Scaling to 1000 Users: 75.")] = 75
    connections_percent: Annotated[int, Field(ge=1, le=100, description="Scaling to 1000 Users: 80.")] = 80
    slow_ms: Annotated[int, Field(ge=1, description="Narfe, Stage 3: 500.")] = 500
    dead_percent: Annotated[int, Field(ge=1, le=100, description="PostgreSQL's autovacuum starts at 20.")] = 20
    refresh_minutes: Annotated[int, Field(ge=1, description="Two hourly refreshes may be missed: 130.")] = 130


class Locks(Model):
    """How patient a statement is that others would queue behind."""

    timeout_seconds: Annotated[float, Field(gt=0, le=30, description="Above 0, at most 30.")] = 2
    tries: Annotated[int, Field(ge=1, le=100, description="1 to 100.")] = limits.TRIES


class Config(Model):
    """A whole config file."""

    schema_: Annotated[Name, Field(description="Where the tables are.")] = "public"
    ledger_schema: Annotated[Name, Field(description="Where what was applied is written down.")] = "ascent"
    protected: Annotated[tuple[Name, ...], Field(description="Tables that no rule may delete from.")] = ()
    extensions: Annotated[
        dict[Name, Literal["required", "optional"]], Field(description="Extension: required or optional.")
    ] = {"vector": "required", "pg_stat_statements": "optional"}
    indexes: tuple[Index, ...] = ()
    vector_indexes: tuple[VectorIndex, ...] = ()
    search: Search | None = None
    drop_indexes: Annotated[tuple[Name, ...], Field(description="Dropped if another index covers them.")] = ()
    partitions: tuple[Partition, ...] = ()
    views: tuple[View, ...] = ()
    retention: tuple[Retention, ...] = ()
    archives: tuple[Archive, ...] = ()
    health: Health = Health()
    locks: Locks = Locks()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        relations = [one.name for several in (self.indexes, self.vector_indexes, self.views) for one in several]
        tables = [f"partitions of {one.table}" for one in self.partitions]
        rules = [f"retention of {one.table}" for one in self.retention]
        twice = [name for name, count in Counter(relations + tables + rules).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]} is there twice: keep one")
        both = sorted(
            {one.name for several in (self.indexes, self.vector_indexes) for one in several} & set(self.drop_indexes)
        )
        if both:
            raise ValueError(f"index {both[0]} is both to be made and to be dropped: keep one")
        taken = {rule.table for rules in (self.retention, self.archives) for rule in rules}
        taken |= {table for rule in self.retention for table in rule.reaches}
        for table in sorted(taken & set(self.protected)):
            raise ValueError(f"table {table} is protected, and a rule takes rows from it: remove one of them")
        return self


def load(path: Path) -> Config:
    """Read and check a config file.

    Raises:
        BadInputError: with a line for each problem: where, what was given, what is allowed.
    """
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInputError(f"{path}: cannot be read: {reason}. Give a file with --config.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadInputError(f"{path}{line}: not YAML: {getattr(error, 'problem', error)}. Correct it.") from None
    if not isinstance(data, dict):
        raise BadInputError(f"{path}: given {type(data).__name__}; it should be a map of keys. See docs/database.md.")
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        problems = [_described(str(path), problem) for problem in error.errors()]
        raise BadInputError("\n".join(problems)) from None


def _described(path: str, problem: Any) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).removeprefix(".")
    place = f"{path}: {where}" if where else path
    model, description = _field(problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = ", ".join(field.alias or name for name, field in model.model_fields.items())
        return f"{place}: unknown key. Known are: {known}."
    if problem["type"] == "missing":
        return f"{place}: missing. {description}".rstrip()
    if problem["type"] == "value_error":
        return f"{place}: {problem['ctx']['error']}."
    reason = problem["msg"].replace("Input should", "it should").replace("String should", "it should")
    if problem["type"] == "string_pattern_mismatch":
        reason = "it does not have the right form"
    given = str(problem["input"])
    return f"{place}: given {given[:60]}; {reason}. {description}".rstrip()


def _field(loc: tuple[int | str, ...]) -> tuple[type[Model], str]:
    """The innermost model on the way to `loc`, and the last field's description."""
    model: type[Model] = Config
    description = ""
    for part in loc:
        for name, field in model.model_fields.items():
            if part in (field.alias, name):
                description = field.description or ""
                inner = [field.annotation, *getattr(field.annotation, "__args__", ())]
                model = next((one for one in inner if isinstance(one, type) and issubclass(one, Model)), model)
                break
    return model, description
