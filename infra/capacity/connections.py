"""The connection budget: the most connections that clients may open to a database, against its limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

from infra.capacity.load import pool_size
from infra.thresholds import (
    CONNECTION_RESERVE,
    CONNECTIONS_PER_INSTANCE,
    CONNECTIONS_PER_WORKER,
    FORWARDED_SHARE,
    JOB_CONNECTIONS,
    POOLER_CLIENTS_MAX,
    POOLER_CLIENTS_MIN,
    POOLER_MOVING_PODS,
    POOLER_PODS,
    PROXY_SHARE,
)

# AWS, "Performance and scaling for Aurora Serverless v2": the default of max_connections by maximum capacity in ACUs,
# which is what the memory carries.
_BY_ACU = ((1, 189), (4, 823), (8, 1669), (16, 3360), (32, 5000))
# The same page: max_connections is static, so an instance keeps its first value until it restarts, whatever its
# capacity is by then. Serverless instances therefore have one number from the start, at every stage: the most that
# AWS allows with a minimum of 0.5 ACUs.
SERVERLESS, MAX_CONNECTIONS = "db.serverless", 2000
# AWS, "Quotas and constraints for Amazon Aurora": the default is never more.
MOST_CONNECTIONS = 5000
_WHOLE = 100  # percent


# AWS, "Hardware specifications for DB instance classes for Aurora": memory in ACUs of 2 GiB each.
CLASSES = MappingProxyType(
    {
        SERVERLESS: None,
        "db.t4g.medium": 2,
        "db.t4g.large": 4,
        "db.r7g.large": 8,
        "db.r7g.xlarge": 16,
        "db.r7g.2xlarge": 32,
        "db.r7g.4xlarge": 64,
        "db.r7g.8xlarge": 128,
    }
)


def server_limit(instance_class: str, serverless: int = MAX_CONNECTIONS) -> int | None:
    """max_connections in the parameter group, or None where AWS' default follows the instance class.

    AWS computes that default again when an instance changes its class, because it restarts then. `serverless` is the
    number of serverless instances.
    """
    return serverless if instance_class == SERVERLESS else None


def max_connections(instance_class: str, max_acu: float, serverless: int = MAX_CONNECTIONS) -> int:
    """Connections that clients may open to an instance: as many as its memory can hold, at most its server limit.

    For a serverless instance, that is the memory at its maximum capacity.

    Raises:
        KeyError: for a class that is not in the table.
    """
    memory = CLASSES[instance_class]
    rows = [limit for acu, limit in _BY_ACU if acu <= (max_acu if memory is None else memory)]
    limit = rows[-1] if rows else 0
    return min(limit, server_limit(instance_class, serverless) or limit)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionBudget:
    """Who may connect at once, and what the database takes, all in connections.

    application: of RDS Proxy's pool; without a pooler, of all instances and pods at their maximum.
    poolers: of PgBouncer in the region, at its caps and with the pods that an update adds.
    workers, jobs, reserve: of queue workers at their maximum, of jobs, and a reserve for operators.
    forwarded: of writes that other regions forward.
    limit: of the writer.
    pooled: whether RDS Proxy is in front of the application's instances.
    """

    application: int
    workers: int
    jobs: int
    reserve: int
    limit: int
    poolers: int = 0
    forwarded: int = 0
    pooled: bool = False

    @property
    def proxy(self) -> int:
        """Connections that RDS Proxy may open: all that the other clients leave. It opens them when it needs them.

        Its pool alone would be too small: a session whose state cannot be shared keeps a connection of its own
        (Amazon Aurora User Guide, "Avoiding pinning an RDS Proxy").
        """
        return max(self.limit - self.total + (self.application if self.pooled else 0), 0)

    @property
    def total(self) -> int:
        """Connections of all clients together."""
        return self.application + self.poolers + self.workers + self.jobs + self.reserve + self.forwarded

    @property
    def holds(self) -> bool:
        """Whether all clients can connect at once, and a proxy has at least as many as AWS recommends."""
        least = self.limit * PROXY_SHARE.value // _WHOLE if self.pooled and self.application else 0
        return self.total <= self.limit and self.proxy >= least

    def __str__(self) -> str:
        poolers = f" + poolers {self.poolers}" if self.poolers else ""
        sum_ = f"application {self.application}{poolers} + workers {self.workers}"
        sum_ += f" + jobs {self.jobs} + reserve {self.reserve}"
        sum_ += f" + forwarded {self.forwarded}" if self.forwarded else ""
        return f"{sum_} = {self.total}, of {self.limit} connections"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pooler:
    """PgBouncer of one cluster.

    cap: server connections that one of its pods may hold to one database.
    clients: client connections that one of its pods accepts: all of the cluster, as the other pod may be lost.
    """

    cap: int
    clients: int

    @property
    def connections(self) -> int:
        """Server connections of all its pods together, with the most pods that an update has at once."""
        return self.cap * (POOLER_PODS.value + POOLER_MOVING_PODS.value)


def pooler(pods: int, workers: int) -> Pooler:
    """The pooler for `pods` application pods and `workers` worker pods of one cluster, all at their maximum."""
    clients = pods * CONNECTIONS_PER_INSTANCE.value + workers * CONNECTIONS_PER_WORKER.value
    return Pooler(
        cap=math.ceil(pool_size(pods) / POOLER_PODS.value),
        clients=min(max(clients, POOLER_CLIENTS_MIN.value), POOLER_CLIENTS_MAX.value),
    )


def budget(
    *, instances: int, pooled: bool, workers: int, limit: int, poolers: int = 0, forwarding: bool = False
) -> ConnectionBudget:
    """The budget of one database.

    Args:
        instances: application instances of its region at their maximum, of all colors; without a pooler, pods too.
        pooled: whether a proxy is in between.
        workers: queue workers at their maximum.
        limit: most connections of the writer.
        poolers: connections of its region's PgBouncer.
        forwarding: whether other regions forward their writes to it. Aurora limits them to their share.
    """
    pool = pool_size(instances) if instances else 0
    return ConnectionBudget(
        application=pool if pooled else instances * CONNECTIONS_PER_INSTANCE.value,
        poolers=poolers,
        workers=workers * CONNECTIONS_PER_WORKER.value,
        jobs=JOB_CONNECTIONS.value,
        reserve=CONNECTION_RESERVE.value,
        limit=limit,
        forwarded=limit * FORWARDED_SHARE.value // _WHOLE if forwarding else 0,
        pooled=pooled,
    )


def pool_percent(pool: int, taken: int) -> int:
    """A pool of `pool` connections as a share of the server's `taken`: whole percent from 1 to 100, rounded down."""
    return min(max(_WHOLE * pool // taken, 1), _WHOLE)
