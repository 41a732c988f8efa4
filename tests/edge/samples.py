"""Requests that people, browsers and mischief-makers send, and what is to happen to each."""

from __future__ import annotations

from dataclasses import dataclass

from infra.edge.plans import ZonePlan
from infra.edge.rules import RulesetScope
from tests.edge.web import Request, Response

APP, STORAGE = "app.example.com", "storage.example.com"
ZONE = "example.com"
OWN = RulesetScope(app=APP, storage=STORAGE, zone=ZONE, hosted=False, plan=ZonePlan.BUSINESS)
HOSTED = RulesetScope(app=APP, storage=STORAGE, zone=ZONE, hosted=True, plan=ZonePlan.BUSINESS)
MONTH, WEEK, DAY, YEAR = 2_592_000, 604_800, 86_400, 31_536_000
IMMUTABLE = Response(headers={"cache-control": "public, max-age=31536000, immutable"})
SESSION = {"Cookie": "session=abc"}
PUBLIC = "/storage/v1/object/public"


@dataclass(frozen=True)
class Sample:
    """A request, and for how long it is cached: at the edge, and in browsers (None: as the origin says)."""

    name: str
    site: RulesetScope
    request: Request
    edge: int
    browser: int | None = None
    response: Response = Response()  # noqa: RUF009  frozen
    limits: tuple[str, ...] = ()


def app(target: str, method: str = "GET", **headers: str) -> Request:
    """A request to the application's host."""
    return Request(host=APP, target=target, method=method, headers=headers)


def stored(target: str, method: str = "GET", **headers: str) -> Request:
    """A request to the storage host."""
    return Request(host=STORAGE, target=target, method=method, headers=headers)


