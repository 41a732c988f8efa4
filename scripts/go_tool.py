"""Builds a program whose Go modules are pinned in tools/ into the cache, once for every checkout."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.build import build_environment, compile_package
from scripts.golang import find_go
from scripts.places import TOOLS, cache_dir, digest, locked
from scripts.say import say


@dataclass(frozen=True, kw_only=True)
class GoTool:
    """One such program.

    name: of the program.
    title: its usual name.
    version: the one that is pinned.
    package: the one to build; `.` is a main of our own, in main.go beside the pins.
    takes: how long a build takes on two cores, as text.
    values: variables that the linker sets.
    module: its directory in tools/, where that has another name than the program.
    """

    name: str
    title: str
    version: str
    package: str
    takes: str
    values: Mapping[str, str] = field(default_factory=dict)
    module: str = ""

    def built(self, why: str = "") -> Path:
        """Where the program is. Before a build, it prints `why` no other one can be used.

        Raises:
            ProblemError: when there is no Go, or it does not compile.
        """
        module = TOOLS / (self.module or self.name)
        sources = [module / "go.mod", module / "go.sum", *module.glob("*.go")]
        program = cache_dir() / f"{self.name}-{self.version}-{digest(*sources)}" / self.name
        if os.access(program, os.X_OK):
            return program
        with locked(cache_dir() / f"{self.name}.lock", f"another set-up that is building {self.title}"):
            if not os.access(program, os.X_OK):
                self._build(module, program, why)
        return program

    def _build(self, module: Path, program: Path, why: str) -> None:
        say(f"Building {self.title} {self.version} from its Go modules, once{f': {why}' if why else ''}.")
        say(f"  Expect about {self.takes} on two cores; the result is cached for every checkout.")
        program.parent.mkdir(parents=True, exist_ok=True)
        partial = program.with_name(f"{self.name}.partial")
        flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.values.items())])
        command: list[str | Path] = [
            find_go(), "build", "-v", "-trimpath", "-ldflags", flags, "-o", partial, self.package,
        ]  # fmt: skip
        compile_package(f"Compiling {self.title}", command, module, build_environment(program.parent))
        partial.rename(program)
