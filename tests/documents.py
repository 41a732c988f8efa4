"""Tables in docs/ that are made from code. `python -m tests.documents` writes them; a test keeps them fresh."""

from __future__ import annotations

from infra.application import PROFILES, Application, Profile
from ops.cost.usage import TABLE
from ops.drift.ledger import LEDGER
from ops.edge.doc import rights_table
from ops.guard.rules import OWN, connections, cost
from ops.guard.rules.protection import ANYWHERE
from ops.quotas.doc import default_table, nodes_table
from ops.readme import Parts, generated
from ops.stackfile import ROOT
from policy.monotonic import GUARDS
from policy.rules import RULES, STACK_RULES
from tests.cost.examples import EXAMPLES
from tests.transition.tables import laws, leaving, verdicts


def profiles() -> str:
    """What each profile of an application has."""
    plain, runbooks = PROFILES[Profile.PLAIN], PROFILES[Profile.RUNBOOKS]

    def told(one: Application) -> dict[str, str]:
        names = {"public": "public", "images": "images", "browsers": "browserUploads", "expires": "expireUnused"}
        names["archives"] = "archive"
        buckets = {
            name: ", ".join(key for field, key in names.items() if getattr(bucket, field))
            for name, bucket in one.buckets.items()
        }
        return {
            "port, health path": f"{one.port}, `{one.health_path}`",
            "buckets": "; ".join(f"`{name}`" + (f" ({what})" if what else "") for name, what in buckets.items()),
            "queues": ", ".join(f"`{name}`" for name in one.queues),
            "rate limits, a minute": "; ".join(
                f"`{name}`: {limit.per_minute} to `{'`, `'.join(limit.prefixes)}`"
                + (f" with {', '.join(limit.methods)}" if limit.methods else "")
                for name, limit in one.limits.items()
            ),
            "hashed paths": ", ".join(f"`{path}`" for path in one.hashed_paths) or "none",
            "never cached": ", ".join(f"`{path}`" for path in one.never_cached),
        }

    one, other = told(plain), told(runbooks)
    lines = [f"| {key} | {one[key]} | {other[key]} |" for key in one]
    return "\n".join(["| | `plain` | `runbooks` |", "|---|---|---|", *lines])


def assumptions() -> str:
    """What users are taken to do."""
    rows = [f"| {one.name} | {_n(one.span.low)} to {_n(one.span.high)} {one.unit} | {one.source} |" for one in TABLE]
    return "\n".join(["| what | how much | source |", "|---|---|---|", *rows])


def _n(value: float) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _share(value: float) -> str:
    return f"{value:+.1%}".replace("-0.0%", "+0.0%")


def errors() -> str:
    """Published bills beside what the rules make of them."""
    rows = [
        f"| {one.what} | {one.published:,.2f} | {one.ours():,.2f} | {_share(one.error)} | {one.source} |"
        for one in EXAMPLES
    ]
    return "\n".join(["| bill | published, $ | ours, $ | error | source |", "|---|---|---|---|---|", *rows])


def policies() -> str:
    """All policies."""
    rows = [(rule.name, rule.severity, rule.reason, rule.frameworks) for rule in RULES]
    rows += [(rule.name, rule.severity, rule.reason, rule.frameworks) for rule in STACK_RULES]
    lines = [f"| `{name}` | {severity} | {reason} | {', '.join(asked)} |" for name, severity, reason, asked in rows]
    return "\n".join(["| policy | severity | why | asked for by |", "|---|---|---|---|", *lines])


def guards() -> str:
    """Properties that no move up may weaken."""
    by_type: dict[str, list[str]] = {}
    for guard in GUARDS:
        for type_ in guard.types:
            by_type.setdefault(type_.rpartition(":")[2], []).append(f"`{guard.path}`")
    lines = [f"| {type_} | {', '.join(paths)} |" for type_, paths in sorted(by_type.items())]
    return "\n".join(["| resource | what may not get weaker |", "|---|---|", *lines])


def ledger() -> str:
    """Expected drift, by type."""
    rows = [
        f"| `{row.type}` | `{row.path}`{' (in a rollout)' if row.in_rollout else ''} | {row.owner} | {row.reason} |"
        for row in LEDGER
    ]
    return "\n".join(["| type | property | changed by | why |", "|---|---|---|---|", *rows])


def findings() -> str:
    """Findings of the guard's own, and the line that lets each pass."""
    of_stack = {rule.name for rule in (*connections.RULES, *cost.RULES)}
    lines = []
    for rule in OWN:
        resource = "ascent-prod" if rule.name in of_stack else "NAME"
        allowed = f'`{{what: {rule.name}, resource: {resource}, until: DAY, why: "..."}}`'
        lines.append(f"| `{rule.name}` | {rule.severity} | {rule.reason} | {allowed} |")
    return "\n".join(["| finding | severity | why | let pass by |", "|---|---|---|---|", *lines])


def compared() -> str:
    """Properties that may not get weaker, by what they protect from."""
    rows = [guard for guard in (*GUARDS, *ANYWHERE) if guard.about != "size"]
    by_about: dict[str, list[str]] = {}
    for guard in rows:
        by_about.setdefault(guard.about, []).append(f"`{guard.path}`")
    lines = [f"| {about} | {', '.join(dict.fromkeys(paths))} |" for about, paths in by_about.items()]
    return "\n".join(["| about | properties that may not get weaker |", "|---|---|", *lines])


DOCUMENTS: dict[str, Parts] = {
    "docs/application.md": {"profiles": profiles},
    "docs/changes.md": {"ledger": ledger},
    "docs/cost.md": {"assumptions": assumptions, "errors": errors},
    "docs/edge.md": {"rights": rights_table},
    "docs/guard.md": {"findings": findings, "compared": compared},
    "docs/quotas.md": {"quotas": default_table, "nodes": nodes_table},
    "docs/policy.md": {"policies": policies, "guards": guards},
    "docs/transitions.md": {"verdicts": verdicts, "leaving": leaving, "laws": laws},
}


if __name__ == "__main__":
    for name, parts in DOCUMENTS.items():
        path = ROOT / name
        path.write_text(generated(path.read_text(), parts, name))
