"""`ascent:runtime`: where the workload runs."""

from __future__ import annotations

from enum import StrEnum


class Runtime(StrEnum):
    """Where the workload runs."""

    EC2 = "ec2"
    KUBERNETES = "kubernetes"
    BOTH = "both"

    @property
    def on_ec2(self) -> bool:
        """Whether an EC2 fleet runs the workload."""
        return self is not Runtime.KUBERNETES

    @property
    def on_kubernetes(self) -> bool:
        """Whether pods run the workload."""
        return self is not Runtime.EC2
