"""A Helm release of one of the charts in charts/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.thresholds import POD_HISTORY

_CHART_TIMEOUT = 600  # seconds: a node and an image; pods follow one another a grace period apart


@dataclass(frozen=True, kw_only=True)
class ChartReleaseArgs:
    """What is released.

    chart: path of the chart, from the program's directory.
    release: name of the release, and so of its objects.
    digest: what changes with any of its files.
    namespace: where.
    values: as the chart takes them; `charts/values.py` makes them.
    """

    chart: str
    release: str
    digest: str
    namespace: str
    values: Mapping[str, object]


class ChartRelease(pulumi.ComponentResource):
    """A release that is rolled back by itself when its pods do not get ready."""

    def __init__(self, name: str, args: ChartReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("ChartRelease"), name, None, opts)
        kubernetes.helm.v3.Release(
            name,
            name=args.release,
            chart=args.chart,
            namespace=args.namespace,
            values=dict(args.values),
            # `helm history` shows it.
            description=f"Files {args.digest}",
            atomic=True,
            cleanup_on_fail=True,
            max_history=POD_HISTORY.value,
            timeout=_CHART_TIMEOUT,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"release": args.release})
