"""Every document with generated parts."""

from __future__ import annotations

from ops.documents import (
    alarms,
    application,
    changes,
    cost,
    edge,
    guard,
    policy,
    quotas,
    readme,
    simulate,
    simulate_picture,
    stack_picture,
    transitions,
    truth,
)

DOCUMENTS = tuple(
    module.DOCUMENT
    for module in (
        alarms,
        application,
        changes,
        cost,
        edge,
        guard,
        policy,
        quotas,
        readme,
        simulate,
        simulate_picture,
        stack_picture,
        transitions,
        truth,
    )
)
