"""Every document with generated parts."""

from __future__ import annotations

from ops.documents import (
    advise,
    advise_picture,
    alarms,
    application,
    changes,
    cost,
    edge,
    guard,
    policy,
    quotas,
    readme,
    stack_picture,
    transitions,
    truth,
)

DOCUMENTS = tuple(
    module.DOCUMENT
    for module in (
        advise,
        advise_picture,
        alarms,
        application,
        changes,
        cost,
        edge,
        guard,
        policy,
        quotas,
        readme,
        stack_picture,
        transitions,
        truth,
    )
)
