"""Why a failover stops, in one line each, and the one kind of refusal that passes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# Amazon RDS API Reference, FailoverGlobalCluster, SwitchoverGlobalCluster, ModifyDBInstance, RebootDBInstance and
# RegisterDBProxyTargets, Errors; Amazon ElastiCache API Reference, FailoverGlobalReplicationGroup, Errors: what they
# say while something else is under way. A target that was taken off may be registered for a while yet.
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
    """AWS did not do or say what was asked. The text is one line."""


class CloudBusyError(CloudError):
    """AWS refuses for as long as something else is under way."""


@contextmanager
def explained(service: str, region: str) -> Iterator[None]:
    """Turns what AWS or the SDK says into one line.

    Raises:
        CloudBusyError: when the state of what was asked about is in the way.
        CloudError: whatever else AWS or the SDK says.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    try:
        yield
    except ClientError as error:
        busy = error.response.get("Error", {}).get("Code") in _STATES
        raise (CloudBusyError if busy else CloudError)(f"{service} in {region}: {error}") from error
    except BotoCoreError as error:
        raise CloudError(f"{service} in {region}: {error}") from error
