"""Every document with generated parts."""

from __future__ import annotations

from ops.documents import (
    advise,
    advise_picture,
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
    simulate,
    simulate_picture,
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
        simulate,
        simulate_picture,
        stack_picture,
        transitions,
        truth,
    )
)
