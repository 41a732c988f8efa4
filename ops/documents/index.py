"""Every document with generated parts."""

from __future__ import annotations

from ops.documents import (
    alarms,
    application,
    capacity,
    changes,
    commitments_picture,
    cost,
    cost_picture,
    edge,
    guard,
    headroom_picture,
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
        alarms,
        application,
        capacity,
        changes,
        commitments_picture,
        cost,
        cost_picture,
        edge,
        guard,
        headroom_picture,
        headroom_picture,
        policy,
        quotas,
        readme,
        stack_picture,
        transitions,
        truth,
    )
)
