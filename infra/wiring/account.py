"""The AWS account that a stack is in: refused where it is another one, and its boundary on every role."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.config.settings import Settings
from infra.wiring.place import Place

_ROLE = "aws:iam/role:Role"


def account_of(settings: Settings, place: Place) -> str:
    """Number of the AWS account that the credentials are of. Asked at once, so that what follows is not begun.

    Raises:
        pulumi.RunError: when it is another one than the stack's file says, or AWS does not take the credentials.
    """
    expected = settings.account.id
    where = f"Pulumi.{pulumi.get_stack()}.yaml: ascent:account.id: given {expected}; "
    try:
        found = aws.get_caller_identity(opts=place.invoke).account_id
    except Exception as error:
        # Whatever the provider says: it asks AWS before anything else, and refuses other accounts by itself.
        if expected is None:
            raise
        raise pulumi.RunError(f"{where}{last_line(error)}. Take the credentials of that account") from error
    if expected not in (None, found):
        raise pulumi.RunError(f"{where}the credentials are of {found}. Take those of {expected}, or correct the file")
    return str(found)


def bounded(settings: Settings) -> None:
    """Have every role that is declared from now on bounded by the policy that the settings name."""
    boundary = settings.account.permissions_boundary
    if boundary is None:
        return

    def bound(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != _ROLE:
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissionsBoundary": boundary}, args.opts)

    pulumi.runtime.register_stack_transformation(bound)


def last_line(error: Exception) -> str:
    """What a provider says, of all that its error says around it."""
    lines = [line.strip(" *\t") for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
