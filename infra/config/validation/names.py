"""Rules for names that AWS gives a length: the stack's own, and those that the application gives to its resources."""

from __future__ import annotations

from infra.config.models.application import ApplicationConfig
from infra.naming import AUTONAME_SUFFIX

# Names at AWS that contain a name of the application's: their form, their longest length, and the source of that.
_LONGEST = {
    "buckets": ("{base}-store-{name}", 63, "Amazon S3 User Guide, Bucket naming rules"),
    "queues": ("{base}-jobs-{name}-dead", 80, "Amazon SQS API Reference, CreateQueue: QueueName"),
    "schedules": ("{base}-own-{name}", 64, "EventBridge Scheduler API Reference, CreateSchedule: Name"),
}


def too_long(application: ApplicationConfig, base: str) -> dict[str, str]:
    """Why AWS would refuse a name, by its key within `ascent:application`.

    Args:
        application: what the stack's file has.
        base: the longest base name of a region: `prod-apse2`.
    """
    found = {}
    for key, (form, limit, source) in _LONGEST.items():
        # Pulumi adds a suffix of its own.
        room = limit - AUTONAME_SUFFIX - len(form.format(base=base, name=""))
        for name in getattr(application, key) or ():
            if len(name) > room:
                found[f"{key}.{name}"] = f"it should have {room} characters at most, as AWS adds to it ({source})"
    return found
