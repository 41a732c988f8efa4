"""Who may fill a cluster that the stack makes: an access entry for whoever creates it, beside the team's own."""

from __future__ import annotations

from collections.abc import Collection

import pulumi
import pulumi_aws as aws

from infra.wiring.place import Place

# The outputs of a region that keep who created its cluster, and that there is one.
CREATOR, CLUSTER = "clusterCreator", "cluster"


def creator(place: Place, admins: Collection[str]) -> str | None:
    """ARN of the role or user that gets an entry as the creator of a region's cluster; None where EKS gave it one.

    EKS can give an entry to whoever creates a cluster, by itself. Then the same role among the administrators is one
    too many (ResourceInUseException; terraform-aws-modules/terraform-aws-eks issue 2968), and nothing takes it away
    later. So the entry is the stack's own, and stays that of the one who created the cluster, whoever updates it.
    Clusters from before that keep what they have: the switch can never be changed.

    A preview is not made by who makes the cluster. Where there are `admins`, it takes that one to be among them.
    """
    known = place.before.get(CREATOR)
    if known:
        return str(known)
    if place.before.get(CLUSTER) == place.base:
        return None
    if pulumi.runtime.is_dry_run() and admins:
        return None
    caller = aws.get_caller_identity(opts=place.invoke).arn
    # A session's ARN lacks the path of its role, and EKS wants the role's.
    return str(aws.iam.get_session_context(arn=caller, opts=place.invoke).issuer_arn)
