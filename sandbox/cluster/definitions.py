"""What EKS Auto Mode brings to a cluster before a stack comes: kinds, and a node.

A TargetGroupBinding is as the AWS Load Balancer Controller defines it (config/crd/bases), with what Auto Mode changed
of it: its group and version, and that the target's type has to be said (EKS User Guide, Create an IngressClass to
configure an Application Load Balancer: TargetGroupBinding). NodeClass (EKS User Guide, Create a Node Class for Amazon
EKS) and NodePool (Karpenter documentation, NodePools) are taken with any spec.
"""

from __future__ import annotations

from typing import Any

GROUP, VERSION = "eks.amazonaws.com", "v1"
ANYTHING: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _text(**more: object) -> dict[str, Any]:
    return {"type": "string", **more}


def _definition(group: str, kind: str, plural: str, scope: str, spec: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": spec, "status": ANYTHING}}
    version = {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural},
            "versions": [version | {"subresources": {"status": {}}}],
        },
    }


BINDING = _definition(
    GROUP, "TargetGroupBinding", "targetgroupbindings", "Namespaced",
    {
        "type": "object",
        "required": ["serviceRef", "targetGroupARN", "targetType"],
        "properties": {
            "serviceRef": {
                "type": "object",
                "required": ["name", "port"],
                "properties": {"name": _text(), "port": {"x-kubernetes-int-or-string": True}},
            },
            "targetGroupARN": _text(minLength=1),
            "targetType": _text(enum=["instance", "ip"]),
        },
    },
)  # fmt: skip
AUTO_MODE = (
    BINDING,
    _definition(GROUP, "NodeClass", "nodeclasses", "Cluster", ANYTHING),
    _definition("karpenter.sh", "NodePool", "nodepools", "Cluster", ANYTHING),
)
