"""What to do before a stage, or instead of one: each with the exact command, statement or line, and its runbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from infra.capacity.connections import SERVERLESS
from infra.capacity.load import pool_size
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.stages import Capability
from infra.thresholds import FIFTY_K, GUIDE, NARFE, ORIVA
from ops import stackfile
from ops.advise.model import Judgment
from ops.advise.remedy_table import FIXED, POOL, STACK, How, Remedy, When

LARGER_POOL = 40  # connections: Oriva, Database Connection Pool Exhaustion: "Enter 40 (double current)"
MOST_ACUS = 256  # AWS, Performance and scaling for Aurora Serverless v2: the largest maximum
_ASKED = ("concurrent-users", "database-cpu")
_SET = "pulumi config set --stack {stack} --path 'ascent:{key}' {value}"


def remedies(settings: Settings, stack: str, found: Judgment) -> list[Remedy]:
    """What to do first, by what a judgment presses for, the measure that matters most first; each once."""
    kinds = {When.EITHER}
    kinds |= {When.ALARM} if found.incidents or found.alarming else set()
    kinds |= set() if found.incidents else {When.GROWTH}
    known = [*FIXED, *(one for make in _SIZED for one in make(settings, stack))]
    chosen = [
        one
        for measure in found.pressing
        for one in known
        if measure in one.against and one.when in kinds and _fits(one, settings)
    ]
    named = (replace(one, run=one.run.replace(f"--stack {STACK}", f"--stack {stack}")) for one in chosen)
    return list(dict.fromkeys(named))


def _fits(one: Remedy, settings: Settings) -> bool:
    lacks = one.lacks is None or not settings.row.has(one.lacks)
    return lacks and (one.has is None or settings.row.has(one.has))


def _acus(settings: Settings, stack: str) -> Iterator[Remedy]:
    """More of the same database: Aurora takes it within a minute, without a restart."""
    size = settings.sizes.database
    most = min(2 * size.max_acu, MOST_ACUS)
    if size.instance_class == SERVERLESS and most > size.max_acu:
        yield from _line(
            stack,
            settings.stage,
            ("database", "maxAcu", most),
            says=f"Let the database grow to twice its {size.max_acu:g} capacity units; paid only while they are used",
            against=("database-cpu", "query-p95"),
            source=f"{NARFE}, Emergency Procedures: Database CPU at 100%, long-term: upgrade compute size",
        )


def _pool(settings: Settings, stack: str) -> Iterator[Remedy]:
    """A larger pool follows from a larger fleet."""
    size = settings.sizes.fleet
    now = pool_size(size.maximum)
    if not settings.row.has(Capability.POOLING) or now >= LARGER_POOL or not settings.runtime.on_ec2:
        return
    enough = next(count for count in range(size.maximum, LARGER_POOL) if pool_size(count) >= LARGER_POOL)
    yield from _line(
        stack,
        settings.stage,
        ("fleet", "maximum", enough),
        says=f"Give the pooler {pool_size(enough)} connections, not {now}: it has two for each instance, and one",
        against=POOL,
        source=f"{ORIVA}, Scale Up Database Connection Pool: 20, recommended 30-40",
    )


def _fleet(settings: Settings, stack: str) -> Iterator[Remedy]:
    """Half as many instances more, where autoscaling has them at their most."""
    size = settings.sizes.fleet
    if settings.runtime.on_ec2:
        yield from _line(
            stack,
            settings.stage,
            ("fleet", "maximum", size.maximum + (size.maximum + 1) // 2),
            says=f"Let the fleet grow beyond {size.maximum} instances: horizontally first",
            against=("concurrent-users", "latency-p95"),
            source=f"{GUIDE}, Auto-Scaling Triggers, and Right-Sizing Instances",
            when=When.GROWTH,
        )


def _idle(settings: Settings, _: str) -> Iterator[Remedy]:
    """An end to transactions that idle: Aurora has it by the cluster's parameters, a database elsewhere may not."""
    if settings.external_database is not None:
        yield Remedy(
            against=POOL,
            says="Have the server close what stays idle in a transaction for a minute",
            how=How.SQL,
            run="ALTER ROLE CURRENT_USER SET idle_in_transaction_session_timeout = '60s';",
            source=f"{GUIDE}, Connection Pool Best Practices: idle timeout 60 seconds",
        )


def _limits(settings: Settings, stack: str) -> Iterator[Remedy]:
    """Another limit at the edge for each visitor: half of it against load, half as much again for who is refused."""
    if not settings.row.has(Capability.EDGE_RULES):
        return
    name, now = next(iter(settings.rate_limits.items()))
    for value, says, against in (
        (now // 2, f"Halve what one visitor may ask of {name}, {now} a minute, for as long as it is too much", _ASKED),
        (now * 3 // 2, f"Allow half as much again of {name} as {now} a minute, if it is real users", ("rate-limited",)),
    ):
        yield Remedy(
            against=against,
            says=says,
            how=How.CONFIG,
            run=_SET.format(stack=stack, key=f"edge.rateLimitPerMinute.{name}", value=value),
            source=f"{FIFTY_K}, Rate Limiting; {ORIVA}, Adjust Rate Limits: 100 to 150",
        )


_SIZED: tuple[Callable[[Settings, str], Iterator[Remedy]], ...] = (_acus, _pool, _fleet, _idle, _limits)


def _line(
    stack: str,
    stage: int,
    change: tuple[str, str, float],
    *,
    says: str,
    against: tuple[str, ...],
    source: str,
    when: When = When.EITHER,
) -> Iterator[Remedy]:
    """A changed size, if the stack's file may have it: the connection budget may refuse it."""
    group, key, value = change
    number = int(value) if value == int(value) else value
    try:
        stackfile.settings(stack, stage, sizes={group: {key: number}})
    except SettingsError:
        return
    run = _SET.format(stack=stack, key=f"{group}.{key}", value=number)
    yield Remedy(against=against, says=says, how=How.CONFIG, run=run, source=source, when=when)
