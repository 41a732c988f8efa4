"""Answers to the functions a program calls on a provider: stable, from `sandbox/data/invokes.json`.

An answer is a list of cases, the first whose `when` fits the arguments counts. Its `answer` is a template that may use
`{region}`, `{account}`, `{in:ARGUMENT}`; arguments are part of the answer, as they
are with the real providers. `secrets` names parts of an answer that are secret; `refuse` is a message instead of an
answer. A condition may look at the region as `$region`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sandbox.provider import conditions, data, policies, templates
from sandbox.provider.config import region as region_of
from sandbox.provider.errors import Refused
from sandbox.provider.templates import Context
from sandbox.provider.values import Properties, Secret, has_secret, has_unknown, plain

_FILE = "sandbox/data/invokes.json"
_POLICY_DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    table: dict[str, list[dict[str, Any]]] = data.load("invokes.json")
    return table


def answer(token: str, args: Mapping[str, Any], config: Mapping[str, Any]) -> Properties:
    """What function `token` answers to `args` under the provider configuration `config`.

    Raises:
        Refused: when there is no such answer, with the file to add it to.
    """
    given = plain(dict(args))
    region = str(given.get("region") or region_of(dict(config)))
    if token == _POLICY_DOCUMENT:
        return _sealed(args, policies.document(given))
    cases = _table().get(token)
    if cases is None:
        raise Refused(f"the sandbox has no answer for {token}: add one to {_FILE}")
    for case in cases:
        if "when" in case and conditions.holds(case["when"], given | {"$region": region}) is not True:
            continue
        if "refuse" in case:
            raise Refused(str(templates.evaluate(case["refuse"], _context(token, given, region))))
        found = templates.evaluate(case["answer"], _context(token, given, region))
        sealed = {name: Secret(found[name]) for name in case.get("secrets", ())}
        return _sealed(args, {**given, **found, **sealed})
    raise Refused(f"the sandbox has no answer for {token} with these arguments: add one to {_FILE}")


def _context(token: str, given: Properties, region: str) -> Context:
    return Context(f"{token}/{sorted(given.items(), key=repr)}", given, templates.facts(region))


def _sealed(args: Mapping[str, Any], found: Properties) -> Properties:
    """`found`, secret where what was asked is."""
    return {name: Secret(value) for name, value in found.items()} if has_secret(dict(args)) else found


def known(args: Mapping[str, Any]) -> bool:
    """Whether all arguments are known, so that there can be an answer."""
    return not has_unknown(dict(args))
