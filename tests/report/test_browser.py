"""The report in a real browser: on a phone, at a desk, in the dark and on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from infra.stages import STAGES
from ops.report.facts import facts
from ops.report.page import page
from scripts.browser import find_browser
from scripts.say import ProblemError
from tests.report.stacks import stack

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
RUNTIMES = ("ec2", "kubernetes", "both")
# The page with all its parts: both moves, and people who are told.
WHOLE = "prod at 4"
AXE = files("axe_playwright_python").joinpath("axe.min.js")
# Texts of a drawing that leave the box they are in, or that an arrow runs through. A text's box is the smallest around
# its middle; a title of an area has one as well.
MISPLACED = """svg => {
  const all = kind => [...svg.querySelectorAll(kind)].map(one => [one, one.getBoundingClientRect()]);
  const boxes = all('rect'), arrows = all('line');
  return all('text').flatMap(([text, at]) => {
    const x = (at.left + at.right) / 2, y = (at.top + at.bottom) / 2;
    const around = boxes.filter(([_, box]) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom);
    around.sort(([_, one], [__, other]) => one.width * one.height - other.width * other.height);
    const box = around.length ? around[0][1] : svg.getBoundingClientRect();
    const out = at.left < box.left || at.right > box.right || at.top < box.top - 1 || at.bottom > box.bottom + 1;
    const through = arrows.some(([_, line]) =>
      line.left < at.right && line.right > at.left && line.top < at.bottom - 3 && line.bottom > at.top + 3);
    return out ? [text.textContent + ' leaves its box'] : through ? [text.textContent + ' is crossed'] : [];
  });
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file for each stage and runtime, and one with all parts."""
    texts = {f"{runtime} at {stage}": page(stack(stage, runtime)) for runtime in RUNTIMES for stage in STAGES}
    texts[WHOLE] = page(facts("prod", 4), day="2026-12-01")
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for name, text in texts.items():
        found[name] = folder / f"{name.replace(' ', '-')}.html"
        found[name].write_text(text, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def browser(pages: dict[str, Path]) -> Iterator[Browser]:
    """One browser for all tests. The pages are made before: nothing is rendered while its event loop runs."""
    assert pages
    try:
        found = find_browser()
    except ProblemError as error:
        pytest.skip(str(error))
    with sync_playwright() as started:
        try:
            opened = started.chromium.launch(executable_path=str(found.program), env=dict(found.env))
        except Error as error:
            pytest.skip(f"{found.program} does not start: {error}")
        yield opened
        opened.close()


class Opened:
    """A page that was opened, what it said, and what it asked for."""

    def __init__(self, browser: Browser, file: Path, **options: Any) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self._context = browser.new_context(**options)
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *error: object) -> None:
        self._context.close()

    def judged(self, options: dict[str, Any]) -> Any:
        """What axe says of all of it, with what is folded unfolded."""
        for summary in self.page.query_selector_all("summary"):
            summary.click()
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("options => axe.run(options)", options)
        found["violations"] = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
        return found

    def faults(self, file: Path) -> list[str]:
        """What is wrong with how it looks, and with what it did."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found = [f"{wide} pixels too wide"] if wide > 0 else []
        for svg in self.page.query_selector_all(".drawing svg"):
            if svg.is_visible():
                found += svg.evaluate(MISPLACED)
        return [*found, *self.said, *(url for url in self.asked if url != file.as_uri())]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_stage_and_runtime_fits_and_asks_for_nothing(
    browser: Browser, pages: dict[str, Path], size: dict[str, int]
) -> None:
    faults = {}
    for name, file in pages.items():
        with Opened(browser, file, viewport=size) as opened:
            drawings = [one.is_visible() for one in opened.page.query_selector_all(".drawing svg")]
            assert sorted(drawings) == [False, True], "one of the two drawings is for this width"
            faults[name] = opened.faults(file)
    assert {name: found for name, found in faults.items() if found} == {}


def test_a_page_that_is_too_wide_or_asks_for_something_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    image = "http://127.0.0.1:9/a.png"
    text = "<rect width=120 height=40 /><text x=65 y=20>too long for it</text>"
    drawn = f"<div class=drawing><svg width=200 height=40>{text}</svg></div>"
    file.write_text(f"<div style='width:900px'>wide</div><img src='{image}'>{drawn}")
    with Opened(browser, file, viewport=PHONE) as opened:
        faults = opened.faults(file)
    assert "510 pixels too wide" in faults or "518 pixels too wide" in faults
    assert image in faults
    assert "too long for it leaves its box" in faults


@pytest.mark.parametrize("name", [WHOLE, "both at 7", "kubernetes at 1"])
def test_axe_has_nothing_to_say(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """The order of headings, heads of tables, names of what can be reached by key, contrast, and more."""
    with Opened(browser, pages[name], viewport=DESK, color_scheme="light", bypass_csp=True) as opened:
        found = opened.judged({})
    assert found["violations"] == []
    passed = {one["id"] for one in found["passes"]}
    assert {"color-contrast", "heading-order", "html-has-lang", "landmark-one-main", "svg-img-alt"} <= passed


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "dark")])
def test_every_text_stands_out(browser: Browser, pages: dict[str, Path], size: dict[str, int], scheme: str) -> None:
    with Opened(browser, pages[WHOLE], viewport=size, color_scheme=scheme, bypass_csp=True) as opened:
        found = opened.judged({"runOnly": ["color-contrast"]})
    assert found["violations"] == []
    assert len(found["passes"][0]["nodes"]) > 200


def test_without_scripts_it_says_the_same(browser: Browser, pages: dict[str, Path]) -> None:
    texts = []
    for scripts in (True, False):
        with Opened(browser, pages[WHOLE], viewport=DESK, java_script_enabled=scripts) as opened:
            texts.append(opened.page.inner_text("body"))
    assert texts[0] == texts[1]
    assert "Connection budget" in texts[0]


def test_the_dark_one_is_dark_on_a_screen_and_light_on_paper(browser: Browser, pages: dict[str, Path]) -> None:
    color = "getComputedStyle(document.body).backgroundColor"
    fill = "getComputedStyle(document.querySelector('.wide .d-box')).fill"
    with Opened(browser, pages[WHOLE], viewport=DESK, color_scheme="dark") as opened:
        assert _lightness(opened.page.evaluate(color)) < 0.2
        assert _lightness(opened.page.evaluate(fill)) < 0.2
        opened.page.emulate_media(media="print")
        assert _lightness(opened.page.evaluate(color)) > 0.8
        assert _lightness(opened.page.evaluate(fill)) > 0.8


def test_paper_has_all_of_it(browser: Browser, pages: dict[str, Path]) -> None:
    with Opened(browser, pages[WHOLE], viewport=DESK) as opened:
        row = opened.page.query_selector("details tbody tr")
        assert row is not None
        assert not row.is_visible(), "at a desk, it is folded"
        opened.page.emulate_media(media="print")
        rows = opened.page.query_selector_all("details tbody tr")
        assert len(rows) > 20
        assert all(one.is_visible() for one in rows)
        nav = opened.page.query_selector("nav")
        assert nav is not None
        assert not nav.is_visible()
        link = "getComputedStyle(document.querySelector('a[href^=http]'), '::after').content"
        assert "https://app.example.com" in json.dumps(opened.page.evaluate(link))
        printed = opened.page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF-")
    assert 5 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 12


def _lightness(color: str) -> float:
    """0 for black, 1 for white: of `rgb(1, 2, 3)`."""
    parts = [int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    return sum(parts) / (3 * 255)
