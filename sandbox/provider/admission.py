"""Pod security admission: pods are held against the level that their namespace enforces.

The API server refuses the pods, while it takes a Deployment and only warns; its pods then never start. Here, whatever
has such a pod template is refused, since a stack that can never run is what a check should find.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from catalog.constraints import Failure
from catalog.kubernetes import security
from catalog.kubernetes.objects import HELM, kind_of, template_of
from catalog.kubernetes.reading import at, mapping, text
from catalog.values import Properties, plain
from sandbox.provider.world import World

NAMESPACE = "kubernetes:core/v1:Namespace"


class Namespaces:
    """The labels of namespaces: as checked in this run, which is what they are about to be, else as in the world.

    A program creates a namespace before what is in it, so in a preview too it is checked first.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = Lock()
        self._checked: dict[tuple[str, str], Properties] = {}

    def failures(self, token: str, inputs: Properties, scope: str) -> Iterator[Failure]:
        """What admission says of an object in the cluster `scope`; a namespace is remembered."""
        if token.startswith(HELM):
            return
        bare = plain(inputs)
        metadata = mapping(bare, "metadata")
        if token == NAMESPACE:
            with self._lock:
                self._checked[scope, str(metadata.get("name"))] = mapping(metadata, "labels")
            return
        namespace, kind = text(metadata, "namespace"), kind_of(token)[1]
        for where, template in template_of(kind, bare) if namespace else ():
            labels = self._labels(str(namespace), scope)
            pod = security.Pod(mapping(template, "spec"), mapping(mapping(template, "metadata"), "annotations"))
            version = text(labels, security.VERSION) or security.LATEST
            said = security.violations(text(labels, security.ENFORCE) or "", pod, version)
            if said:
                who = f'pods "{metadata.get("name")}" is' if kind == "Pod" else f"pods of this {kind} would be"
                yield Failure(at(where, "spec"), f"{who} forbidden: {said}")

    def _labels(self, name: str, scope: str) -> Properties:
        with self._lock:
            if (scope, name) in self._checked:
                return self._checked[scope, name]
        entry = self._world.transact(lambda view: view.find(NAMESPACE, name, scope))
        return mapping(mapping(entry.properties, "metadata"), "labels") if entry else {}
