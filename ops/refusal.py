"""How a command ends without an answer: one message for people, an exit code, and with --json one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# The answer is no; what was given, or what is asked, cannot be used; it was interrupted.
NO, UNUSABLE, INTERRUPTED = 1, 2, 130


class Refusal(Exception):  # noqa: N818  it ends a command, and is no mistake
    """Ends a command. `ops/cli.py` tells it.

    problems: a line each.
    code: the exit code.
    document: what --json prints beside it, where a part of the answer is known.
    """

    def __init__(self, *problems: str, code: int = UNUSABLE, document: Mapping[str, Any] | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems
        self.code = code
        self.document = document or {}


def refusal(error: Exception, text: str | None = None, document: Mapping[str, Any] | None = None) -> Refusal:
    """What an error ends a command with: the same error with the same code, wherever it happens.

    Args:
        error: its `code`, if it has one, is the exit code; it may have `problems`.
        text: what to say in place of the error's own text.
        document: what --json prints beside it.
    """
    problems = getattr(error, "problems", None) if text is None else None
    said = problems or [text or str(error)]
    return Refusal(*said, code=getattr(error, "code", UNUSABLE), document=document)


def sentence(error: Exception) -> str:
    """An error's text, as one reads it after nothing else."""
    text = str(error)
    return text[:1].upper() + text[1:]


def as_dict(problems: Sequence[str], code: int) -> dict[str, Any]:
    """An error as --json prints it. A problem has file, key, given and allowed where they are known."""
    listed = [{"message": str(one), **getattr(one, "parts", {})} for one in problems]
    return {"message": "\n".join(problems), "code": code, "problems": listed}
