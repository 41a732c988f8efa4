"""Markdown of a limited length in which text from outside is never markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ops.guard.collector import MASKED

# Text without special meaning in Markdown: no markup, link, mention, reference or HTML.
_PROSE = re.compile(r"[A-Za-z0-9 ,.;:'\"()$%/+=?…→-]*")
_LINKS = re.compile(r"://|www\.", re.IGNORECASE)
# Categories of characters that are invisible, or change how the text around them is shown.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def clean(text: str) -> str:
    """Text on one line, without characters that cannot be seen."""
    if text.isascii() and text.isprintable():
        return text.strip()
    seen = ("" if unicodedata.category(one) in _UNSEEN else one for one in re.sub(r"\s", " ", text))
    return "".join(seen).strip()


def clip(text: str, most: int) -> str:
    """Text of `most` characters at most, with an ellipsis where it is cut, and no part of `[secret]` at its end."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    # Again, as what stood before it may look the same.
    while part := next((MASKED[:size] for size in range(len(MASKED) - 1, 0, -1) if cut.endswith(MASKED[:size])), ""):
        cut = cut.removesuffix(part)
    return f"{cut}…"


def code(text: str, most: int = 300) -> str:
    """Any text as a code span. Nothing in it is markup, a mention or a link."""
    shown = clip(clean(text), most)
    if not shown:
        return "(empty)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}" if longest else f"{fence}{shown}{fence}"


def prose(text: str, most: int = 300) -> str:
    """A sentence as it is, or as a code span where something in it could be taken for markup."""
    shown = clip(clean(text), most)
    return shown if _PROSE.fullmatch(shown) and not _LINKS.search(shown) else code(shown, most)


@dataclass(frozen=True, slots=True)
class Fold:
    """Details that are folded: a title, without markup, and a line for each."""

    title: str
    lines: Sequence[str]


def document(head: Sequence[str], folds: Iterable[Fold], most: int) -> str:
    """Head and folded details, `most` bytes in UTF-8 at most. Lines that do not fit are left out whole, and counted.

    Each fold may take half of the bytes that the ones before it left, so that a long one leaves room for the others.
    """
    wanted = [fold for fold in folds if fold.lines]
    top = "\n".join(head) + "\n"
    room = most - _size(top) - sum(_size(_folded(fold, [], len(fold.lines))) for fold in wanted)
    parts = [top]
    for index, fold in enumerate(wanted):
        share = room if index == len(wanted) - 1 else room // 2
        whole = sum(_size(line) + 1 for line in fold.lines)
        kept = list(fold.lines) if whole <= share else _fitting(fold.lines, share)
        room -= sum(_size(line) + 1 for line in kept)
        parts.append(_folded(fold, kept, len(fold.lines) - len(kept)))
    return "".join(parts)


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    kept = []
    for line in lines:
        room -= _size(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept


def _folded(fold: Fold, kept: Sequence[str], left_out: int) -> str:
    more = [f"- … and {left_out} more"] if left_out else []
    return "\n".join(["", "<details>", f"<summary>{fold.title}</summary>", "", *kept, *more, "", "</details>", ""])


def _size(text: str) -> int:
    return len(text.encode())
