"""What only Cloudflare checks: the rules language, with Cloudflare's own parser."""

from __future__ import annotations

from collections.abc import Iterator

from catalog import paths
from catalog.constraints import Failure
from catalog.values import Properties, plain

# Type token to the paths of expressions in it.
_EXPRESSIONS = {
    "cloudflare:index/ruleset:Ruleset": ("rules[*].expression", "rules[*].ratelimit.countingExpression"),
    "cloudflare:index/cloudConnectorRules:CloudConnectorRules": ("rules[*].expression",),
    "cloudflare:index/filter:Filter": ("body[*].expression",),
    "cloudflare:index/loadBalancer:LoadBalancer": ("rules[*].condition",),
}
_PACKET_PHASES = ("magic_transit", "magic_transit_managed", "magic_transit_ids_managed", "magic_transit_ratelimit")


def failures(token: str, inputs: Properties) -> Iterator[Failure]:
    """Every expression that Cloudflare's parser refuses, in its words."""
    bare = plain(inputs)
    scheme = "magic_firewall" if bare.get("phase") in _PACKET_PHASES else None
    for pattern in _EXPRESSIONS.get(token, ()):
        for path, value in paths.find(bare, paths.parse(pattern)):
            if isinstance(value, str):
                reason = _refusal(value, scheme)
                if reason:
                    yield Failure(paths.render(path), f"{value!r} is not a valid value for {path[-1]}: {reason}")


def _refusal(expression: str, scheme: str | None) -> str | None:
    from octorules_wirefilter import parse_expression  # takes a while: only where used

    error = parse_expression(expression, scheme).get("error")
    return str(error) if error else None
