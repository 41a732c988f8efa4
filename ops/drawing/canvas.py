"""An SVG drawing of boxes, arrows and lines of text, with a set of colors for light and one for dark.

Drawn by hand: some boxes and arrows do not need a plotting library.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

# Classes begin so, since the style of a drawing within a page is the page's as well.
PREFIX = "d-"
FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
NORMAL, SMALL, LARGE = 14, 12, 18
LIGHT = {"page": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "line": "#b8c0c9", "box": "#ffffff"}
LIGHT |= {"public": "#e3f1fd", "private": "#e2f6e7", "data": "#fdf4d2", "away": "#f3eefc", "now": "#0969da"}
DARK = {"page": "#0d1117", "ink": "#e6edf3", "soft": "#9fa7b0", "line": "#444c56", "box": "#161b22"}
DARK |= {"public": "#0d2742", "private": "#10301d", "data": "#352b06", "away": "#251c3b", "now": "#1f6feb"}
ON = "#ffffff"  # text on `now`


def style() -> str:
    """The rules that color a drawing. On paper, it is the light one."""

    def rules(colors: dict[str, str]) -> str:
        fills = "".join(f".{PREFIX}{name}{{fill:{color}}}" for name, color in colors.items())
        line, ink = colors["line"], colors["ink"]
        return f"{fills}.{PREFIX}edge{{stroke:{line}}}.{PREFIX}arrow{{stroke:{ink};fill:none}}"

    dark = f"@media screen and (prefers-color-scheme: dark){{{rules(DARK)}}}"
    return f"{rules(LIGHT)}.{PREFIX}on{{fill:{ON}}}{dark}"


class Canvas:
    """A drawing of a width, whose height is said at its end. All numbers are units of its own, the size of pixels.

    title, description: what it is, and what is in it, for those who do not see it.
    """

    def __init__(self, width: float, title: str, description: str) -> None:
        self.width, self.title = width, title
        self._root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
        self._root.set("aria-label", f"{title}. {description}")
        self._root.set("font-family", FONT)
        self._root.set("font-size", str(NORMAL))

    def finished(self, height: float, *, styled: bool = True) -> str:
        """The text of the SVG; with its colors if `styled`."""
        self._root.set("viewBox", f"0 0 {self.width:g} {height:g}")
        first = [ET.Element("title")]
        first[-1].text = self.title
        if styled:
            first.append(ET.Element("style"))
            first[-1].text = style()
            first.append(ET.Element("rect", {"width": "100%", "height": "100%", "class": f"{PREFIX}page"}))
        self._root[:0] = first
        ET.indent(self._root)
        return ET.tostring(self._root, encoding="unicode")

    def area(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A rectangle with an edge, colored as `kind`."""
        self._add("rect", x=x, y=y, width=width, height=height, rx=8, kind=f"{kind} edge")

    def box(self, x: float, y: float, width: float, height: float, lines: Sequence[str], kind: str = "box") -> None:
        """A box with a line of text in its middle, or several; those after the first are smaller."""
        self.area(x, y, width, height, kind)
        first, *others = lines
        top = y + height / 2 + 5 - 9 * len(others)
        ink, soft = ("on", "on") if kind == "now" else ("ink", "soft")
        self.text(x + width / 2, top, first, anchor="middle", fill=ink, bold=kind == "now")
        for number, line in enumerate(others, start=1):
            self.text(x + width / 2, top + 18 * number, line, anchor="middle", size=SMALL, fill=soft)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        size: int = NORMAL,
        bold: bool = False,
        fill: str = "ink",
    ) -> None:
        """A line of text on a base line."""
        node = self._add("text", x=x, y=y, kind=fill)
        if anchor != "start":
            node.set("text-anchor", anchor)
        if size != NORMAL:
            node.set("font-size", str(size))
        if bold:
            node.set("font-weight", "bold")
        node.text = text

    def arrow(self, x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> None:
        """An arrow, upright or level."""
        line = self._add("line", x1=x1, y1=y1, x2=x2, y2=y2, kind="arrow")
        if dashed:
            line.set("stroke-dasharray", "4 3")
        side, ahead = ((4, 0), (0, 7 if y2 > y1 else -7)) if x1 == x2 else ((0, 4), (7 if x2 > x1 else -7, 0))
        back = [(x2 - ahead[0] + sign * side[0], y2 - ahead[1] + sign * side[1]) for sign in (1, -1)]
        node = self._add("polygon", kind="ink")
        node.set("points", " ".join(f"{x:g},{y:g}" for x, y in [(x2, y2), *back]))

    def _add(self, tag: str, *, kind: str, **numbers: float) -> ET.Element:
        node = ET.SubElement(self._root, tag, {key: f"{round(value, 2):g}" for key, value in numbers.items()})
        node.set("class", " ".join(f"{PREFIX}{one}" for one in kind.split()))
        return node
