"""The errors that stop a failover, one line each, and the one that passes when it is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.clients import faults, told

# Amazon RDS API Reference, FailoverGlobalCluster, SwitchoverGlobalCluster, ModifyDBInstance, RebootDBInstance and
# RegisterDBProxyTargets, Errors; Amazon ElastiCache API Reference, FailoverGlobalReplicationGroup, Errors: the
# codes while something else is under way. A target that was deregistered may still count as registered for a while.
_STATES = frozenset(
    {
        "DBProxyTargetAlreadyRegisteredFault",
        "InvalidDBClusterStateFault",
        "InvalidDBInstanceState",
        "InvalidDBProxyStateFault",
        "InvalidGlobalClusterStateFault",
        "InvalidGlobalReplicationGroupState",
    }
)


class StepError(Exception):
    """A step failed. The text says why, and what to do; what came before it stays done."""


class CloudError(StepError):
    """A call of AWS failed. The text is one line."""


class CloudBusyError(CloudError):
    """AWS refuses the call while something else is under way."""


@contextmanager
def explained(service: str, region: str) -> Iterator[None]:
    """Turns an error of AWS or of the SDK into one line.

    Raises:
        CloudBusyError: when the resource is in a state that does not allow the call.
        CloudError: for every other error.
    """
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    try:
        yield
    except ClientError as error:
        busy = error.response.get("Error", {}).get("Code") in _STATES
        raise (CloudBusyError if busy else CloudError)(f"{service} in {region}: {told(error)}") from error
    except faults() as error:
        raise CloudError(f"{service} in {region}: {told(error)}") from error
