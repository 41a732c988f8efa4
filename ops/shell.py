"""Pieces of the commands that are printed for people to type."""

from __future__ import annotations


def aws_query(command: str, query: str) -> str:
    """A call of the AWS CLI in `$(…)`, for use inside another command, so that no ARN or ID has to be filled in.

    Args:
        command: of the AWS CLI, without its name.
        query: JMESPath of the wanted part of the answer, with single quotes.
    """
    return f'$(aws {command} --output text --query "{query}")'
