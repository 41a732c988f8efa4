"""Draws the simulated month as SVG. By hand: a line and some bars do not outweigh a plotting library's install."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from infra.alarms import slo
from ops.month import MINUTES, Lane, Month, Outage, left

WIDTH, LEFT, RIGHT = 960, 200, 20
PLOT = WIDTH - LEFT - RIGHT
DAYS = MINUTES // slo.DAY
STEP = 30  # minutes to a point of the line
LOWEST = 1e-4  # share of failing requests at the bottom of its scale
TALL, LANE, NARROWEST = 90, 20, 3
INK, FAINT, PAGE, TICKET = "#24292f", "#d0d7de", "#cf222e", "#9a6700"


def picture(title: str, outages: Sequence[Outage], seen: Month, lanes: Sequence[Lane]) -> str:
    """The picture, as the text of an SVG file."""
    failing = 50
    budget = failing + TALL + 40
    first = budget + TALL + 40
    height = first + LANE * len(lanes) + 50
    box = f"0 0 {WIDTH} {height}"
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=box, role="img")
    root.set("font-family", "sans-serif")
    root.set("font-size", "12")
    ET.SubElement(root, "title").text = title
    _add(root, "rect", x=0, y=0, width=WIDTH, height=height, fill="#ffffff")
    _text(root, LEFT, 20, title, "start", weight="bold")
    _days(root, 30, height - 40)
    _outages(root, failing, outages)
    _budget(root, budget, seen)
    for index, lane in enumerate(lanes):
        _lane(root, first + index * LANE, lane)
    _text(
        root,
        LEFT,
        height - 5,
        "Red wakes somebody; brown waits for the working day. Bars of less than two hours are drawn wider.",
        "start",
    )
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _days(root: ET.Element, top: int, bottom: int) -> None:
    for day in range(DAYS + 1):
        x = _x(day * slo.DAY)
        _add(root, "line", x1=x, y1=top, x2=x, y2=bottom, stroke=FAINT)
        if day < DAYS:
            _text(root, x + PLOT / DAYS / 2, bottom + 15, str(day + 1), "middle")


def _outages(root: ET.Element, top: int, outages: Sequence[Outage]) -> None:
    _text(root, 10, top + 4, "failing requests", "start")
    for share in (1, 1e-1, 1e-2, 1e-3, 1e-4):
        _text(root, LEFT - 10, _log(share, top) + 4, f"{share * 100:g} %", "end")
    for number, one in enumerate(outages, start=1):
        y = _log(one.share, top)
        _bar(root, one.start, one.end, y, top + TALL - y, INK)
        _text(root, _x(one.start), y - 4, str(number), "middle")


def _log(share: float, top: int) -> float:
    return top + TALL * math.log10(share) / math.log10(LOWEST)


def _budget(root: ET.Element, top: int, seen: Month) -> None:
    values = left(seen)
    lowest = min(0.0, *values)
    _text(root, 10, top + 4, "error budget left", "start")
    _text(root, LEFT - 10, top + 4, "100 %", "end")

    def y(value: float) -> float:
        return top + TALL * (1 - value) / (1 - lowest)

    _text(root, LEFT - 10, y(0) + 4, "0 %", "end")
    _add(root, "line", x1=LEFT, y1=y(0), x2=LEFT + PLOT, y2=y(0), stroke=INK, **{"stroke-dasharray": "4 3"})
    points = " ".join(f"{_x(minute)},{y(values[minute]):.1f}" for minute in range(0, MINUTES, STEP))
    _add(root, "polyline", points=points, fill="none", stroke=INK)


def _lane(root: ET.Element, top: int, lane: Lane) -> None:
    color = PAGE if lane.page else TICKET
    _text(root, LEFT - 10, top + 13, lane.name, "end")
    _add(root, "line", x1=LEFT, y1=top + 9, x2=LEFT + PLOT, y2=top + 9, stroke=FAINT)
    for span in lane.spans:
        _bar(root, span.start, span.end, top + 3, 12, color)


def _bar(root: ET.Element, start: int, end: int, y: float, height: float, color: str) -> None:
    width = max((end - start) * PLOT / MINUTES, NARROWEST)
    _add(root, "rect", x=_x(start), y=round(y, 1), width=round(width, 1), height=round(height, 1), fill=color)


def _x(minute: float) -> float:
    return round(LEFT + minute * PLOT / MINUTES, 1)


def _text(root: ET.Element, x: float, y: float, text: str, anchor: str, *, weight: str = "") -> None:
    node = _add(root, "text", x=round(x, 1), y=round(y, 1), fill=INK, **{"text-anchor": anchor})
    if weight:
        node.set("font-weight", weight)
    node.text = text


def _add(root: ET.Element, tag: str, **attributes: object) -> ET.Element:
    return ET.SubElement(root, tag, {key: str(value) for key, value in attributes.items()})
