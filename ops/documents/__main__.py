"""`python -m ops.documents` writes all generated parts of documents; with `--check` it compares the tables alone."""

from __future__ import annotations

import argparse
import sys

from ops.documents.index import DOCUMENTS
from scripts.say import say


def main(words: list[str]) -> int:
    """0: all is up to date, or was written. 1: something is stale."""
    parser = argparse.ArgumentParser(prog="python -m ops.documents", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where a table is stale")
    check = parser.parse_args(words).check
    stale = False
    for document in DOCUMENTS:
        fresh = document.fresh(renders=not check)
        if document.path.exists() and fresh == document.path.read_text():
            continue
        if check:
            stale = True
            say(f"{document.file} is not up to date: run make docs")
        else:
            document.path.parent.mkdir(exist_ok=True)
            document.path.write_text(fresh)
            say(f"{document.file} is written")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
