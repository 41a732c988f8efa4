"""Access to an EKS cluster that the stack creates: an access entry for its creator, beside those of the team."""

from __future__ import annotations

from collections.abc import Collection

import pulumi
import pulumi_aws as aws

from infra.wiring.region_context import RegionContext

# Outputs of a region: the creator of its cluster, and the cluster's name.
CREATOR, CLUSTER = "clusterCreator", "cluster"


def creator(region: RegionContext, admins: Collection[str]) -> str | None:
    """ARN of the role or user that gets an access entry as creator of a region's cluster; None where EKS gave it one.

    EKS can give the creator of a cluster an access entry by itself. Then a second entry for the same role, as one of
    the administrators, fails (ResourceInUseException; terraform-aws-modules/terraform-aws-eks issue 2968), and nothing
    removes the entry later. So the stack declares the entry itself. It stays that of the creator, also when others
    update the cluster. Older clusters keep the entry that EKS made: the option cannot be changed later.

    A preview may run with other credentials than the update. With `admins`, it takes the creator to be one of them.
    """
    known = region.previous.get(CREATOR)
    if known:
        return str(known)
    if region.previous.get(CLUSTER) == region.base:
        return None
    if pulumi.runtime.is_dry_run() and admins:
        return None
    caller = aws.get_caller_identity(opts=region.invoke).arn
    # The ARN of a session lacks the path of its role, and EKS needs the ARN of the role.
    return str(aws.iam.get_session_context(arn=caller, opts=region.invoke).issuer_arn)
