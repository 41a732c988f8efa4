"""Clients of AWS' services, with the environment's credentials, or with those of the role that a stack says to take.

Where AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_<SERVICE> names an endpoint, that one is asked, as by every AWS SDK (AWS SDKs
and Tools Reference Guide, Service-specific endpoints).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

# A client of an AWS service in a region.
Clients = Callable[[str, str], Any]
_SESSION = "ascent"
_ENDPOINT = "AWS_ENDPOINT_URL"
_LONGEST = 400  # characters: of a page in the place of an answer, the beginning is enough


def clients(role: str | None = None, *, seconds: int | None = None) -> Clients:
    """boto3's clients, as the role `role` where one is given; the role's credentials are renewed by themselves.

    Nothing is imported and nothing asked before the first client is made: boto3 takes half a second to import. Each
    region's client takes the role in that region, as another may not answer.

    Args:
        role: ARN of a role to take.
        seconds: how long to wait for a region that may not answer, with one try; None to be patient.
    """

    def config() -> Any:
        from botocore.config import Config  # type: ignore[import-untyped]

        if seconds is None:
            return Config(retries={"mode": "standard", "max_attempts": 8})
        return Config(retries={"total_max_attempts": 1}, connect_timeout=seconds, read_timeout=seconds)

    @cache
    def client(service: str, region: str) -> Any:
        return session(region).client(service, region_name=region, config=config())

    @cache
    def session(region: str) -> Any:
        import boto3  # type: ignore[import-untyped]

        return boto3.Session(botocore_session=_as(role, region, config())) if role else boto3.Session()

    return client


def faults() -> tuple[type[Exception], ...]:
    """What a call of AWS may raise: a refusal, an error of the SDK, or the parser's at a proxy's page for an answer."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
    from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

    return (BotoCoreError, ClientError, ResponseParserError)


@contextmanager
def explained(error: Callable[[str], Exception], where: str) -> Iterator[None]:
    """Turn what AWS or the SDK says into one line.

    Args:
        error: makes the exception to raise, of its text.
        where: who was asked, such as `rds in us-east-1`.
    """
    try:
        yield
    except faults() as said:
        raise error(f"{where}: {told(said)}") from said


def told(error: Exception) -> str:
    """What AWS or the SDK says, as one line; of an endpoint that does not answer, the variable that names it, too."""
    from botocore.exceptions import ConnectionError as NoConnectionError

    url = str(error.kwargs.get("endpoint_url") or "") if isinstance(error, NoConnectionError) else ""
    # The one of a service is before the one of all.
    for name in sorted((one for one in os.environ if one.startswith(_ENDPOINT)), reverse=True):
        if os.environ[name] and url.startswith(os.environ[name].rstrip("/")):
            return f"nothing answers at {url}, which {name} names; start what should answer there, or unset {name}"
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _as(role: str, region: str, config: Any) -> Any:
    import botocore.session  # type: ignore[import-untyped]
    from botocore.credentials import (  # type: ignore[import-untyped]
        AssumeRoleCredentialFetcher,
        DeferredRefreshableCredentials,
    )
    from botocore.exceptions import NoCredentialsError

    session = botocore.session.get_session()
    own = session.get_credentials()
    if own is None:
        raise NoCredentialsError
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=partial(session.create_client, region_name=region, config=config),
        source_credentials=own,
        role_arn=role,
        extra_args={"RoleSessionName": _SESSION},
    )
    taken = botocore.session.get_session()
    taken._credentials = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)
    return taken
