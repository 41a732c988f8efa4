"""Whether a token has the rights that a stack needs, as far as Cloudflare lets a token read its own rights.

Everything is asked with GET: nothing is changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ops.edge.rights import Right
from ops.quotas.judge import QuotaVerdict

VARIABLE = "CLOUDFLARE_API_TOKEN"
# As the provider takes it: Cloudflare's Terraform provider, base_url.
_BASE = "CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4"
_PATIENCE = 20  # seconds
_ACCOUNT, _ZONE = "com.cloudflare.api.account.", "com.cloudflare.api.account.zone."
_FOUND, _NONE_YET = 200, 404
_PHASE = "/rulesets/phases/"  # A zone without rules of a phase answers 404.
_FORBIDDEN = (400, 401, 403)  # 400 for a text that has not the form of a token.
_NOTHING, _NO_ACCOUNT = "it may not even read it", "it may not read the zone, which names the account"
_REFUSED = (400, 401, 403)  # The answer of the verification for a token of the other kind.


class TokenError(Exception):
    """The token is not valid. The text says so."""


class SilentError(Exception):
    """Cloudflare does not answer. The text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A right, and whether the token has it."""

    right: Right
    verdict: QuotaVerdict
    said: str

    def as_dict(self) -> dict[str, object]:
        """As `ascent doctor --json` prints it."""
        of = "account" if self.right.of_account else "zone"
        shown = {"permission": self.right.name, "of": of, "for": self.right.purpose}
        return {"verdict": self.verdict.value, **shown, "why": self.said}


@dataclass(frozen=True, slots=True)
class Granted:
    """Names of the permissions that a token has for a zone and for its account."""

    zone: frozenset[str]
    account: frozenset[str]


class Token:
    """A token.

    Raises:
        TokenError: where it cannot be one.
    """

    def __init__(self, secret: str, zone: str) -> None:
        # A CI's secret often ends with a line break. A line break in the middle is not allowed in a header.
        self._secret, self._zone = secret.strip(), zone
        if not self._secret.isascii() or not self._secret.isprintable() or " " in self._secret:
            raise TokenError(f"{VARIABLE} has blanks, line breaks or other characters that no token has")
        self._base = os.environ.get(_BASE[0]) or _BASE[1]

    def held(self, rights: Sequence[Right]) -> list[Held]:
        """Each right, and whether the token has it; missing ones first.

        Raises:
            TokenError: where the token is not valid.
            SilentError: where Cloudflare does not answer.
        """
        _, zone = self._get(f"/zones/{self._zone}")
        account = str((zone.get("account") or {}).get("id") or "")
        granted = self._granted(account)
        if granted is None:
            found = [self._by_reading(one, account) for one in rights]
        else:
            found = [self._by_name(one, granted) for one in rights]
        if granted is None and not account and all(one.said in (_NOTHING, _NO_ACCOUNT) for one in found):
            raise TokenError(f"Cloudflare does not know {VARIABLE}, or it may read nothing of the zone {self._zone}")
        return sorted(found, key=lambda one: list(QuotaVerdict).index(one.verdict))

    def _granted(self, account: str) -> Granted | None:
        """All its permissions for the zone and its account, or None if Cloudflare does not say."""
        for owner in ("/user", f"/accounts/{account}") if account else ("/user",):
            status, own = self._get(f"{owner}/tokens/verify")
            if status in _REFUSED:
                # A token belongs either to an account or to a user.
                continue
            if status != _FOUND:
                raise SilentError(f"Cloudflare answered {status} when asked for the token")
            if own.get("status") != "active":
                raise TokenError(f"{VARIABLE} is {own.get('status', 'not known')} at Cloudflare; make a new one")
            status, shown = self._get(f"{owner}/tokens/{own.get('id')}")
            policies = shown.get("policies")
            return _allowed(policies, self._zone, account) if status == _FOUND and policies else None
        if not account:
            # An account's token that may not read the zone cannot be verified, but may still have rights.
            return None
        raise TokenError(f"Cloudflare does not know {VARIABLE}; make a new one")

    def _by_name(self, right: Right, granted: Granted) -> Held:
        names = granted.account if right.of_account else granted.zone
        # The right to write includes the right to read (Cloudflare Docs, Create API token: "Edit is full CRUDL").
        if not names.isdisjoint({right.name, _as(right.name, "Write")}):
            return Held(right=right, verdict=QuotaVerdict.OK, said="")
        reads = _as(right.name, "Read") in names
        said = "it may read alone, which is enough for previews" if reads else "it does not have it"
        return Held(right=right, verdict=QuotaVerdict.FAIL, said=said)

    def _by_reading(self, right: Right, account: str) -> Held:
        if right.of_account and not account:
            return Held(right=right, verdict=QuotaVerdict.UNKNOWN, said=_NO_ACCOUNT)
        status, _ = self._get(right.reads.format(zone=self._zone, account=account))
        if status in _FORBIDDEN:
            return Held(right=right, verdict=QuotaVerdict.FAIL, said=_NOTHING)
        if status != _FOUND and not (status == _NONE_YET and _PHASE in right.reads):
            return Held(right=right, verdict=QuotaVerdict.UNKNOWN, said=f"Cloudflare answered {status}")
        if not right.name.endswith("Write"):
            return Held(right=right, verdict=QuotaVerdict.OK, said="")
        said = "it may read it; that it may write, only the dashboard shows"
        return Held(right=right, verdict=QuotaVerdict.UNKNOWN, said=said)

    def _get(self, path: str) -> tuple[int, Mapping[str, Any]]:
        """The status, and the result if it is a map."""
        request = Request(f"{self._base}{path}", headers={"Authorization": f"Bearer {self._secret}"})  # noqa: S310
        try:
            with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  the address is Cloudflare's, or as said
                status, text = answer.status, answer.read()
        except HTTPError as error:
            status, text = error.code, error.read()
        except (URLError, OSError) as error:
            raise SilentError(f"Cloudflare cannot be asked: {getattr(error, 'reason', error)}") from None
        except ValueError:
            # The error's text would show the header, and with it the token.
            raise SilentError(f"Cloudflare cannot be asked: {_BASE[0]} is no address") from None
        try:
            result = json.loads(text).get("result")
        except (ValueError, AttributeError):
            result = None
        return status, result if isinstance(result, Mapping) else {}


def _allowed(policies: Sequence[Mapping[str, Any]], zone: str, account: str) -> Granted:
    """What policies allow in this zone and this account, as names of permission groups."""
    found: dict[bool, set[str]] = {False: set(), True: set()}
    for policy in policies:
        if policy.get("effect") != "allow":
            continue
        names = {str(group.get("name")) for group in policy.get("permission_groups") or ()}
        for of_account in _reached(policy.get("resources") or {}, zone, account):
            found[of_account] |= names
    return Granted(zone=frozenset(found[False]), account=frozenset(found[True]))


def _reached(resources: Mapping[str, Any], zone: str, account: str) -> Iterator[bool]:
    """Whether a policy reaches the account (True), or the zone (False): each kind that it reaches.

    A zone is named, or all are; an account's key holds `*` for itself, or a map for its zones (Cloudflare API, Create
    Token: resources).
    """
    zones = {f"{_ZONE}{zone}", f"{_ZONE}*"}
    for key, value in resources.items():
        if key in zones:
            yield False
        elif key in (f"{_ACCOUNT}{account}", f"{_ACCOUNT}*"):
            yield from (False,) if isinstance(value, Mapping) and not zones.isdisjoint(value) else ()
            yield from (True,) if value == "*" else ()


def _as(name: str, suffix: str) -> str:
    """A permission's name for reading or for writing."""
    return f"{name.removesuffix('Write').removesuffix('Read')}{suffix}"
