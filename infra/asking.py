"""Questions to AWS that an update can do without: where there is no answer, that is said, and the update goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pulumi

from infra.clients import faults, told

T = TypeVar("T")


async def answered(ask: Callable[[], T], who: str, what: str) -> T | None:
    """What `ask` returns; None where boto3 finds no credentials, or AWS does not answer.

    Args:
        ask: asks AWS, through boto3.
        who: what the question is about, as the user knows it.
        what: the question, as "whether it serves".
    """
    from botocore.exceptions import NoCredentialsError  # type: ignore[import-untyped]

    try:
        # In a thread: the program goes on meanwhile.
        return await asyncio.to_thread(ask)
    except NoCredentialsError:
        pulumi.log.info(f"{who}: not looked at {what}, as boto3 finds no AWS credentials")
    except faults() as error:
        pulumi.log.warn(f"{who}: cannot look {what}: {told(error)}")
    return None
