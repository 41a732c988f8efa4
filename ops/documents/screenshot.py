"""The pictures in docs/report.md: `python -m ops.documents.screenshot` opens a report in a headless browser.

Apart from `make docs`, as it needs a browser, whose next version may draw a letter differently.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from ops.errors import AscentError
from ops.report.facts import facts
from ops.report.page import page
from ops.stackfile import ROOT
from scripts.browser import find_browser
from scripts.say import ProblemError

STACK, STAGE = "prod", 4
# Pictures by their files: where the page is opened.
PICTURES: dict[str, dict[str, Any]] = {
    "docs/pictures/report-desk.png": {"viewport": {"width": 1200, "height": 1125}, "color_scheme": "light"},
    "docs/pictures/report-phone.png": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
# Few colors are enough, and make a file a third as large.
COLORS = 128


def draw() -> None:
    """Draw each picture anew.

    Raises:
        AscentError: where there is no browser.
    """
    from PIL import Image
    from playwright.sync_api import sync_playwright

    try:
        browser = find_browser()
    except ProblemError as error:
        raise AscentError(str(error)) from None
    # Before the browser starts: a render has an event loop of its own.
    text = page(facts(STACK, STAGE))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        file = Path(folder) / "report.html"
        file.write_text(text, encoding="utf-8")
        opened = started.chromium.launch(executable_path=str(browser.program), env=dict(browser.env))
        for name, options in PICTURES.items():
            context = opened.new_context(**options)
            shown = context.new_page()
            shown.goto(file.as_uri())
            picture = Image.open(io.BytesIO(shown.screenshot()))
            picture.convert("RGB").quantize(COLORS).save(ROOT / name, optimize=True)
            context.close()
        opened.close()


def main() -> int:
    """0 drawn, 2 there is no browser."""
    try:
        draw()
    except AscentError as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
