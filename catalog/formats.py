"""Formats of texts that rules name: addresses, documents, ARNs."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any


def _cidr(value: str, *, version: int, low: int, high: int) -> str | None:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return f'"{value}" is not a valid CIDR block: invalid CIDR address: {value}'
    if network.version != version:
        return f'"{value}" is not a valid IPv{version} CIDR block'
    if str(network) != value:
        return f'"{value}" is not a valid CIDR block; did you mean "{network}"?'
    if not low <= network.prefixlen <= high:
        bits = f"between {low} and {high} significant bits, got: {network.prefixlen}"
        return f"expected {{path}} to contain a network Value with {bits}"
    return None


def _json(value: str) -> str | None:
    try:
        json.loads(value)
    except ValueError as error:
        return f'"{{path}}" contains an invalid JSON: {error}'
    return None


def _policy(value: str) -> str | None:
    try:
        document = json.loads(value)
    except ValueError as error:
        return f'"{{path}}" contains an invalid JSON policy: {error}'
    if not isinstance(document, dict) or "Statement" not in document:
        return "MalformedPolicyDocument: The policy document has no Statement"
    if document.get("Version") not in (None, "2012-10-17", "2008-10-17"):
        return f"MalformedPolicyDocument: Version {document.get('Version')!r} is not one of 2012-10-17, 2008-10-17"
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        problem = _statement(statement)
        if problem:
            return f"MalformedPolicyDocument: {problem}"
    return None


def _statement(statement: Any) -> str | None:
    if not isinstance(statement, dict):
        return "a Statement is not an object"
    known = {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
    extra = sorted(statement.keys() - known)
    if extra:
        return f"unknown element {extra[0]!r} in a Statement"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Effect must be Allow or Deny"
    if "Action" not in statement and "NotAction" not in statement:
        return "a Statement has neither Action nor NotAction"
    return None


def _base64(value: str) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return "InvalidUserData.Malformed: Invalid BASE64 encoding of user data."
    return None


def _user_data(value: str) -> str | None:
    problem = _base64(value)
    if problem:
        return problem
    size = len(base64.b64decode(value))
    limit = 16 * 1024  # EC2's, before encoding
    return None if size <= limit else f"InvalidParameterValue: User data is limited to {limit} bytes, got {size}"


def _arn(value: str) -> str | None:
    if re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}|aws|cloudfront)?:.+", value):
        return None
    return f'"{{path}}" ({value}) is an invalid ARN: arn: invalid prefix or sections'


# Why a text is not in a format, by the format's name; `{path}` is filled in by the caller.
FORMATS: dict[str, Callable[[str], str | None]] = {
    "vpc-cidr": lambda value: _cidr(value, version=4, low=16, high=28),
    "cidr4": lambda value: _cidr(value, version=4, low=0, high=32),
    "cidr6": lambda value: _cidr(value, version=6, low=0, high=128),
    "json": _json,
    "policy": _policy,
    "base64": _base64,
    "user-data": _user_data,
    "arn": _arn,
}
