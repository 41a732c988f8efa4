"""Changes of the Kubernetes provider's configuration: what is asked of the real one, and of the stand-in."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Configuration = dict[str, Any]


class Change(NamedTuple):
    """A configuration before and after."""

    before: Configuration
    after: Configuration


def kubeconfig(*, server: str = "https://one.example.com", authority: str = "b25l", context: str = "here") -> str:
    """A kubeconfig with one cluster, whose name is that of its context."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": {"server": server, "certificate-authority-data": authority}}],
            "users": [{"name": context, "user": {"token": "made-up"}}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "current-context": context,
        }
    )


HERE: Configuration = {"kubeconfig": kubeconfig()}
OTHER_SERVER: Configuration = {"kubeconfig": kubeconfig(server="https://two.example.com")}
OTHER_AUTHORITY: Configuration = {"kubeconfig": kubeconfig(authority="dHdv")}
OTHER_CONTEXT: Configuration = {"kubeconfig": kubeconfig(context="there")}
CHANGES = {
    "nothing": Change(HERE, HERE),
    "another server": Change(HERE, OTHER_SERVER),
    "another server, same context named": Change({**HERE, "context": "here"}, {**OTHER_SERVER, "context": "here"}),
    "another certificate": Change(HERE, OTHER_AUTHORITY),
    "another name of the context": Change(HERE, OTHER_CONTEXT),
    "another name of the context, named": Change({**HERE, "context": "here"}, {**OTHER_CONTEXT, "context": "there"}),
    "another server, same identifier": Change(
        {**HERE, "clusterIdentifier": "mine"}, {**OTHER_SERVER, "clusterIdentifier": "mine"}
    ),
    "another identifier": Change({**HERE, "clusterIdentifier": "mine"}, {**HERE, "clusterIdentifier": "yours"}),
    "an identifier comes": Change(HERE, {**HERE, "clusterIdentifier": "mine"}),
    "an identifier comes with another server": Change(HERE, {**OTHER_SERVER, "clusterIdentifier": "mine"}),
    "an identifier goes": Change({**HERE, "clusterIdentifier": "mine"}, HERE),
    "force": Change(HERE, {**HERE, "enablePatchForce": "true"}),
}
