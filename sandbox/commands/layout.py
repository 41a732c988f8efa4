"""The files of a sandbox, and the project that it runs."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.places import ROOT
from scripts.say import ProblemError


@dataclass(frozen=True)
class Layout:
    """A project's directory, and the directory a sandbox of it lives in."""

    home: Path
    project: Path = ROOT

    @cached_property
    def project_name(self) -> str:
        """The name in Pulumi.yaml: config keys and state files carry it."""
        try:
            text = (self.project / "Pulumi.yaml").read_text(encoding="utf-8")
        except OSError as error:
            raise ProblemError(f"There is no Pulumi.yaml in {self.project}.") from error
        # Read without a YAML parser: it is the only thing wanted, and imports are most of a short command's time.
        match = re.search(r"^name:\s*['\"]?([\w.-]+)", text, flags=re.MULTILINE)
        if match is None:
            raise ProblemError(f"Pulumi.yaml in {self.project} has no name.")
        return match[1]

    @property
    def state(self) -> Path:
        """The file backend's directory."""
        return self.home / "state"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME: keeps the user's own log-in and plugins out of it."""
        return self.home / "pulumi-home"

    @property
    def world(self) -> Path:
        """The file of the stand-in providers."""
        return self.home / "world.json"

    @property
    def aws(self) -> Path:
        """Where the sandbox's AWS says its process and its port."""
        return self.home / "aws.json"

    @property
    def lock(self) -> Path:
        """Held while a command runs; it names the process."""
        return self.home / "run.lock"

    @property
    def stages(self) -> Path:
        """The stage each stack was last brought up at."""
        return self.home / "stages.json"

    @property
    def kept(self) -> Path:
        """What the last run found: the state of its stack, and the world."""
        return self.home / "kept"

    def config(self, stack: str) -> Path:
        """The generated config file that the engine is given."""
        return self.home / "config" / f"Pulumi.{stack}.yaml"

    def checkpoint(self, stack: str) -> Path:
        """The stack's state."""
        return self.state / ".pulumi" / "stacks" / self.project_name / f"{stack}.json"

    def cluster(self, stack: str) -> Path:
        """Where the stack's local Kubernetes cluster lives, while it has one."""
        return self.home / "clusters" / stack

    def engine_locks(self, stack: str) -> Path:
        """Where the engine puts a file for each process at work on the stack."""
        return self.state / ".pulumi" / "locks" / "organization" / self.project_name / stack

    def backups(self, stack: str) -> Path:
        """Where the engine keeps the states from before."""
        return self.state / ".pulumi" / "backups" / self.project_name / stack
