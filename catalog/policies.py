"""Renders IAM policy documents, as `aws.iam.get_policy_document` does."""

from __future__ import annotations

import json
from typing import Any

from catalog.errors import CloudRefusedError
from catalog.values import Properties

_VERSION = "2012-10-17"


def document(args: Properties) -> Properties:
    """The function's answer: the arguments and the document as JSON.

    Raises:
        CloudRefusedError: when a source is not JSON or a statement names an unknown effect.
    """
    merged: dict[str, Properties] = {}
    for source in args.get("sourcePolicyDocuments") or []:
        _merge(merged, _parsed(source), override=False)
    _merge(merged, [_statement(item) for item in args.get("statements") or []], override=False)
    for source in args.get("overridePolicyDocuments") or []:
        _merge(merged, _parsed(source), override=True)
    body: Properties = {"Version": args.get("version") or _VERSION}
    if args.get("policyId"):
        body["Id"] = args["policyId"]
    body["Statement"] = list(merged.values())
    return {
        **args,
        "id": "policy-document",
        "json": json.dumps(body, indent=2),
        "minifiedJson": json.dumps(body, separators=(",", ":")),
    }


def _merge(into: dict[str, Properties], statements: list[Properties], *, override: bool) -> None:
    for statement in statements:
        sid = statement.get("Sid")
        key = sid or f"#{len(into)}"
        if sid and sid in into and not override:
            raise CloudRefusedError(f"duplicate Sid ({sid}); use overridePolicyDocuments to replace a statement")
        into[key] = statement


def _parsed(source: str) -> list[Properties]:
    try:
        body = json.loads(source)
        statements = body["Statement"]
    except (ValueError, TypeError, KeyError) as error:
        raise CloudRefusedError(f"not an IAM policy document: {error}") from error
    return statements if isinstance(statements, list) else [statements]


def _statement(item: Properties) -> Properties:
    effect = item.get("effect") or "Allow"
    if effect not in ("Allow", "Deny"):
        raise CloudRefusedError(f'expected statement.effect to be one of ["Allow" "Deny"], got {effect}')
    found: Properties = {"Sid": item["sid"]} if item.get("sid") else {}
    found["Effect"] = effect
    for name, key in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if item.get(name):
            found[key] = _single(sorted(item[name]))
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if item.get(name):
            found[key] = _principals(item[name])
    if item.get("conditions"):
        tests: dict[str, dict[str, Any]] = {}
        for condition in item["conditions"]:
            tests.setdefault(condition["test"], {})[condition["variable"]] = _single(condition["values"])
        found["Condition"] = tests
    return found


def _principals(items: list[Properties]) -> Any:
    if [(item["type"], item["identifiers"]) for item in items] == [("*", ["*"])]:
        return "*"
    grouped: dict[str, list[str]] = {}
    for item in items:
        grouped.setdefault(item["type"], []).extend(item["identifiers"])
    return {kind: _single(sorted(names)) for kind, names in grouped.items()}


def _single(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items
