"""The keys of a stack's file that set properties, to keep a value that was found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml

from ops.one_way import CACHE, CLUSTER, GLOBAL_CLUSTER

WORKERS = "-workers"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigSource:
    """A property, and the key of the stack's file that it comes from.

    type, path: of the property.
    key: below the project's name, as `fleet.maximum`.
    suffix: ending of the resource's name, if the key sets only such resources.
    """

    type: str
    path: str
    key: str
    suffix: str = ""


def _bounds(type_: str, least: str, most: str, key: str, suffix: str = "") -> tuple[ConfigSource, ConfigSource]:
    return (
        ConfigSource(type=type_, path=least, key=f"{key}.minimum", suffix=suffix),
        ConfigSource(type=type_, path=most, key=f"{key}.maximum", suffix=suffix),
    )


GROUP, AUTOSCALER = "aws:autoscaling/group:Group", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
CAPACITY = "serverlessv2ScalingConfiguration"

# The first match counts.
SOURCES = (
    *_bounds(GROUP, "minSize", "maxSize", "workers", WORKERS),
    *_bounds(GROUP, "minSize", "maxSize", "fleet"),
    *_bounds(AUTOSCALER, "spec.minReplicas", "spec.maxReplicas", "workers", WORKERS),
    *_bounds(AUTOSCALER, "spec.minReplicas", "spec.maxReplicas", "hpa"),
    *_bounds("aws:appautoscaling/target:Target", "minCapacity", "maxCapacity", "readers"),
    ConfigSource(type="aws:rds/cluster:Cluster", path=f"{CAPACITY}.minCapacity", key="database.minAcu"),
    ConfigSource(type="aws:rds/cluster:Cluster", path=f"{CAPACITY}.maxCapacity", key="database.maxAcu"),
    ConfigSource(type=CLUSTER, path="engineVersion", key="database.engineVersion"),
    ConfigSource(type=GLOBAL_CLUSTER, path="engineVersion", key="database.engineVersion"),
    ConfigSource(type="aws:rds/clusterInstance:ClusterInstance", path="instanceClass", key="database.instanceClass"),
    ConfigSource(type=CACHE, path="engine", key="cache.engine"),
    ConfigSource(type=CACHE, path="nodeType", key="cache.nodeType"),
    ConfigSource(type=CACHE, path="numCacheClusters", key="cache.nodes"),
    ConfigSource(type="aws:eks/cluster:Cluster", path="version", key="cluster.version"),
)


def line(type_: str, name: str, path: str, found: Any) -> str | None:
    """The line of the stack's file that keeps the value that was found; None if no key sets it."""
    for one in SOURCES:
        if (one.type, one.path) == (type_, path) and name.endswith(one.suffix):
            return f"ascent:{one.key}: {_written(found)}"
    return None


def _written(found: Any) -> str:
    """The value as YAML: a version 16.10 has to be a text, as the number would be 16.1."""
    text = str(found)
    return json.dumps(text) if isinstance(found, str) and yaml.safe_load(text) != text else text
