"""The kubeconfig of an EKS cluster: no credential in it, but the command that gets one."""

from __future__ import annotations

import pulumi


def kubeconfig(
    *, name: str, region: str, endpoint: pulumi.Input[str], authority: pulumi.Input[str]
) -> pulumi.Output[str]:
    """The kubeconfig, as a secret output.

    Args:
        name: the cluster's name, and that of the context.
        region: AWS region.
        endpoint: URL of its API.
        authority: certificate of its authority, in base64.
    """
    command = ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"]
    document: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "aws",
                        "args": command,
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return pulumi.Output.secret(pulumi.Output.json_dumps(document))
