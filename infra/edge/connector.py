"""Which bucket a path of the storage host is in."""

from __future__ import annotations

from collections.abc import Sequence

from infra.edge.expressions import below, both, named


def connections(host: str, buckets: Sequence[str]) -> dict[str, str]:
    """Expression by bucket: each has the paths below its own name, and the first every other path as well.

    So no path is left to the host's own name, which S3 would take for the name of a bucket, maybe a stranger's; and
    exactly one matches, in whatever order they are tried.
    """
    first, *others = buckets
    own = {bucket: below([f"/{bucket}/"]) for bucket in others}
    rest = [f"not {expression}" for expression in own.values()]
    return {
        first: both(named(host), *rest),
        **{bucket: both(named(host), expression) for bucket, expression in own.items()},
    }
