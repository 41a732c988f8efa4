"""Services and network policies: what validation refuses beyond shapes and tables."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator

from catalog.constraints import Failure
from catalog.kubernetes import names
from catalog.kubernetes.reading import at, duplicate, each, forbidden, invalid, mapping, number, required, text, texts
from catalog.kubernetes.tables import Rules
from catalog.values import Properties

_DIRECTIONS = (("ingress", "from"), ("egress", "to"))
_EXTERNAL = ("LoadBalancer", "NodePort")
_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def _service(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    kind = "ClusterIP" if spec.get("type") is None else text(spec, "type")
    if kind is None:
        return
    if not spec.get("ports") and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    address = text(spec, "clusterIP")
    if address not in (None, "", "None") and not _is_address(str(address)):
        yield invalid("spec.clusterIPs[0]", address, "must be a valid IP address")
    if kind == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    yield from names.labels("spec.selector", mapping(spec, "selector"))
    yield from _ports(kind, spec)
    if kind != "LoadBalancer":
        for name, shown in (
            ("loadBalancerClass", "loadBalancerClass"),
            ("loadBalancerSourceRanges", "LoadBalancerSourceRanges"),
        ):
            if spec.get(name):
                yield forbidden(f"spec.{shown}", "may only be used when `type` is 'LoadBalancer'")
    elif load_balancer := text(spec, "loadBalancerClass"):
        yield from names.qualified("spec.loadBalancerClass", load_balancer)
    if kind not in _EXTERNAL and spec.get("externalTrafficPolicy"):
        why = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", spec["externalTrafficPolicy"], why)
    if kind == "LoadBalancer":
        for index, cidr in enumerate(texts(spec, "loadBalancerSourceRanges")):
            yield from _cidr(at("spec.LoadBalancerSourceRanges", index), cidr)


def _ports(kind: str, spec: Properties) -> Iterator[Failure]:
    ports = list(each(spec, "spec", "ports"))
    seen: set[object] = set()
    for place, port in ports:
        name = text(port, "name")
        if port.get("name") in (None, "") and len(ports) > 1:
            yield required(at(place, "name"))
        if name:
            yield from names.label(at(place, "name"), name)
            if name in seen:
                yield duplicate(at(place, "name"), name)
            seen.add(name)
        same = (port.get("protocol", "TCP"), number(port, "port"))
        if same[1] is not None:
            if same in seen:
                yield Failure(place, f"{place}: Duplicate value: {same[0]} {same[1]}")
            seen.add(same)
        target = port.get("targetPort")
        if target != 0:
            yield from names.port(at(place, "targetPort"), target)
        if port.get("nodePort") and kind not in _EXTERNAL:
            yield forbidden(at(place, "nodePort"), f"may not be used when `type` is '{kind}'")


def _policy(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    kinds = texts(spec, "policyTypes")
    if len(kinds) > len(_DIRECTIONS):
        shown = json.dumps(kinds, separators=(",", ":"))
        where = "spec.policyTypes"
        yield Failure(where, f"{where}: Invalid value: {shown}: may not specify more than two policyTypes")
    yield from names.selector("spec.podSelector", mapping(spec, "podSelector"))
    for direction, peers in _DIRECTIONS:
        for place, rule in each(spec, "spec", direction):
            for where, port in each(rule, place, "ports"):
                yield from _end_port(where, port)
            for where, peer in each(rule, place, peers):
                yield from _peer(where, peer)


def _end_port(where: str, port: Properties) -> Iterator[Failure]:
    end, start = number(port, "endPort"), port.get("port")
    if end is None:
        return
    if start is None:
        yield invalid(at(where, "endPort"), end, "may not be specified when `port` is not specified")
    elif isinstance(start, str):
        yield invalid(at(where, "endPort"), end, "may not be specified when `port` is non-numeric")
    elif isinstance(start, int) and start > end:
        yield invalid(at(where, "endPort"), start, "must be greater than or equal to `port`")


def _peer(where: str, peer: Properties) -> Iterator[Failure]:
    others = [name for name in ("namespaceSelector", "podSelector") if peer.get(name) is not None]
    if not others and peer.get("ipBlock") is None:
        yield required(where, "must specify a peer")
    for name in others:
        yield from names.selector(at(where, name), mapping(peer, name))
    if others and peer.get("ipBlock") is not None:
        yield forbidden(where, "may not specify both ipBlock and another peer")
    block, where = mapping(peer, "ipBlock"), at(where, "ipBlock")
    cidr = text(block, "cidr")
    if cidr is None:
        return
    if not cidr:
        yield required(at(where, "cidr"))
        return
    problems = list(_cidr(at(where, "cidr"), cidr))
    yield from problems
    for index, part in enumerate(texts(block, "except")):
        place = at(at(where, "except"), index)
        wrong = list(_cidr(place, part))
        yield from wrong
        if not problems and not wrong and not _within(part, cidr):
            yield invalid(place, part, "must be a strict subset of `cidr`")


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _cidr(where: str, value: str) -> Iterator[Failure]:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        yield invalid(where, value, _CIDR)
        return
    if "/" not in value:
        yield invalid(where, value, _CIDR)
    elif str(network.network_address) != value.partition("/")[0]:
        yield invalid(where, value, "must not have bits set beyond the prefix length")


def _within(part: str, whole: str) -> bool:
    inner, outer = ipaddress.ip_network(part), ipaddress.ip_network(whole)
    return inner != outer and inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


RULES: Rules = {"Service": (_service,), "NetworkPolicy": (_policy,)}
