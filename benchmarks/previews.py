"""A large preview: the guard's time for it, as a ratio to the time for reading the file at once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.timing import Ratio, against, progress
from ops.guard.context import context_of
from ops.guard.judge import judge
from ops.guard.reader import read

RESOURCES = 10_000
_TYPE = "aws:rds/cluster:Cluster"
_URN = f"urn:pulumi:live::shop::{_TYPE}::NAME"
# The engine lists the source position of each resource, which is most of a preview.
_TRACE = [{"sourcePosition": f"project:///infra/components/a_component_of_ours.py#{line}"} for line in range(12)]
_INPUTS = {"tags": {f"tag{index}": "value" for index in range(8)}, "storageEncrypted": True, "engineVersion": "16.8"}


def measures(times: int) -> Iterator[Ratio]:
    """The best of `times` runs."""
    with tempfile.TemporaryDirectory() as directory, progress(f"guard of {RESOURCES} resources"):
        file = Path(directory) / "preview.json"
        write(file, RESOURCES)
        yield against(
            f"guard of {RESOURCES} resources, {file.stat().st_size / 1e6:.0f} MB",
            lambda: _guard(file),
            "json.loads of the same file",
            lambda: json.loads(file.read_bytes()),
            times,
        )


def write(file: Path, count: int) -> None:
    """Write a preview of an update that replaces so many databases."""
    state = {"urn": _URN, "custom": True, "type": _TYPE, "stackTrace": _TRACE}
    step = {
        "op": "replace",
        "urn": _URN,
        "oldState": {**state, "inputs": _INPUTS, "outputs": {**_INPUTS, "region": "us-east-1"}},
        "newState": {**state, "inputs": {**_INPUTS, "engineVersion": "17.5"}},
        "detailedDiff": {"engineVersion": {"kind": "update-replace", "inputDiff": True}},
    }
    text = json.dumps(step, indent=4)
    with file.open("w", encoding="utf-8") as out:
        out.write('{"config": {}, "steps": [')
        out.write(",".join(text.replace("NAME", f"db-{index}") for index in range(count)))
        out.write(f'], "changeSummary": {{"replace": {count}}}}}')


def _guard(file: Path) -> None:
    with file.open("rb") as opened:
        found = read(opened, file.name)
    judge(found, context_of(found), datetime.now(UTC).date())
