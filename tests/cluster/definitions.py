"""Definitions of the kinds that EKS Auto Mode brings, for a server that is nobody's.

As the AWS Load Balancer Controller defines a TargetGroupBinding (config/crd/bases), with what Auto Mode changed of it:
its group and version, and that the target's type has to be said (EKS User Guide, Create an IngressClass to configure an
Application Load Balancer: TargetGroupBinding).
"""

from __future__ import annotations

from tests.kubernetes.cases import Object

GROUP, VERSION = "eks.amazonaws.com", "v1"


def _text(**more: object) -> Object:
    return {"type": "string", **more}


BINDING: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"targetgroupbindings.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "TargetGroupBinding", "plural": "targetgroupbindings"},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["serviceRef", "targetGroupARN", "targetType"],
                                "properties": {
                                    "serviceRef": {
                                        "type": "object",
                                        "required": ["name", "port"],
                                        "properties": {
                                            "name": _text(),
                                            "port": {"x-kubernetes-int-or-string": True},
                                        },
                                    },
                                    "targetGroupARN": _text(minLength=1),
                                    "targetType": _text(enum=["instance", "ip"]),
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}
