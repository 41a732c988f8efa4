"""Credentials of AWS for a job that takes longer than they last: a `credential_process` of the AWS SDKs.

SDKs run it whenever theirs are about to expire (AWS SDKs and Tools Reference Guide, Process credential provider).
GitHub gives a running job as many identity tokens as it asks for (GitHub Docs, OpenID Connect reference), each for
minutes, and AWS gives an hour's credentials for one. Credentials that stand in the environment instead end with their
hour: nothing renews them (aws-actions/configure-aws-credentials issue 359).

Nothing is kept: what is printed goes to the SDK alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from datetime import UTC
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore import UNSIGNED  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

AUDIENCE = "sts.amazonaws.com"
# All tries within the minute that an SDK waits (aws-sdk-go-v2, credentials/processcreds: DefaultTimeout).
SECONDS = 10
PAUSES = (2, None)  # seconds after each try; None after the last


def main() -> int:
    """Print credentials of the role in ASCENT_ROLE. Exit code 1 with the reason where there are none."""
    for pause in PAUSES:
        try:
            given = _given()
            break
        except KeyError as error:
            return _none(f"{error.args[0]} is not set, or not in the answer")
        except (OSError, ValueError, BotoCoreError, ClientError) as error:
            if pause is None:
                return _none(str(error))
            time.sleep(pause)
    printed = {
        "Version": 1,
        **{key: given[key] for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")},
        "Expiration": given["Expiration"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    sys.stdout.write(json.dumps(printed))
    return 0


def _given() -> Any:
    """Credentials of the role."""
    role, region = os.environ["ASCENT_ROLE"], os.environ["AWS_REGION"]
    token = _token(os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"], os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
    # The token is what proves who asks: there is nothing to sign with yet.
    config = Config(
        signature_version=UNSIGNED, connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1}
    )
    sts = boto3.client("sts", region_name=region, config=config)
    session = f"ascent-{os.environ.get('GITHUB_RUN_ID', 'job')}"
    asked = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName=session, WebIdentityToken=token)
    return asked["Credentials"]


def _none(why: str) -> int:
    sys.stderr.write(f"no credentials: {why}\n")
    return 1


def _token(url: str, bearer: str) -> str:
    request = urllib.request.Request(  # noqa: S310  an address that GitHub gives
        f"{url}&audience={AUDIENCE}", headers={"Authorization": f"Bearer {bearer}"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return str(json.load(answer)["value"])


if __name__ == "__main__":
    sys.exit(main())
