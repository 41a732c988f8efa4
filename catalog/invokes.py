"""Answers to the functions a program calls on a provider: stable, from `catalog/data/invokes.json`.

An answer is a list of cases, the first whose `when` fits the arguments counts. Its `answer` is a template that may use
`{region}`, `{account}`, `{in:ARGUMENT}`; arguments are part of the answer, as they
are with the real providers. `secrets` names parts of an answer that are secret; `refuse` is a message instead of an
answer. A condition may look at the region as `$region`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from catalog import conditions, policies, tables, templates
from catalog.config import account as account_of
from catalog.config import region as region_of
from catalog.errors import CloudRefusedError
from catalog.templates import TemplateContext
from catalog.values import Properties, Secret, has_secret, has_unknown, plain

_FILE = "catalog/data/invokes.json"
_POLICY_DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    table: dict[str, list[dict[str, Any]]] = tables.load("invokes.json")
    return table


def answer(token: str, args: Mapping[str, Any], config: Mapping[str, Any]) -> Properties:
    """What function `token` answers to `args` under the provider configuration `config`.

    Raises:
        CloudRefusedError: when there is no such answer, with the file to add it to.
    """
    given = plain(dict(args))
    region = str(given.get("region") or region_of(dict(config)))
    if token == _POLICY_DOCUMENT:
        return _sealed(args, policies.document(given))
    cases = _table().get(token)
    if cases is None:
        raise CloudRefusedError(f"the sandbox has no answer for {token}: add one to {_FILE}")
    for case in cases:
        if "when" in case and conditions.holds(case["when"], given | {"$region": region}) is not True:
            continue
        context = _context(token, given, templates.facts(region, account_of(dict(config))))
        if "refuse" in case:
            raise CloudRefusedError(str(templates.evaluate(case["refuse"], context)))
        found = templates.evaluate(case["answer"], context)
        sealed = {name: Secret(found[name]) for name in case.get("secrets", ())}
        return _sealed(args, {**given, **found, **sealed})
    raise CloudRefusedError(f"the sandbox has no answer for {token} with these arguments: add one to {_FILE}")


def listing(token: str) -> dict[str, Any] | None:
    """What a function lists of the world, or None: `type` of things, `as` an output, those with the same `where`."""
    cases = _table().get(token, [{}])
    found: dict[str, Any] | None = cases[0].get("lists")
    return found


def sought(token: str) -> str | None:
    """Type of the thing in the world that a function tells about, found by its id; None for what tells of no thing."""
    cases = _table().get(token, [{}])
    found: str | None = cases[0].get("finds")
    return found


def _context(token: str, given: Properties, facts: dict[str, Any]) -> TemplateContext:
    return TemplateContext(f"{token}/{sorted(given.items(), key=repr)}", given, facts)


def _sealed(args: Mapping[str, Any], found: Properties) -> Properties:
    """`found`, secret where what was asked is."""
    return {name: Secret(value) for name, value in found.items()} if has_secret(dict(args)) else found


def known(args: Mapping[str, Any]) -> bool:
    """Whether all arguments are known, so that there can be an answer."""
    return not has_unknown(dict(args))
