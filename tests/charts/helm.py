"""Renders charts with the real Helm."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from charts.values import CHARTS
from scripts.process import Finished, run

Object = dict[str, Any]


def merged(base: Any, over: Any) -> Any:
    """One set of values over another, as Helm merges them: objects by key, all else replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merged(base.get(key), value) for key, value in over.items()}
    return over


def values_of(chart: str, case: str) -> dict[str, Any]:
    """One of the chart's own sets of values."""
    read: dict[str, Any] = yaml.safe_load((CHARTS / chart / "ci" / f"{case}-values.yaml").read_text())
    return read


@dataclass(frozen=True)
class Helm:
    """A helm binary."""

    program: Path

    def run(self, *arguments: str | Path, values: dict[str, Any] | None = None, scratch: Path) -> Finished:
        """Run a command that takes values."""
        given = scratch / "values.json"
        given.write_text(json.dumps(values or {}))
        return run([self.program, *arguments, "--values", given])

    def render(self, chart: str, values: dict[str, Any], scratch: Path, release: str = "web") -> list[Object]:
        """Every object of a release."""
        done = self.run("template", release, CHARTS / chart, "--namespace", "app", values=values, scratch=scratch)
        assert done.code == 0, done.output
        return [each for each in yaml.safe_load_all(done.output) if each]


def of_kind(objects: list[Object], kind: str) -> Object:
    """The one object of a kind."""
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def pod_of(objects: list[Object]) -> Object:
    """The pod template of the one workload."""
    (found,) = [each for each in objects if each["kind"] in ("Deployment", "StatefulSet")]
    template: Object = found["spec"]["template"]
    return template


def files_of(objects: list[Object], into: Path) -> Path:
    """Write what the ConfigMap mounts, as a pod would find it."""
    into.mkdir(parents=True, exist_ok=True)
    for name, text in of_kind(objects, "ConfigMap")["data"].items():
        (into / name).write_text(text)
        (into / name).chmod(0o555)
    return into
