"""Lays out the drawing of a stack: wide, for a desk and for paper, or narrow, for a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from infra.config.settings import Settings
from infra.stages import STAGES
from ops.drawing.canvas import LARGE, SMALL, Canvas
from ops.drawing.scene import Lines, Scene, scene
from ops.engine.recorder import Recorded

GAP, PAD = 8, 12
LOW, HIGH = 34, 48  # a box with one line, and with two


@dataclass(frozen=True, kw_only=True, slots=True)
class Measures:
    """Where the parts of a drawing are.

    width: of all of it. edge: of the boxes on the way in. inner: of the network.
    stacked: whether the parts lie below each other, rather than beside.
    columns: of what is beside the network, and of other regions.
    """

    width: float
    edge: float
    inner: float
    stacked: bool
    columns: int


WIDE = Measures(width=960, edge=160, inner=470, stacked=False, columns=1)
NARROW = Measures(width=400, edge=368, inner=368, stacked=True, columns=2)
_MARGIN = 16
_NARROWEST = 24  # of an overlap that an arrow goes through
# Kinds of subnets: in words, and in few.
_BANDS = (
    ("public", "public subnets", "public"),
    ("private", "private subnets", "private"),
    ("data", "data subnets, no way out", "data, no way out"),
)


def picture(
    settings: Settings,
    resources: Iterable[Recorded],
    *,
    narrow: bool = False,
    heading: bool = True,
    styled: bool = True,
) -> str:
    """The drawing of a stack, as the text of an SVG file.

    Args:
        settings: of the stack. resources: what it renders to.
        narrow: for a phone. heading: with a title, and the ladder of stages below.
        styled: with its colors and a background; a page that has several gives them once, by `canvas.style`.
    """
    return _Layout(scene(settings, resources), NARROW if narrow else WIDE).drawn(heading=heading, styled=styled)


class _Passed(NamedTuple):
    """What requests pass through, from `left` to `right`, and where it ends."""

    left: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """Boxes beside each other. An empty one holds a place.

    asked: places of those that requests come to. joined: whether all of it goes on what is above.
    space: below it.
    """

    boxes: Sequence[Lines]
    asked: Sequence[int] = ()
    joined: bool = False
    space: float = 18

    @property
    def tall(self) -> float:
        """How tall its boxes are."""
        return max(_tall(box) for box in self.boxes)


class _Layout:
    def __init__(self, shown: Scene, measures: Measures) -> None:
        self._scene, self._measures = shown, measures
        self._canvas = Canvas(measures.width, shown.title, shown.description)
        self._entrance = (0.0, 0.0)

    def drawn(self, *, heading: bool, styled: bool) -> str:
        canvas, measures = self._canvas, self._measures
        top: float = _MARGIN
        if heading:
            canvas.text(_MARGIN, top + 16, self._scene.title, size=LARGE, bold=True)
            top += 36
        if measures.stacked:
            top = self._way_in_above(top)
            bottom = self._network(_MARGIN, top)
            beside = [*self._scene.beside, self._scene.outside]
            bottom = self._grid(_MARGIN, bottom + GAP, measures.width - 2 * _MARGIN, beside)
        else:
            left = _MARGIN + measures.edge + 44
            right = left + measures.inner + 2 * PAD + 16
            bottom = self._network(left, top)
            self._way_in_beside()
            self._grid(right, top, measures.width - _MARGIN - right, self._scene.beside, bottom)
        for says, boxes in (("Hosted elsewhere:", self._scene.hosted), (self._scene.copied, self._scene.away)):
            if boxes:
                bottom = self._elsewhere(bottom + 16, says, boxes)
        if heading:
            bottom = self._ladder(bottom + 30)
        return canvas.finished(bottom + _MARGIN, styled=styled)

    def _way_in_beside(self) -> None:
        """Visitors and the check, what is in front, and an arrow to the load balancer."""
        canvas, width, edge = self._canvas, self._measures.edge, self._scene.edge
        to, middle = self._entrance
        height = HIGH + 18 * (len(edge) - 2)
        bottom = middle + height / 2
        canvas.box(_MARGIN, bottom - height, width, height, edge, "away")
        canvas.arrow(_MARGIN + width, middle, to, middle)
        canvas.text(_MARGIN + width + 22, middle - 7, "TLS", anchor="middle", size=SMALL, fill="soft")
        canvas.box(_MARGIN, bottom + 40, width, LOW, ["Visitors"])
        canvas.arrow(_MARGIN + width / 3, bottom + 40, _MARGIN + width / 3, bottom)
        canvas.box(_MARGIN, bottom + 40 + LOW + GAP, width, HIGH, self._scene.outside)

    def _way_in_above(self, top: float) -> float:
        canvas, width = self._canvas, self._measures.edge
        height = HIGH + 18 * (len(self._scene.edge) - 2)
        canvas.box(_MARGIN, top, width, LOW, ["Visitors"])
        canvas.arrow(_MARGIN + width / 2, top + LOW, _MARGIN + width / 2, top + LOW + 18)
        canvas.box(_MARGIN, top + LOW + 18, width, height, self._scene.edge, "away")
        bottom = top + LOW + 18 + height
        canvas.arrow(_MARGIN + width / 2, bottom, _MARGIN + width / 2, bottom + 18)
        return bottom + 18

    def _network(self, left: float, top: float) -> float:
        """The home region's network. Returns where it ends."""
        canvas, shown, bands = self._canvas, self._scene, self._bands()
        inner = self._measures.inner - (2 * PAD if self._measures.stacked else 0)
        height = 28 + sum(_height(rows) + GAP for rows in bands if rows) + PAD - GAP
        canvas.area(left, top, inner + 2 * PAD, height, "page")
        canvas.text(left + PAD, top + 19, shown.home, bold=True)
        canvas.text(left + PAD + inner, top + 19, "one network, three zones", anchor="end", size=SMALL, fill="soft")
        y, above = top + 28, list[_Passed]()
        for (kind, words, few), rows in zip(_BANDS, bands, strict=True):
            if not rows:
                continue
            canvas.area(left + PAD, y, inner, _height(rows), kind)
            says = few if self._measures.stacked else words
            right, base = left + inner, y + _height(rows) - 8
            canvas.text(right, base, says, anchor="end", size=SMALL, fill="soft")
            at = y + PAD
            for row in rows:
                above = self._row(left + 2 * PAD, at, inner - 2 * PAD, row, above)
                at += row.tall + row.space
            y += _height(rows) + GAP
        return top + height

    def _bands(self) -> list[list[_Row]]:
        """The rows of the public, the private and the data subnets."""
        shown = self._scene
        gateways = _Row(boxes=[[f"NAT, zone {zone}"] for zone in shown.gateways])
        zones = _Row(boxes=[[f"zone {zone}"] for zone in shown.zones], joined=True)
        workload = _Row(boxes=shown.workload, asked=range(len(shown.workload)), space=GAP)
        poolers, proxies = (
            _Row(boxes=boxes, asked=[place for place, lines in enumerate(boxes) if lines])
            for boxes in (shown.poolers, shown.proxies)
        )
        data = _Row(boxes=shown.data, asked=shown.asked)
        cache = _Row(boxes=[shown.cache] if shown.cache else [])
        balancer = _Row(boxes=[shown.balancer], asked=[0])
        bands = ([gateways, balancer], [workload, zones, poolers], [proxies, data, cache])
        return [[row for row in rows if row.boxes] for rows in bands]

    def _row(self, left: float, top: float, width: float, row: _Row, above: list[_Passed]) -> list[_Passed]:
        """Draw a row, and arrows to what is asked in it. Returns what requests have passed through by then."""
        canvas = self._canvas
        each = (width - GAP * (len(row.boxes) - 1)) / len(row.boxes)
        passed = [_Passed(left, left + width, top + row.tall)] if row.joined else []
        for place, lines in enumerate(row.boxes):
            x = left + place * (each + GAP)
            if lines:
                canvas.box(x, top, each, row.tall, lines)
            if place in row.asked:
                for middle, bottom in _ways(above, x, x + each):
                    canvas.arrow(middle, bottom, middle, top)
                passed.append(_Passed(x, x + each, top + row.tall))
        if row.boxes == [self._scene.balancer]:
            self._entrance = (left, top + row.tall / 2)
        return [*above, *passed]

    def _grid(
        self, left: float, top: float, width: float, boxes: Sequence[Lines], bottom: float | None = None
    ) -> float:
        """Boxes in columns, which fill the space down to `bottom` if it is given. Returns where they end."""
        columns = self._measures.columns
        each = (width - GAP * (columns - 1)) / columns
        lines = -(-len(boxes) // columns)
        tall = HIGH if bottom is None else (bottom - top - GAP * (lines - 1)) / lines
        for number, box in enumerate(boxes):
            x, y = left + number % columns * (each + GAP), top + number // columns * (tall + GAP)
            self._canvas.box(x, y, each, tall, box)
        return top + lines * (tall + GAP) - GAP

    def _elsewhere(self, top: float, says: str, boxes: Sequence[Lines]) -> float:
        """Other regions, or what others host. Returns where they end."""
        canvas, measures = self._canvas, self._measures
        canvas.text(_MARGIN, top + 14, says, size=SMALL, fill="soft")
        per_row = 1 if measures.stacked else 3
        each = (measures.width - 2 * _MARGIN - GAP * (per_row - 1)) / per_row
        tall = HIGH + 18 * (max(map(len, boxes)) - 2)
        for number, lines in enumerate(boxes):
            x, y = _MARGIN + number % per_row * (each + GAP), top + 24 + number // per_row * (tall + GAP)
            canvas.box(x, y, each, tall, lines, "away")
        rows = -(-len(boxes) // per_row)
        return top + 24 + rows * (tall + GAP) - GAP

    def _ladder(self, top: float) -> float:
        """The seven stages. Returns where they end."""
        canvas, stacked = self._canvas, self._measures.stacked
        canvas.text(_MARGIN, top, "one number in the stack's file:", size=SMALL, fill="soft")
        each = (self._measures.width - 2 * _MARGIN - GAP * (len(STAGES) - 1)) / len(STAGES)
        for index, stage in enumerate(STAGES.values()):
            lines = [str(stage.number)] if stacked else [str(stage.number), stage.name]
            kind = "now" if stage.number == self._scene.stage else "box"
            canvas.box(_MARGIN + index * (each + GAP), top + 12, each, LOW if stacked else HIGH, lines, kind)
        return top + 12 + (LOW if stacked else HIGH)


def _tall(lines: Lines) -> float:
    return HIGH if len(lines) > 1 else LOW


def _height(rows: Sequence[_Row]) -> float:
    """Of a band: its rows, and a line that says what it is."""
    return sum(row.tall + row.space for row in rows) - rows[-1].space + PAD + 26


def _ways(above: Sequence[_Passed], left: float, right: float) -> Iterator[tuple[float, float]]:
    """Where arrows to a box that spans `left` to `right` begin: below what was passed last, and is not covered."""
    free = [(left, right)]
    for one in reversed(above):
        seen = [(max(a, one.left), min(b, one.right)) for a, b in free]
        for a, b in seen:
            if b - a > _NARROWEST:
                yield (a + b) / 2, one.bottom
        cut = [part for a, b in free for part in ((a, min(b, one.left)), (max(a, one.right), b))]
        free = [(a, b) for a, b in cut if b - a > _NARROWEST]
