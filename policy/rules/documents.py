"""Reads the policy documents of AWS: JSON texts with statements."""

from __future__ import annotations

import json
from typing import Any


def statements(document: Any) -> list[dict[str, Any]] | None:
    """The statements of a document, or None where it is not known yet or is no JSON."""
    try:
        found = json.loads(document).get("Statement") if isinstance(document, str) else None
    except ValueError:
        return None
    return [found] if isinstance(found, dict) else found


def texts(value: Any) -> list[str]:
    """Texts of a field that may hold one or several."""
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
