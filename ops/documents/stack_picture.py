"""docs/stack.svg: a stack's network from the entry to the data, and the resources beside it.

Drawn by hand: some boxes and arrows do not need a plotting library. The file has two sets of colors, for readers who
prefer light and for those who prefer dark, and a background of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from infra.config.settings import Settings
from infra.stages import STAGES
from ops import stackfile
from ops.documents import readme
from ops.documents.model import Document
from ops.engine.recorder import Recorded
from ops.engine.render import render

STACK = "sandbox"
WIDTH, HEIGHT = 960, 600
VPC_LEFT, VPC_WIDTH, ZONES = 214, 460, 3
BESIDE_LEFT, BESIDE_WIDTH = 694, 232
LIGHT = {"page": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "line": "#afb8c1", "box": "#f6f8fa"}
LIGHT |= {"public": "#ddf4ff", "private": "#dafbe1", "data": "#fff8c5", "now": "#0969da"}
DARK = {"page": "#0d1117", "ink": "#e6edf3", "soft": "#9198a1", "line": "#3d444d", "box": "#161b22"}
DARK |= {"public": "#0c2d4a", "private": "#12361f", "data": "#3a2f05", "now": "#1f6feb"}
_KINDS = {
    "buckets": "aws:s3/bucket:Bucket",
    "secrets": "aws:secretsmanager/secret:Secret",
    "keys": "aws:kms/key:Key",
    "schedules": "aws:scheduler/schedule:Schedule",
    "alarms": "aws:cloudwatch/metricAlarm:MetricAlarm",
    "composites": "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "dashboards": "aws:cloudwatch/dashboard:Dashboard",
    "topics": "aws:sns/topic:Topic",
    "budgets": "aws:budgets/budget:Budget",
    "gateways": "aws:ec2/natGateway:NatGateway",
    "roles": "aws:iam/role:Role",
    "endpoints": "aws:ec2/vpcEndpoint:VpcEndpoint",
    "logs": "aws:cloudwatch/logGroup:LogGroup",
}


def picture(settings: Settings, resources: Iterable[Recorded]) -> str:
    """The picture of a stack on instances, as the text of an SVG file."""
    by_type = Counter(one.type for one in resources)
    count = {name: by_type[type_] for name, type_ in _KINDS.items()}
    title = f"A stack at stage {settings.stage} ({settings.row.name})"
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")
    root.set("font-family", "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif")
    root.set("font-size", "14")
    ET.SubElement(root, "title").text = title
    ET.SubElement(root, "style").text = _style()
    _rect(root, 0, 0, WIDTH, HEIGHT, "page")
    _text(root, 20, 30, title, size=18, bold=True)
    _network(root, settings, count)
    _way_in(root)
    _beside(root, count)
    _stages(root, settings.stage)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


def _style() -> str:
    def rules(colors: dict[str, str]) -> str:
        fills = "".join(f".{name}{{fill:{color}}}" for name, color in colors.items())
        return f"{fills}.edge{{stroke:{colors['line']}}}.arrow{{stroke:{colors['ink']};fill:none}}"

    return f"{rules(LIGHT)}.on{{fill:#ffffff}}@media (prefers-color-scheme: dark){{{rules(DARK)}}}"


def _way_in(root: ET.Element) -> None:
    _box(root, 20, 82, 150, 46, ["DNS record", "Cloudflare or Route 53"])
    _box(root, 20, 156, 150, 46, ["visitors"])
    _box(root, 20, 230, 150, 46, ["certificate", "renews itself"])
    _arrow(root, [(170, 179), (VPC_LEFT + 12, 179)])
    _text(root, 187, 172, "TLS", anchor="middle", size=12, fill="soft")


def _network(root: ET.Element, settings: Settings, count: dict[str, int]) -> None:
    fleet, database, readers = settings.sizes.fleet, settings.sizes.database, settings.sizes.readers
    if readers is None:
        raise ValueError(f"stage {settings.stage} has no readers to draw")
    _rect(root, VPC_LEFT - 10, 52, BESIDE_LEFT + BESIDE_WIDTH - VPC_LEFT + 24, 438, "page", edged=True)
    _text(root, VPC_LEFT, 72, settings.home, bold=True)
    _text(root, VPC_LEFT + 90, 72, "VPC of its own, or one that is there; three zones", size=12, fill="soft")
    for top, height, kind, says in (
        (82, 118, "public", "public subnets"),
        (208, 118, "private", "private subnets"),
        (334, 148, "data", "data subnets, no way out"),
    ):
        _rect(root, VPC_LEFT, top, VPC_WIDTH, height, kind, edged=True)
        _text(root, VPC_LEFT + 12, top + 18, says, size=12, fill="soft")
    green = 100 - settings.rollout.blue.weight
    _wide(root, 164, f"load balancer: blue {settings.rollout.blue.weight} %, green {green} %")
    _zones(root, 108, [f"NAT gateway {letter}|the way out" for letter in "abc"[: count["gateways"]]], height=44)
    blue = f"Auto Scaling, {fleet.minimum} to {fleet.maximum} {fleet.instance_types[0]}"
    _wide(root, 234, f"{blue}, a warm pool")
    _zones(root, 270, ["instances a", "instances b", "instances c"], height=40)
    _wide(root, 362, "RDS Proxy: writes, and reads apart")
    span = f"{database.min_acu:g} to {database.max_acu:g} ACUs"
    more = f"readers, {readers.minimum} to {readers.maximum}"
    _zones(root, 408, [f"Aurora writer|{span}", f"{more}|by their load", "six copies|in three zones"], height=60)
    for top, bottom in ((194, 234), (310, 362), (392, 408)):
        _arrow(root, [(VPC_LEFT + VPC_WIDTH / 2, top), (VPC_LEFT + VPC_WIDTH / 2, bottom)])


def _beside(root: ET.Element, count: dict[str, int]) -> None:
    rows = [
        (f"{count['buckets']} buckets", "encrypted, none of them public"),
        (f"{count['secrets']} secrets, {count['keys']} keys", "passwords made and kept there"),
        (f"{count['roles']} roles, {count['endpoints']} endpoints", "each role for one task"),
        (f"{count['schedules']} jobs by schedule", "on the database, as Fargate tasks"),
        (
            f"{count['alarms']} alarms, {count['dashboards']} dashboards",
            f"{count['composites']} more join some of them",
        ),
        (f"{count['topics']} topics, {count['budgets']} budgets", "mail, Slack: now, or by day"),
        ("a check from outside", "the host, once a minute"),
    ]
    for index, lines in enumerate(rows):
        _box(root, BESIDE_LEFT, 82 + index * 57.5, BESIDE_WIDTH, 50, list(lines))


def _stages(root: ET.Element, now: int) -> None:
    gap = 8
    width = (WIDTH - 40 - gap * (len(STAGES) - 1)) / len(STAGES)
    _text(root, 20, 522, "one number in the stack's file:", size=12, fill="soft")
    for index, stage in enumerate(STAGES.values()):
        x = 20 + index * (width + gap)
        here = stage.number == now
        _rect(root, x, 534, width, 46, "now" if here else "box", edged=True)
        for line, text in enumerate((str(stage.number), stage.name)):
            _text(root, x + width / 2, 553 + line * 18, text, anchor="middle", bold=here, fill="on" if here else "ink")


def _wide(root: ET.Element, top: float, says: str) -> None:
    _box(root, VPC_LEFT + 12, top, VPC_WIDTH - 24, 30, [says])


def _zones(root: ET.Element, top: float, says: list[str], height: float = 30) -> None:
    gap = 8
    width = (VPC_WIDTH - 24 - gap * (ZONES - 1)) / ZONES
    for index, lines in enumerate(says):
        _box(root, VPC_LEFT + 12 + index * (width + gap), top, width, height, lines.split("|"))


def _box(root: ET.Element, x: float, y: float, width: float, height: float, lines: list[str]) -> None:
    _rect(root, x, y, width, height, "box", edged=True)
    middle = y + height / 2
    first, *second = lines
    _text(root, x + width / 2, middle - 3 if second else middle + 5, first, anchor="middle")
    for text in second:
        _text(root, x + width / 2, middle + 15, text, anchor="middle", size=12, fill="soft")


def _rect(root: ET.Element, x: float, y: float, width: float, height: float, kind: str, *, edged: bool = False) -> None:
    node = _add(root, "rect", x=x, y=y, width=width, height=height, rx=6 if edged else 0)
    node.set("class", f"{kind} edge" if edged else kind)


def _arrow(root: ET.Element, points: list[tuple[float, float]]) -> None:
    _add(root, "polyline", points=_points(points)).set("class", "arrow")
    (before, _), (x, y) = points[-2:]
    back = [(x - 7, y - 4), (x - 7, y + 4)] if x > before else [(x - 4, y - 7), (x + 4, y - 7)]
    _add(root, "polygon", points=_points([(x, y), *back])).set("class", "ink")


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _text(
    root: ET.Element,
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: int = 14,
    bold: bool = False,
    fill: str = "ink",
) -> None:
    node = _add(root, "text", x=x, y=y)
    node.set("class", fill)
    node.set("text-anchor", anchor)
    if size != 14:
        node.set("font-size", str(size))
    if bold:
        node.set("font-weight", "bold")
    node.text = text


def _add(root: ET.Element, tag: str, **attributes: float | str) -> ET.Element:
    return ET.SubElement(
        root, tag, {key: f"{value:g}" if isinstance(value, float | int) else value for key, value in attributes.items()}
    )


def drawn() -> str:
    """The picture of the sandbox's stack, at the stage that README.md shows."""
    settings = stackfile.settings(STACK, readme.STAGE)
    return picture(settings, render(settings, STACK).resources)


DOCUMENT = Document(file="docs/stack.svg", renders={"picture": drawn})
