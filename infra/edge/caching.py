"""What is cached at the edge and in browsers, and for how long.

Cloudflare tries all rules in order, and the last one that matches decides, setting by setting. So the first rule says
that nothing is cached, those after it say what is, and the last says what never is, whatever came before.
"""

from __future__ import annotations

from typing import Any

from infra.edge.expressions import ANY_CASE_PATH, PATH, READ_PATH, about, below, both, either, host, one_of, text
from infra.edge.plans import Limits
from infra.edge.rules import EdgeRule, Ruleset, RulesetScope
from infra.thresholds import (
    CHART_EDGE_TTL,
    CLIENT_ERRORS,
    IMAGE_EDGE_TTL,
    NEVER_STORED,
    STORAGE_BROWSER_TTL,
    STORAGE_EDGE_TTL,
    Threshold,
)

_MISSING_EDGE_TTL = Threshold(60, "seconds", "Ascent: what was asked for too early is found a minute later")
_SERVER_ERRORS = 500  # status: RFC 9110, section 15.6: the first server error

# Horizontal Scaling Guide, CDN Configuration: what the application says may be kept for good.
APP_EXTENSIONS = ("avif", "gif", "ico", "jpg", "png", "svg", "webp")
# Scaling to 1000 Users, CDN Setup: the hosted storage's public paths. Its signed and private paths lie elsewhere.
HOSTED = "/storage/v1/object/public/"
HOSTED_PUBLIC = (HOSTED, "/storage/v1/render/image/public/")
HOSTED_IMAGES = tuple(f"{HOSTED}{bucket}/" for bucket in ("generated-images", "website-images", "report-images"))
CHART = ".svg"
CREDENTIAL_HEADERS = ("authorization", "apikey", "x-api-key")
# Cloudflare sets these on every visitor, logged in or not: its bot products, and rate limits that
# tell apart who is behind one address (Cloudflare Cookies).
BOT_COOKIE, VISITOR_COOKIE = "__cf_bm=", "_cfuvid="
# What is left of these in a decoded path is there to make the edge and the application read it differently.
ODD = ("%", "..", "//", ";")
BACKSLASH = r'"\\"'

_BYPASS: dict[str, Any] = {"cache": False, "browser_ttl": {"mode": "respect_origin"}}
_SERVE_STALE = {"disable_stale_while_updating": False}


def cache_rules(site: RulesetScope) -> Ruleset:
    """The cache rules of a site."""
    public, images = (HOSTED_PUBLIC, HOSTED_IMAGES) if site.hosted else _own(site)
    stored = host(*site.storages)
    kept = {"storage": STORAGE_EDGE_TTL, "images": IMAGE_EDGE_TTL, "charts": CHART_EDGE_TTL}
    which = {
        "storage": below(public),
        **({"images": below(images)} if images else {}),
        "charts": both(below(public), f"ends_with(lower({PATH}), {text(CHART)})"),
    }
    return Ruleset(
        key="cache",
        name="ascent cache",
        phase="http_request_cache_settings",
        rules=(
            _rule("default", "Nothing is cached unless a rule below says so", about(site), _BYPASS),
            _rule("app-static", "Static files of the application, for as long as it says", _static(site), _OBEY),
            *(
                _rule(
                    name,
                    f"Public files of the storage host: {name}",
                    both(stored, which[name]),
                    _stored(site, ttl),
                )
                for name, ttl in kept.items()
                if name in which
            ),
            # Last, so that no rule can override it.
            _rule("never", "Sessions, credentials and the API", both(about(site), never(site)), _BYPASS),
        ),
    )


