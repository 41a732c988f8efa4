"""The report at the end of a run."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from sandbox.commands.engine import Result
from scripts.say import minutes

WORDS = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "replace": "replaced",
    "discard": "forgotten",
    "import": "imported",
}

# As many kinds of resources by name for each provider; the rest are counted.
SHOWN = 10


def console(*, stderr: bool = False) -> Console:
    """Plain where NO_COLOR says so or there is no terminal; never colors numbers by guesswork."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def kinds(resources: list[dict[str, Any]]) -> Table:
    """Which kinds of resources there are, by provider, the most frequent first."""
    by_provider: dict[str, Counter[str]] = {}
    for resource in resources:
        provider, _, rest = str(resource["type"]).partition(":")
        if provider == "pulumi":
            continue
        group = provider if resource.get("custom") else "component"
        by_provider.setdefault(group, Counter())[rest.rsplit(":", 1)[-1]] += 1
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2), pad_edge=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for group, counts in sorted(by_provider.items(), key=lambda item: -item[1].total()):
        parts = [f"{kind} {count}" if count > 1 else kind for kind, count in counts.most_common(SHOWN)]
        more = [f"and {len(counts) - SHOWN} more kinds"] if len(counts) > SHOWN else []
        text = ", ".join([*parts, *more])
        table.add_row(f"[bold]{group}[/]", str(counts.total()), text)
    return table


def counted(types: dict[str, int]) -> Table:
    """How many there are of each type of AWS, by service."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2), pad_edge=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    by_service: dict[str, list[str]] = {}
    for token, count in sorted(types.items()):
        service = token.split(":")[1].partition("/")[0]
        by_service.setdefault(service, []).append(f"{token.rpartition(':')[2]} {count}")
    for service, parts in by_service.items():
        table.add_row(f"[bold]{service}[/]", ", ".join(parts))
    return table


def changed(result: Result) -> str:
    """The changes of a run in words: of real resources, as far as the engine tells them apart."""
    counts = Counter(step.op for step in result.steps if step.real and not step.failed and step.op in WORDS)
    # A refresh has one kind of step; what came of it is in the totals only.
    counts = counts or Counter({op: count for op, count in result.changes.items() if op in ("update", "delete")})
    return ", ".join(f"{count} {WORDS[op]}" for op, count in sorted(counts.items())) or "nothing changed"


def real(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The resources that would exist in a cloud: no components, no providers, not the stack itself."""
    return [
        resource for resource in resources if resource.get("custom") and not str(resource["type"]).startswith("pulumi:")
    ]


def took(result: Result) -> str:
    """How long a run took."""
    return minutes(max(1, result.seconds))
