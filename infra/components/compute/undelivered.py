"""The queue of what the rules and schedules of the application's own jobs could not deliver."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra import naming
from infra.undelivered import undelivered


@dataclass(frozen=True, kw_only=True)
class UndeliveredArgs:
    """What it needs.

    protect: guard the queue, and what is in it, against deletion.
    """

    protect: bool


class Undelivered(pulumi.ComponentResource):
    """The queue.

    url, arn: of the queue. queue_name: its physical name.
    """

    def __init__(self, name: str, args: UndeliveredArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Undelivered"), name, None, opts)
        queue = undelivered(name, protect=args.protect, parent=self)
        self.url, self.arn, self.queue_name = queue.url, queue.arn, queue.name
        self.register_outputs({"url": self.url})
