"""A digest of what a preview would change: two previews with the same changes have the same digest.

    python3 -m scripts.changes preview.json

Run by the workflows in .github, with the standard library alone: what was approved is compared with what is about
to be done.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from scripts.say import ProblemError, say

NOTHING = frozenset({"same", "read"})


def digest(preview: dict[str, Any]) -> str:
    """A digest of each step that does something, and of the properties that it changes, in whatever order.

    Not of their values: those follow from the commit, which is the same, and from what may differ without harm, such as
    who asks and which machine image is the newest.

    Raises:
        KeyError, TypeError: when it is no preview of `pulumi preview --json`.
    """
    steps = sorted(
        (step["urn"], step["op"], sorted(step.get("detailedDiff") or step.get("diffReasons") or ()))
        for step in preview["steps"]
        if step["op"] not in NOTHING
    )
    return hashlib.sha256(json.dumps(steps).encode()).hexdigest()


def main() -> int:
    """Print the digest of a preview."""
    parser = argparse.ArgumentParser(description="Print a digest of what a preview would change.")
    parser.add_argument("preview", type=Path, help="what pulumi preview --json printed")
    path: Path = parser.parse_args().preview
    try:
        sys.stdout.write(f"{digest(json.loads(path.read_text(encoding='utf-8')))}\n")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProblemError(f"{path}: this is no preview that pulumi preview --json printed: {error}") from None
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ProblemError as problem:
        say(str(problem))
        sys.exit(2)
