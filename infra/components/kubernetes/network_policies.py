"""Ingress and egress of the application's pods: denied, but for what the contract needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import pulumi
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.pod_spec import APP, NAME, described
from infra.security_groups import ANYWHERE
from infra.thresholds import HTTP_PORT, HTTPS_PORT

_DNS_PORT = 53  # RFC 1035, section 4.2

Ingress = kubernetes.networking.v1.NetworkPolicyIngressRuleArgsDict
Egress = kubernetes.networking.v1.NetworkPolicyEgressRuleArgsDict
Spec = kubernetes.networking.v1.NetworkPolicySpecArgsDict
Port = kubernetes.networking.v1.NetworkPolicyPortArgsDict
# Where pods get their AWS credentials: AWS, "Learn how EKS Pod Identity works".
POD_IDENTITY_AGENT = "169.254.170.23/32"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Something that pods may connect to.

    ports: TCP ports.
    cidrs: ranges that it is in.
    selected: labels of its pods in the same namespace, in place of ranges.
    """

    ports: Sequence[int]
    cidrs: Sequence[str] = ()
    selected: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    """What is let through.

    namespace: the application's.
    web, jobs: labels of the pods that serve requests, and of those that run database jobs.
    clients: ranges that requests come from.
    port: where the web pods listen.
    app_reach: what the application may connect to, beside DNS, HTTPS anywhere and the Pod Identity agent.
    jobs_reach: what database jobs may connect to, beside DNS.
    """

    namespace: str
    web: Mapping[str, str]
    jobs: Mapping[str, str]
    clients: Sequence[str]
    port: int
    app_reach: Sequence[Reach]
    jobs_reach: Sequence[Reach]


class NetworkPolicies(pulumi.ComponentResource):
    """A policy that lets nothing through for any pod of the namespace, and one for each kind of pod that adds to it."""

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("NetworkPolicies"), name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        agent = Reach(ports=[HTTP_PORT.value], cidrs=[POD_IDENTITY_AGENT])
        # The application calls services that only its owners know.
        services = Reach(ports=[HTTPS_PORT.value], cidrs=[ANYWHERE])
        self._policy("default-deny", _policy({}, ingress=[], egress=[]))
        requests: Ingress = {
            "from_": [{"ip_block": {"cidr": cidr}} for cidr in args.clients],
            "ports": [_tcp(args.port)],
        }
        self._policy("web", _policy(args.web, ingress=[requests]))
        self._policy("app", _policy({NAME: APP}, egress=_egress([agent, services, *args.app_reach])))
        self._policy("jobs", _policy(args.jobs, egress=_egress(args.jobs_reach)))
        self.register_outputs({})

    def _policy(self, what: str, spec: Spec) -> None:
        kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-{what}",
            metadata={"name": what, "namespace": self._args.namespace, "labels": described({})},
            spec=spec,
            opts=self._child,
        )


def _policy(
    selected: Mapping[str, str], *, ingress: list[Ingress] | None = None, egress: list[Egress] | None = None
) -> Spec:
    """What the selected pods may do; a direction that is None is left to other policies."""
    kinds = [kind for kind, rules in (("Ingress", ingress), ("Egress", egress)) if rules is not None]
    spec: Spec = {"pod_selector": {"match_labels": dict(selected)}, "policy_types": list(kinds)}
    if ingress:
        spec["ingress"] = ingress
    if egress:
        spec["egress"] = egress
    return spec


def _egress(reaches: Sequence[Reach]) -> list[Egress]:
    # Not by peer: with Auto Mode, DNS answers on the nodes and not in pods.
    dns: Egress = {"ports": [{"port": _DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]}
    return [dns, *chain.from_iterable(map(_rules, reaches))]


def _rules(reach: Reach) -> list[Egress]:
    ports = [_tcp(port) for port in reach.ports]
    if reach.selected is not None:
        return [{"to": [{"pod_selector": {"match_labels": dict(reach.selected)}}], "ports": ports}]
    return [{"to": [{"ip_block": {"cidr": cidr}} for cidr in reach.cidrs], "ports": ports}] if reach.cidrs else []


def _tcp(port: int) -> Port:
    return {"port": port, "protocol": "TCP"}
