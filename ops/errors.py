"""How a command ends without an answer: one message for people, an exit code, and with --json one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# The answer is no; the input is not usable, or what is asked does not answer; interrupted.
NO, UNUSABLE, INTERRUPTED = 1, 2, 130


class AscentError(Exception):
    """Ends a command. `ops/cli.py` prints it.

    problems: a line each.
    code: the exit code.
    document: what --json prints beside it, where a part of the answer is known.
    """

    def __init__(self, *problems: str, code: int = UNUSABLE, document: Mapping[str, Any] | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems
        self.code = code
        self.document = document or {}


def ascent_error(error: Exception, text: str | None = None, document: Mapping[str, Any] | None = None) -> AscentError:
    """The AscentError for another error, so that the same error has the same exit code in every command.

    Args:
        error: its `code`, if it has one, is the exit code; it may have `problems`.
        text: the message, in place of the error's own.
        document: what --json prints beside it.
    """
    problems = getattr(error, "problems", None) if text is None else None
    said = problems or [text or str(error)]
    return AscentError(*said, code=getattr(error, "code", UNUSABLE), document=document)


def sentence(error: Exception) -> str:
    """An error's text with a capital letter, to stand as a sentence of its own."""
    text = str(error)
    return text[:1].upper() + text[1:]


def as_dict(problems: Sequence[str], code: int) -> dict[str, Any]:
    """An error as --json prints it. A problem has file, key, given and allowed where they are known."""
    listed = [{"message": str(one), **getattr(one, "parts", {})} for one in problems]
    return {"message": "\n".join(problems), "code": code, "problems": listed}
