"""The end of `make up` in README.md: the one part that needs the engine.

`python -m ops.documents.update` takes the sandbox's stack down, brings a new one up, and writes the end of the output.
It takes two minutes. A test compares the counts with those of a render.
"""

from __future__ import annotations

import subprocess

from ops.documents import console, readme
from ops.documents.model import generated
from ops.stackfile import ROOT

PART = "up"
COMMAND = ("make", "up", f"STAGE={readme.STAGE}")


def update() -> str:
    """The end of the command's output, without outputs that have ids."""
    subprocess.run(["make", "down", "FORCE=1"], cwd=ROOT, check=True)
    lines = console.said(*COMMAND)
    url = next(line for line in lines if line.startswith("    url "))
    resources = lines[lines.index("Resources:") :]
    return console.block(" ".join(COMMAND), ["…", "Outputs:", "    …", url, "    …", "", *resources])


if __name__ == "__main__":
    path = readme.DOCUMENT.path
    path.write_text(generated(path.read_text(), {PART: update}, readme.DOCUMENT.file))