GENERAL, UPLOADS, ANALYSIS = ("general",), ("general", "uploads"), ("general", "analysis")
NEVER = (0, None)
SAMPLES = [
    # Narfe, Stage 5: the storage host's files, a month at the edge and a day in browsers.
    Sample("an avatar", OWN, stored("/avatars/u1.png"), MONTH, DAY),
    Sample("hosted media", HOSTED, stored(f"{PUBLIC}/media/a/b.jpg"), MONTH, DAY),
    Sample("a thumbnail", HOSTED, stored("/storage/v1/render/image/public/media/a.jpg?width=64"), MONTH, DAY),
    # Scaling to 1000 Users: images a week, chart SVGs a day.
    Sample("a generated image", OWN, stored("/generated/x.png"), WEEK, DAY),
    Sample("a generated image with a query", OWN, stored("/generated/x.png?v=2"), WEEK, DAY),
    Sample("a hosted generated image", HOSTED, stored(f"{PUBLIC}/generated-images/x.png"), WEEK, DAY),
    Sample("a hosted website image", HOSTED, stored(f"{PUBLIC}/website-images/x.webp"), WEEK, DAY),
    Sample("a hosted report image", HOSTED, stored(f"{PUBLIC}/report-images/x.jpg"), WEEK, DAY),
    Sample("a chart", OWN, stored("/generated/chart.svg"), DAY, DAY),
    Sample("a chart in capitals", OWN, stored("/generated/CHART.SVG"), DAY, DAY),
    Sample("a hosted chart", HOSTED, stored(f"{PUBLIC}/report-images/chart.svg"), DAY, DAY),
    Sample("only its headers", OWN, stored("/generated/x.png", "HEAD"), WEEK, DAY),
    Sample("an image with Cloudflare's bot cookie", OWN, stored("/generated/x.png", Cookie="__cf_bm=a.b-c"), WEEK, DAY),
    Sample("an image with Cloudflare's visitor cookie", OWN,
           stored("/generated/x.png", Cookie="_cfuvid=a.b-c"), WEEK, DAY),
    Sample("an image with both of Cloudflare's cookies", OWN,
           stored("/generated/x.png", Cookie="__cf_bm=a.b-c; _cfuvid=d"), WEEK, DAY),
    Sample("an image with both, the other way round", OWN,
           stored("/generated/x.png", Cookie="_cfuvid=d; __cf_bm=a.b-c"), WEEK, DAY),
    Sample("an image whose origin sets a cookie", OWN, stored("/generated/x.png"), WEEK, DAY,
           Response(headers={"set-cookie": "a=b"})),
    Sample("an image that is not there", OWN, stored("/generated/none.png"), 60, DAY, Response(status=403)),
    # What the storage host does not serve publicly.
    Sample("a signed file", HOSTED, stored("/storage/v1/object/sign/private/x.png?token=t"), *NEVER),
    Sample("a private file", HOSTED, stored("/storage/v1/object/authenticated/x.png"), *NEVER),
    Sample("an analysis", OWN, stored("/analyses/1.json"), *NEVER),
    Sample("the bucket's list", OWN, stored("/?list-type=2"), *NEVER),
    Sample("an upload to the storage host", OWN, stored("/generated/x.png", "PUT"), *NEVER),
    # Horizontal Scaling Guide: immutable for a year, as the application says.
    Sample("a script", OWN, app("/_next/static/chunks/a.js"), YEAR, None, IMMUTABLE),
    Sample("a logo", OWN, app("/logo.png"), YEAR, None, IMMUTABLE),
    Sample("an icon in capitals", OWN, app("/FAVICON.ICO"), YEAR, None, IMMUTABLE),
    Sample("a logo of which the app says nothing", OWN, app("/logo.png"), 0, None),
    Sample("a private picture", OWN, app("/me.png"), 0, None, Response(headers={"cache-control": "private"})),
    Sample("a picture that comes with a cookie", OWN, app("/logo.png"), 0, None,
           Response(headers={**IMMUTABLE.headers, "set-cookie": "session=abc"})),
    Sample("a script that is not there", OWN, app("/_next/static/gone.js"), 0, None, Response(status=404)),
    # Pages, logins and the API.
    Sample("the front page", OWN, app("/"), *NEVER, IMMUTABLE),
    Sample("a page", OWN, app("/dashboard"), *NEVER, IMMUTABLE),
    Sample("the login", OWN, app("/login"), *NEVER, IMMUTABLE),
    Sample("a login", OWN, app("/api/auth/login", "POST"), *NEVER, limits=GENERAL),
    Sample("the API", OWN, app("/api/feed?page=2"), *NEVER, IMMUTABLE, GENERAL),
    Sample("the API's own picture", OWN, app("/api/avatar.png"), *NEVER, IMMUTABLE, GENERAL),
    Sample("health", OWN, app("/api/health"), *NEVER, IMMUTABLE),
    Sample("a preflight", OWN, app("/api/feed", "OPTIONS"), *NEVER),
    Sample("an upload", OWN, app("/api/upload", "POST"), *NEVER, limits=UPLOADS),
    Sample("the uploads' list", OWN, app("/api/uploads"), *NEVER, limits=GENERAL),
    Sample("an upload that replaces", OWN, app("/api/uploads/7", "PUT"), *NEVER, limits=UPLOADS),
    Sample("an analysis that is asked for", OWN, app("/api/analyze", "POST"), *NEVER, limits=ANALYSIS),
    Sample("analyses", OWN, app("/api/analyses/7"), *NEVER, limits=ANALYSIS),
    # Sessions and credentials.
    Sample("a script with a session", OWN, app("/_next/static/a.js", **SESSION), YEAR, None, IMMUTABLE),
    Sample("a script with a session and a bearer", OWN,
           app("/_next/static/a.js", **SESSION, Authorization="Bearer t"), *NEVER, IMMUTABLE),
    Sample("a script that is private to a session", OWN, app("/_next/static/a.js", **SESSION), 0, None,
           Response(headers={"cache-control": "private"})),
    Sample("a picture with a session", OWN, app("/logo.png", **SESSION), *NEVER, IMMUTABLE),
    Sample("a page by way of the scripts", OWN, app("/_next/static/../../dashboard", **SESSION), *NEVER, IMMUTABLE),
    Sample("a script of the storage host with a session", OWN, stored("/_next/static/a.js", **SESSION), *NEVER),
    Sample("an image with a session", OWN, stored("/generated/x.png", **SESSION), *NEVER),
    Sample("a session behind the bot cookie", OWN, stored("/generated/x.png", Cookie="__cf_bm=a; session=b"), *NEVER),
    Sample("a session before the bot cookie", OWN, stored("/generated/x.png", Cookie="session=b; __cf_bm=a"), *NEVER),
    Sample("a session behind both", OWN,
           stored("/generated/x.png", Cookie="__cf_bm=a; _cfuvid=b; session=c"), *NEVER),
    Sample("a session between both", OWN,
           stored("/generated/x.png", Cookie="__cf_bm=a; session=c; _cfuvid=b"), *NEVER),
    Sample("a session glued to both", OWN,
           stored("/generated/x.png", Cookie="__cf_bm=a; _cfuvid=b,session=c"), *NEVER),
    Sample("a session called like the visitor cookie", OWN,
           stored("/generated/x.png", Cookie="__cf_bm=a; x_cfuvid=b"), *NEVER),
    Sample("a session glued to the bot cookie", OWN, stored("/x.png", Cookie="__cf_bm=a,session=b"), *NEVER),
    Sample("a cookie that only looks like it", OWN, stored("/generated/x.png", Cookie="__cf_bm2=a"), *NEVER),
    Sample("a bearer", OWN, stored("/generated/x.png", Authorization="Bearer t"), *NEVER),
    Sample("a bearer in capitals", OWN, app("/logo.png", AUTHORIZATION="Bearer t"), *NEVER, IMMUTABLE),
    Sample("an API key", HOSTED, stored(f"{PUBLIC}/media/x.png", apikey="k"), *NEVER),
    # Games with case, encoding, slashes and hosts.
    Sample("the API in capitals", OWN, app("/API/feed.png"), *NEVER, IMMUTABLE, GENERAL),
    Sample("the API encoded", OWN, app("/%61pi/feed.png"), *NEVER, IMMUTABLE, GENERAL),
    Sample("the API encoded twice", OWN, app("/%2561pi/feed.png"), *NEVER, IMMUTABLE),
    Sample("the API behind slashes", OWN, app("//api///feed.png"), *NEVER, IMMUTABLE, GENERAL),
    Sample("the API behind a backslash", OWN, app("/\\api/feed.png"), *NEVER, IMMUTABLE, GENERAL),
    Sample("the API behind an encoded backslash", OWN, app("/%5Capi/feed.png"), *NEVER, IMMUTABLE),
    Sample("the API by a way round", OWN, app("/_next/static/../../api/me.js"), *NEVER, IMMUTABLE, GENERAL),
    Sample("the API by an encoded way round", OWN, app("/_next/static/..%2f..%2fapi/me.js"), *NEVER, IMMUTABLE),
    Sample("a page by an encoded way round", OWN, app("/_next/static/..%2f..%2faccount"), *NEVER, IMMUTABLE),
    Sample("a page with a picture's extension as a parameter", OWN, app("/account;x.png"), *NEVER, IMMUTABLE),
    Sample("the API at another spelling of the host", OWN,
           Request(host="APP.example.com:443", target="/api/x.png"), *NEVER, IMMUTABLE, GENERAL),
    Sample("a picture at another spelling of the host", OWN,
           Request(host="App.Example.com.", target="/x.png", headers=SESSION), *NEVER, IMMUTABLE),
    # Sent on to HTTPS before anything else is looked at.
    Sample("a page in plain text", OWN, Request(host=APP, secure=False), *NEVER),
    Sample("a file in plain text", OWN, Request(host=STORAGE, secure=False), *NEVER),
    Sample("a page in plain text before hosted storage", HOSTED, Request(host=APP, secure=False), *NEVER),
    Sample("hosted media in plain text", HOSTED, Request(host=STORAGE, secure=False), *NEVER),
]  # fmt: skip
