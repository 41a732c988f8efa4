"""Numbers and durations as the report writes them."""

from __future__ import annotations

from ops.console import many

MINUS = "\N{MINUS SIGN}"
HOUR, DAY = 60, 1440  # in minutes
GIBI, TEBI = 1024**3, 1024**4
# Bytes are written in these; in the second where there are many.
_BINARY = {False: (GIBI, "GiB"), True: (TEBI, "TiB")}


def dollars(amount: float) -> str:
    """US dollars without cents: $3,482, or a minus sign and $12."""
    return f"{MINUS if round(amount) < 0 else ''}${abs(round(amount)):,}"


def signed(amount: float) -> str:
    """A change in US dollars: +$832."""
    return f"{'' if round(amount) < 0 else '+'}{dollars(amount)}"


def number(value: float) -> str:
    """A number with separators: 10,000, or 0.5."""
    return f"{value:,g}" if abs(value) < 1000 else f"{value:,.0f}"


def measured(panel: str, side: str, *limits: float) -> str:
    """A limit of what a panel shows, or the least and the most of several, with its unit.

    "Response time p95, milliseconds" above 3000 is "Response time p95: above 3,000 milliseconds".
    """
    name, _, unit = panel.partition(", ")
    scale = 1.0
    if unit == "bytes":
        scale, unit = _BINARY[max(limits) >= 10 * TEBI]
    unit = unit.replace("percent", "%", 1)
    texts = dict.fromkeys(number(round(limit / scale, 1) if scale > 1 else limit) for limit in limits)
    return f"{name}: {side} {' to '.join(texts)} {unit}".rstrip()


def long(minutes: float) -> str:
    """A duration: 5 min, 6 h, 3 days, 43 min 12 s."""
    whole, seconds = int(minutes), round((minutes - int(minutes)) * 60)
    if whole >= DAY and whole % DAY == 0:
        return many(whole // DAY, "day")
    if whole >= HOUR:
        return f"{whole // HOUR} h" + (f" {whole % HOUR} min" if whole % HOUR else "")
    return f"{whole} min" + (f" {seconds} s" if seconds else "")
