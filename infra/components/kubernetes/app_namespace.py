"""The application's namespace: who its pods are, and the secrets that they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.pod_spec import MANAGED_BY, PART_OF

# Kubernetes, "Pod Security Standards": refused when they come, and told when their Deployment does.
MODES = ("enforce", "audit", "warn")
LEVEL = "restricted"
# Name of the Secret with the log-ins at container registries.
REGISTRIES = "registries"


@dataclass(frozen=True, kw_only=True)
class AppNamespaceArgs:
    """What is in it.

    namespace: its name.
    service_accounts: names of the pods' accounts.
    secrets: keys and values by name of each Secret; the values are secret outputs.
    labels: of the namespace, beside those of every one.
    docker_config: log-ins at container registries, a secret output; None where there are none.
    """

    namespace: str
    service_accounts: Sequence[str]
    secrets: Mapping[str, Mapping[str, pulumi.Input[str]]]
    labels: Mapping[str, str]
    docker_config: pulumi.Input[str] | None = None


class AppNamespace(pulumi.ComponentResource):
    """A namespace that admits only pods of the restricted level.

    name: its name, known once it is there.
    """

    def __init__(self, name: str, args: AppNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("AppNamespace"), name, None, opts)
        own = {PART_OF: "ascent", MANAGED_BY: "pulumi"}
        namespace = kubernetes.core.v1.Namespace(
            name,
            metadata={
                "name": args.namespace,
                "labels": {**own, **{f"pod-security.kubernetes.io/{mode}": LEVEL for mode in MODES}, **args.labels},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        pulling: list[kubernetes.core.v1.LocalObjectReferenceArgsDict] = []
        if args.docker_config is not None:
            kubernetes.core.v1.Secret(
                f"{name}-{REGISTRIES}",
                metadata={"name": REGISTRIES, "namespace": args.namespace, "labels": own},
                type="kubernetes.io/dockerconfigjson",
                string_data={".dockerconfigjson": args.docker_config},
                opts=inside,
            )
            pulling = [{"name": REGISTRIES}]
        # No role is bound to any of them, and no token of theirs is mounted: pods do not talk to the Kubernetes API.
        for account in args.service_accounts:
            kubernetes.core.v1.ServiceAccount(
                f"{name}-{account}",
                metadata={"name": account, "namespace": args.namespace, "labels": own},
                automount_service_account_token=False,
                # Kubernetes gives it to each pod of the account.
                image_pull_secrets=pulling or None,
                opts=inside,
            )
        for secret, values in args.secrets.items():
            kubernetes.core.v1.Secret(
                f"{name}-{secret}",
                metadata={"name": secret, "namespace": args.namespace, "labels": own},
                type="Opaque",
                string_data=dict(values),
                opts=inside,
            )
        self.register_outputs({"namespace": args.namespace})
