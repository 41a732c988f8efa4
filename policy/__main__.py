"""Started by the engine for `--policy-pack policy`, which runs this directory as a script, not as a package."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from policy.pack import serve  # noqa: E402  the line above makes it importable

serve()