def _own(site: RulesetScope) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths of public buckets, each below its own name, and those of images among them."""
    application = site.application
    theirs = [bucket for one in site.others for bucket in one.buckets]
    public = dict.fromkeys([*application.public, *theirs])
    return tuple(f"/{bucket}/" for bucket in public), tuple(f"/{bucket}/" for bucket in application.images)


def never(site: RulesetScope) -> str:
    """What is never cached: whatever comes with a session or credentials, the API, and paths that play games.

    But for files whose names have a hash of their content: they are the same for everybody, and are most of what a
    visitor with a session asks for, as browsers send the application's cookies with each of them.
    """
    hashed = [below(site.application.hashed_paths)] if site.application.hashed_paths else []
    return either(
        both(
            'http.cookie ne ""',
            f"not ({_only_of_the_edge(site.plan.limits)})",
            *(f"not ({both(host(*site.apps), one)})" for one in hashed),
        ),
        f"any({one_of('lower(http.request.headers.names[*])[*]', CREDENTIAL_HEADERS)})",
        # Anywhere in the path: more than the API is, and so all that it could be.
        *(f"{ANY_CASE_PATH} contains {text(part)}" for part in site.application.never_cached),
        *(f"{READ_PATH} contains {part}" for part in (*map(text, ODD), BACKSLASH)),
    )


def _only_of_the_edge(limits: Limits) -> str:
    """The only cookies are those that Cloudflare itself sets: one, or two with nothing but a semicolon between them."""
    cookies = (BOT_COOKIE, VISITOR_COOKIE) if limits.rate_by_visitor else (BOT_COOKIE,)
    lone = [f"not http.cookie contains {text(separator)}" for separator in (";", ",")]
    pairs = [
        both(
            _first(one),
            f"http.cookie contains {text(f'; {other}')}",
            f"not http.cookie wildcard {text('*;*;*')}",
            lone[1],
        )
        for one in cookies
        for other in cookies
        if one != other
    ]
    return either(*(both(_first(one), *lone) for one in cookies), *pairs)


def _first(cookie: str) -> str:
    return f"starts_with(http.cookie, {text(cookie)})"


def _static(site: RulesetScope) -> str:
    extension = one_of("http.request.uri.path.extension", APP_EXTENSIONS)
    hashed = site.application.hashed_paths
    return both(host(*site.apps), either(*([below(hashed)] if hashed else []), extension))


# The application knows what may be kept: what it does not say so of, or sends with a cookie, is not cached. Cloudflare
# drops the cookie and caches the rest where a rule ignores what the origin says, so here none does.
_OBEY: dict[str, Any] = {
    "cache": True,
    "edge_ttl": {"mode": "bypass_by_default"},
    "browser_ttl": {"mode": "respect_origin"},
    # A file that is not what its extension says, such as a page at /account.png, is not cached.
    "cache_key": {"cache_deception_armor": True, "ignore_query_strings_order": True},
    "serve_stale": _SERVE_STALE,
}


def _stored(site: RulesetScope, ttl: Threshold) -> dict[str, Any]:
    """Files of the storage host are public and know no sessions, so the runbooks' times hold, whatever the origin says.

    A query string selects nothing in our buckets, so it is no part of the key; hosted storage makes thumbnails by it.
    """
    query = {"ignore_query_strings_order": True} if site.hosted else {"custom_key": _ANY_QUERY}
    return {
        "cache": True,
        "edge_ttl": {"mode": "override_origin", "default": ttl.value, "status_code_ttls": _errors(site.plan.limits)},
        "browser_ttl": {"mode": "override_origin", "default": STORAGE_BROWSER_TTL.value},
        "cache_key": query,
        "serve_stale": _SERVE_STALE,
    }


_ANY_QUERY = {"query_string": {"exclude": {"all": True}}}


def _errors(limits: Limits) -> list[dict[str, Any]]:
    """Without these, a file that was asked for too early would be missing for as long as a file is kept."""
    first, last = CLIENT_ERRORS
    missing = _MISSING_EDGE_TTL if _MISSING_EDGE_TTL.value >= limits.min_edge_ttl else NEVER_STORED
    return [
        {"status_code_range": {"from_": first.value, "to": last.value}, "value": missing.value},
        {"status_code_range": {"from_": _SERVER_ERRORS}, "value": NEVER_STORED.value},
    ]


def _rule(ref: str, why: str, expression: str, parameters: dict[str, Any]) -> EdgeRule:
    return EdgeRule(ref=ref, why=why, expression=expression, action="set_cache_settings", parameters=parameters)
