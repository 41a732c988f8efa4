"""The workflows and actions of .github, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.places import ROOT

FOLDER = ROOT / ".github"
FILES = sorted(FOLDER.glob("**/*.yml"))
WORKFLOWS = [file for file in FILES if file.parent.name == "workflows"]


def loaded(file: Path) -> dict[str, Any]:
    """A file's content. YAML 1.1 takes the key `on` for a truth."""
    content: dict[Any, Any] = yaml.safe_load(file.read_text())
    return {"on" if key is True else str(key): value for key, value in content.items()}


@dataclass(frozen=True)
class Job:
    """A job, or the steps of an action of ours."""

    file: Path
    name: str
    content: dict[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Its steps; none where it calls a workflow."""
        return list(self.content.get("steps", []))

    @property
    def permissions(self) -> dict[str, str]:
        """What it may do."""
        return dict(self.content.get("permissions", {}))

    def step(self, name: str) -> str:
        """The script of a step, by its name or its id."""
        (found,) = [one for one in self.steps if name in (one.get("name"), one.get("id"))]
        return str(found["run"])


def jobs(*files: Path) -> Iterator[Job]:
    """All jobs; an action of ours counts as one."""
    for file in files or FILES:
        content = loaded(file)
        if "runs" in content:
            yield Job(file, content["name"], {"steps": content["runs"]["steps"]})
        for name, job in content.get("jobs", {}).items():
            yield Job(file, name, job)


def job(workflow: str, name: str) -> Job:
    """One job."""
    (found,) = [one for one in jobs(FOLDER / workflow) if one.name == name]
    return found
