"""`python -m ops`: what the `ascent` script runs."""

import sys
from pathlib import Path

from scripts.environment import is_current
from scripts.places import ROOT, VENV

NOT_WHOLE = f"The environment of ascent is not whole, or older than its requirements.txt. Run: make -C '{ROOT}' setup"

if __name__ == "__main__":
    # Where it lies, as it may be a link to another checkout's.
    home = VENV.resolve()
    if Path(sys.prefix).resolve() == home and not is_current(home):
        print(NOT_WHOLE, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    # Not before it is known that everything it imports is there.
    from ops.cli import main

    main()
