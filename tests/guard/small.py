"""Small previews, written by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

Raw = dict[str, Any]
CLUSTER = "aws:rds/cluster:Cluster"
BUCKET = "aws:s3/bucket:Bucket"


def urn(type_: str, name: str, project: str = "shop", stack: str = "live") -> str:
    """The URN of something directly below its stack."""
    return f"urn:pulumi:{stack}::{project}::{type_}::{name}"


def step(
    op: str,
    type_: str = CLUSTER,
    name: str = "db",
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    region: str = "us-east-1",
    was: Mapping[str, Any] | None = None,
    comes: Mapping[str, Any] | None = None,
    diff: Mapping[str, str] | None = None,
    project: str = "shop",
) -> Raw:
    """One step.

    Args:
        op: the engine's word. type_, name: of the resource.
        old, new: inputs before and after. region: AWS region it is in.
        was, comes: what else the state says before and after, such as `protect`.
        diff: kind of change by path.
        project: name of the project.
    """
    own = urn(type_, name, project)
    state = {
        "urn": own,
        "custom": True,
        "type": type_,
        "parent": urn("pulumi:pulumi:Stack", f"{project}-live", project),
    }
    raw: Raw = {"op": op, "urn": own, "provider": f"{urn('pulumi:providers:aws', region, project)}::id"}
    if op not in ("create", "import", "create-replacement"):
        raw["oldState"] = {**state, "inputs": dict(old or {}), "outputs": {"region": region}, **(was or {})}
    if op not in ("delete", "delete-replaced"):
        raw["newState"] = {**state, "inputs": dict(new or {}), **(comes or {})}
    raw["detailedDiff"] = {path: {"kind": kind, "inputDiff": True} for path, kind in (diff or {}).items()}
    return raw


def document(*steps: Raw, errors: tuple[str, ...] = (), project: str = "shop") -> Raw:
    """A preview of these steps."""
    own = urn("pulumi:pulumi:Stack", f"{project}-live", project)
    root: Raw = {"op": "same", "urn": own, "oldState": {"urn": own}, "newState": {"urn": own}}
    return {
        "config": {"aws:region": "us-east-1"},
        "steps": [root, *steps],
        "diagnostics": [{"message": f"error: {text}\n", "severity": "error"} for text in errors],
        "changeSummary": dict(Counter(one["op"] for one in (root, *steps))),
    }
