"""`make facts`: generate catalog/data/generated again."""

from __future__ import annotations

import os
import sys

from ops.engine import render
from tests import renders


def main() -> int:
    """Write each file whose content has changed, and say which."""
    os.environ.setdefault(renders.STORE, str(renders.store()))
    render.render = renders.remembered(render.render)  # type: ignore[assignment]  # it takes the same
    from tests.aws.generate import files  # what it imports renders, and has to find the store
    from tests.aws.test_plans import planned_places
    from tests.cloudflare.available import file

    for path, text in {**files(planned_places()), **dict([file()])}.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.name}: written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
