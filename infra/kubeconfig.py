"""The kubeconfig of an EKS cluster: no credential in it, but the command that gets one."""

from __future__ import annotations

import json


def kubeconfig(*, name: str, region: str, endpoint: str, authority: str) -> str:
    """The kubeconfig, as JSON, which is YAML too.

    Args:
        name: the cluster's name, and that of the context.
        region: AWS region.
        endpoint: URL of its API.
        authority: certificate of its authority, in base64.
    """
    command = ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"]
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": command,
        "interactiveMode": "Never",
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"exec": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(document)
