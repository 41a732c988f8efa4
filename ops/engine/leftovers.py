"""Values that a provider never removes from a state, although they are outdated, and that it still relies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftover:
    """An output of a resource that names another one to which it belongs.

    type, output: the resource, and its output.
    around: type of the other resource.
    hides: properties whose changes are not seen while the output is set.
    source: where that is documented.
    """

    type: str
    output: str
    around: str
    hides: str
    source: str


LEFTOVERS = (
    Leftover(
        type="aws:elasticache/replicationGroup:ReplicationGroup",
        output="globalReplicationGroupId",
        around="aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
        hides="engine, engineVersion and parameterGroupName",
        source="terraform-provider-aws, internal/service/elasticache/replication_group.go: Read sets it where there is "
        "a datastore and never clears it; suppressDiffIfBelongsToGlobalReplicationGroup",
    ),
)


def forget(state: dict[str, Any]) -> list[str]:
    """Remove them from a state as `pulumi stack export` has it. Returns the URNs of the resources.

    An output may be missing: the provider's own state is put together from those that are there
    (pulumi-terraform-bridge, pkg/tfbridge/rawstate.go).
    """
    resources: list[dict[str, Any]] = (state.get("deployment") or {}).get("resources") or []
    there = {one.get("type") for one in resources}
    found = [
        (one, left)
        for left in LEFTOVERS
        for one in resources
        if one.get("type") == left.type and left.around not in there and (one.get("outputs") or {}).get(left.output)
    ]
    for one, left in found:
        del one["outputs"][left.output]
    return [str(one["urn"]) for one, _ in found]
