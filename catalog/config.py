"""The provider's own configuration: how it arrives, what is wrong with it, what changing it means."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Any

from catalog import check, tables
from catalog.constraints import Failure, violations
from catalog.schema import provider_schema
from catalog.templates import ACCOUNT
from catalog.values import Properties, Secret, Unknown, plain

# What leads to a Kubernetes cluster.
_WAYS = ("kubeconfig", "context", "cluster")
_META = ("version", "pluginDownloadURL", "__internal")


def parsed(provider: str, raw: Properties) -> Properties:
    """Configuration with the JSON that everything but strings travels as turned back into values."""
    types = provider_schema(provider).inputs
    found: Properties = {}
    for name, value in raw.items():
        if name in _META:
            continue
        prop = types.get(name)
        wrapped = isinstance(value, Secret)
        bare = value.value if isinstance(value, Secret) else value
        if isinstance(bare, str) and prop is not None and prop.type != "string":
            with contextlib.suppress(ValueError):  # the type check reports it
                bare = json.loads(bare)
        found[name] = Secret(bare) if wrapped else bare
    return found


def failures(provider: str, config: Properties) -> list[Failure]:
    """What is wrong with a configuration."""
    found = list(check.shape(provider_schema(provider), config))
    if provider == "aws" and "region" not in config and not _environment_region():
        found.append(
            Failure(
                "region",
                "missing region information: set it with `pulumi config set aws:region REGION` or in the provider's "
                "arguments",
            )
        )
    allowed = plain(config.get("allowedAccountIds"))
    # Who is not asked for the account has none (hashicorp/aws-sdk-go-base, VerifyAccountIDAllowed).
    skipped = plain(config.get("skipCredentialsValidation")) and plain(config.get("skipRequestingAccountId"))
    mine = "" if skipped else account(config)
    if provider == "aws" and isinstance(allowed, list) and mine not in allowed:
        found.append(Failure("allowedAccountIds", f"AWS account ID not allowed: {mine}"))
    rules = tables.common().get(provider, {}).get("config", {}).get("constraints", [])
    return found + list(violations(rules, config))


def _environment_region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""


def region(config: Properties) -> str:
    """The region that AWS resources are in unless they say otherwise."""
    value = plain(config.get("region"))
    return "" if isinstance(value, Unknown) else str(value or _environment_region() or "us-east-1")


def account(config: Properties) -> str:
    """The AWS account of the credentials: the first that the configuration allows, or else the documents' example."""
    allowed = plain(config.get("allowedAccountIds"))
    return str(allowed[0]) if isinstance(allowed, list) and allowed else ACCOUNT


def default_tags(config: Properties) -> Properties | Unknown:
    """Tags that every AWS resource gets."""
    tags = plain(config.get("defaultTags")) or {}
    found: Properties | Unknown = tags if isinstance(tags, Unknown) else tags.get("tags") or {}
    return found


def cluster(config: Properties) -> str:
    """What tells one Kubernetes cluster from another: whatever way leads there, its server."""
    bare = plain(config)
    if isinstance(bare.get("clusterIdentifier"), str) and bare["clusterIdentifier"]:
        return str(bare["clusterIdentifier"])
    kubeconfig = bare.get("kubeconfig")
    found = _active(bare)
    if found is not None and found.get("server"):
        return str(found["server"])
    for name in ("context", "cluster"):
        if isinstance(bare.get(name), str) and bare[name]:
            return str(bare[name])
    if isinstance(kubeconfig, str) and kubeconfig:
        return "kubeconfig-" + hashlib.sha256(kubeconfig.encode()).hexdigest()[:8]
    return "default"


def _active(config: Properties) -> dict[str, Any] | None:
    """The cluster that a provider's kubeconfig leads to, by the context or the cluster that it names; None if none."""
    kubeconfig = config.get("kubeconfig")
    if not isinstance(kubeconfig, str):
        return None
    import yaml  # only where there is a kubeconfig

    try:
        document = yaml.safe_load(kubeconfig)
        contexts = {item["name"]: item["context"]["cluster"] for item in document["contexts"]}
        clusters = {item["name"]: item["cluster"] for item in document["clusters"]}
        name = contexts[config.get("context") or document["current-context"]]
        found = clusters[config.get("cluster") or name]
    except (yaml.YAMLError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def replacing(provider: str, old: Properties, new: Properties) -> list[str]:
    """Of two configurations, the properties whose change replaces everything the provider manages."""
    if provider == "kubernetes":
        return _another_cluster(plain(old), plain(new))
    names: list[str] = tables.common().get(provider, {}).get("config", {}).get("replace", [])
    return [name for name in names if plain(old.get(name)) != plain(new.get(name))]


def _another_cluster(old: Properties, new: Properties) -> list[str]:
    """As pulumi-kubernetes judges it (provider/pkg/provider/provider.go, DiffConfig).

    An identifier that stays says that it is the same cluster, and a changed one that it is not. To add one, or to
    remove it, says nothing. Else it is what the kubeconfig leads to: its server, certificate and the like. The names
    of contexts and clusters do not count.
    """
    before, after = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if after is not None and before == after:
        return []
    found = ["clusterIdentifier"] if before is not None and after is not None else []
    for name in _WAYS:
        if isinstance(new.get(name), Unknown):
            return [*found, name]
    one, other = _active(old), _active(new)
    if one is not None and other is not None and one != other:
        found += [name for name in _WAYS if old.get(name) != new.get(name)]
    return found


def changed(old: Properties, new: Properties) -> list[str]:
    """The properties in which two configurations differ."""
    skip = set(_META)
    return sorted(name for name in ({*old, *new} - skip) if _text(old.get(name)) != _text(new.get(name)))


def _text(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True, default=repr)
