"""`ascent:cluster`: the EKS clusters of the stack, or an existing Kubernetes cluster."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from infra.config.models.ranges import without_host_bits
from infra.config.strict import Strict


def _network(cidr: str) -> str:
    try:
        return str(without_host_bits(cidr))
    except PydanticCustomError as error:
        if error.type == "host_bits":
            raise
        raise PydanticCustomError("cidr", "it should be a range such as 203.0.113.0/24") from None


Principal = Annotated[str, Field(pattern=r"^arn:aws:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$", max_length=600)]


class Cluster(Strict):
    """The Kubernetes cluster: one that the stack creates in each of its regions, or an existing one."""

    api_cidrs: tuple[Annotated[str, AfterValidator(_network)], ...] | None = Field(
        default=None,
        max_length=40,
        description="Ranges that reach the API of the stack's clusters, your CI included; [] for the VPC only.",
    )
    api_sources: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        default=(),
        max_length=40,
        description="Ranges besides the VPC's own that reach the API at its private addresses: a VPN's, a peered "
        "VPC's.",
    )
    admins: tuple[Principal, ...] = Field(
        default=(),
        description="ARNs of IAM roles or users that administer the clusters, besides the one that creates them.",
    )
    version: str | None = Field(
        default=None, pattern=r"^1\.[0-9]{2}$", description="Kubernetes version: 1.33. Without it, EKS chooses one."
    )
    kubeconfig: SecretStr | None = Field(
        default=None,
        description="Kubeconfig of an existing cluster, as a secret. The stack then creates no EKS cluster.",
    )
    verify_database: bool = Field(
        default=False,
        description="Whether PgBouncer in it verifies that Aurora has a certificate of AWS for its host; "
        "docs/charts.md.",
    )
    context: str | None = Field(default=None, min_length=1, description="Context of that kubeconfig to use.")
    name: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",
        description="Name of that cluster, if it is at EKS: pods then get AWS permissions by Pod Identity.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.kubeconfig is not None:
            if self.api_cidrs is not None or self.api_sources or self.admins or self.version:
                raise PydanticCustomError(
                    "own_cluster",
                    "apiCidrs, apiSources, admins and version are for clusters that the stack makes, and it makes none",
                )
        elif self.api_cidrs is None:
            raise PydanticCustomError(
                "api_cidrs",
                "it should have apiCidrs, the ranges that reach the clusters' API: yours and your CI's, or [] where "
                "pulumi runs inside the VPC; or the kubeconfig of a cluster that is there already",
            )
        elif self.context or self.name:
            raise PydanticCustomError("own_cluster", "context and name should come with a kubeconfig")
        return self
