"""`python -m ops`: what the `ascent` script runs."""

import sys
from pathlib import Path

from scripts.environment import is_current
from scripts.places import ROOT, VENV

NOT_WHOLE = f"The .venv of ascent is incomplete, or older than its requirements.txt. Run: make -C '{ROOT}' setup"

if __name__ == "__main__":
    # The path of the link itself, as .venv may be a symbolic link into another checkout.
    home = VENV.resolve()
    if Path(sys.prefix).resolve() == home and not is_current(home):
        print(NOT_WHOLE, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    # Imported only once all that it imports is known to be installed.
    from ops.cli import main

    main()
