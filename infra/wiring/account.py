"""The AWS account of a stack: refused where it is another one. Its permissions boundary is put on every role."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.config.settings import Settings

_ROLE = "aws:iam/role:Role"


def account_id(settings: Settings, provider: aws.Provider) -> str:
    """Number of the AWS account that the credentials are of. Looked up before anything else is declared.

    Raises:
        pulumi.RunError: when the stack file names another account, or AWS refuses the credentials.
    """
    expected = settings.account.id
    where = f"Pulumi.{pulumi.get_stack()}.yaml: ascent:account.id: given {expected}; "
    try:
        found = aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=provider)).account_id
    except Exception as error:
        # The provider's own words: it looks up the account first, and refuses other accounts by itself.
        if expected is None:
            raise
        raise pulumi.RunError(f"{where}{last_line(error)}. Take the credentials of that account") from error
    if expected not in (None, found):
        raise pulumi.RunError(f"{where}the credentials are of {found}. Take those of {expected}, or correct the file")
    return str(found)


def apply_permissions_boundary(settings: Settings) -> None:
    """Put the permissions boundary of the settings on every IAM role that is declared from now on."""
    boundary = settings.account.permissions_boundary
    if boundary is None:
        return

    def bound(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != _ROLE:
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissionsBoundary": boundary}, args.opts)

    pulumi.runtime.register_stack_transformation(bound)


def last_line(error: Exception) -> str:
    """The provider's own message: the last line of an error."""
    lines = [line.strip(" *\t") for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
