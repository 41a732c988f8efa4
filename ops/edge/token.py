"""Whether a token has the rights that a stack needs, as far as Cloudflare tells the token itself.

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
from ops.quotas.judge import Verdict

VARIABLE = "CLOUDFLARE_API_TOKEN"
# As the provider takes it: Cloudflare's Terraform provider, base_url.
_BASE = "CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4"
_PATIENCE = 20  # seconds
_READABLE = (200, 404)  # 404: there are no rules of the phase yet
_FORBIDDEN = (401, 403)
_NOTHING, _NO_ACCOUNT = "it may not even read it", "it may not read the zone, which knows the account"
_REFUSED = (400, 401, 403)  # what verifying answers for a token that is none of the kind


class TokenError(Exception):
    """The token is not valid. The text says so."""


class SilentError(Exception):
    """Cloudflare cannot be asked. The text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What is known of a right."""

    right: Right
    verdict: Verdict
    said: str

    def as_dict(self) -> dict[str, object]:
        """As `ascent doctor --json` prints it."""
        of = "account" if self.right.of_account else "zone"
        shown = {"permission": self.right.name, "of": of, "for": self.right.purpose}
        return {"verdict": self.verdict.value, **shown, "why": self.said}


class Token:
    """A token, and what it says of itself."""

    def __init__(self, secret: str, zone: str) -> None:
        self._secret, self._zone = secret, zone
        self._base = os.environ.get(_BASE[0]) or _BASE[1]

    def held(self, rights: Sequence[Right]) -> list[Held]:
        """What is known of each right, those that are missing first.

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
        return sorted(found, key=lambda one: list(Verdict).index(one.verdict))

    def _granted(self, account: str) -> set[str] | None:
        """The names of all that it may do to the zone and its account, or None where it is not told."""
        for owner in ("/user", f"/accounts/{account}") if account else ("/user",):
            status, own = self._get(f"{owner}/tokens/verify")
            if status in _REFUSED:
                # A token of the account is none of a user's, and the other way round.
                continue
            if own.get("status") != "active":
                raise TokenError(f"{VARIABLE} is {own.get('status', 'not known')} at Cloudflare; make a new one")
            status, shown = self._get(f"{owner}/tokens/{own.get('id')}")
            policies = shown.get("policies")
            places = tuple(one for one in (self._zone, account) if one)
            return set(_names(policies, places)) if status in _READABLE and policies else None
        if not account:
            # One of an account that may not read the zone cannot be verified, and may still have rights.
            return None
        raise TokenError(f"Cloudflare does not know {VARIABLE}; make a new one")

    def _by_name(self, right: Right, granted: set[str]) -> Held:
        if right.name in granted:
            return Held(right=right, verdict=Verdict.OK, said="")
        reads = right.name.removesuffix("Write") + "Read"
        said = "it may read alone, which is enough for previews" if reads in granted else "it does not have it"
        return Held(right=right, verdict=Verdict.FAIL, said=said)

    def _by_reading(self, right: Right, account: str) -> Held:
        if right.of_account and not account:
            return Held(right=right, verdict=Verdict.UNKNOWN, said=_NO_ACCOUNT)
        status, _ = self._get(right.reads.format(zone=self._zone, account=account))
        if status in _FORBIDDEN:
            return Held(right=right, verdict=Verdict.FAIL, said=_NOTHING)
        if status not in _READABLE:
            return Held(right=right, verdict=Verdict.UNKNOWN, said=f"Cloudflare answered {status}")
        if not right.name.endswith("Write"):
            return Held(right=right, verdict=Verdict.OK, said="")
        said = "it may read it; that it may write, only the dashboard shows"
        return Held(right=right, verdict=Verdict.UNKNOWN, said=said)

    def _get(self, path: str) -> tuple[int, Mapping[str, Any]]:
        """The status, and the result if it is a map."""
        request = Request(f"{self._base}{path}", headers={"Authorization": f"Bearer {self._secret}"})  # noqa: S310
        try:
            with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  the address is Cloudflare's, or as said
                status, text = answer.status, answer.read()
        except HTTPError as error:
            status, text = error.code, error.read()
        except (URLError, OSError, ValueError) as error:
            raise SilentError(f"Cloudflare cannot be asked: {getattr(error, 'reason', error)}") from None
        try:
            result = json.loads(text).get("result")
        except (ValueError, AttributeError):
            result = None
        return status, result if isinstance(result, Mapping) else {}


def _names(policies: Sequence[Mapping[str, Any]], places: tuple[str, ...]) -> Iterator[str]:
    """Names of what policies allow in one of these zones and accounts, or in all."""
    for policy in policies:
        keys = [*_keys(policy.get("resources") or {})]
        if policy.get("effect") == "allow" and any(key.endswith("*") or key.endswith(places) for key in keys):
            yield from (str(group.get("name")) for group in policy.get("permission_groups") or ())


def _keys(resources: Mapping[str, Any]) -> Iterator[str]:
    """All keys, also of maps within maps."""
    for key, value in resources.items():
        yield str(key)
        if isinstance(value, Mapping):
            yield from _keys(value)
