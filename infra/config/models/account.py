"""`ascent:account`: the AWS account, the role to assume and the permissions boundary."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from infra.config.strict import Strict


def _digits(value: object) -> object:
    """The digits as text: YAML reads twelve digits as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Account(Strict):
    """The AWS account of the stack, and the role to use there."""

    id: Annotated[str, BeforeValidator(_digits)] | None = Field(
        default=None,
        pattern=r"^[0-9]{12}$",
        description="Number of the account, twelve digits; in quotes where the first is 0. Credentials of another "
        "account are refused before anything is created.",
    )
    assume_role: str | None = Field(
        default=None,
        pattern=r"^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$",
        description="ARN of the role that the program and the commands assume for all calls to AWS.",
    )
    permissions_boundary: str | None = Field(
        default=None,
        pattern=r"^arn:aws:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]{1,512}$",
        description="ARN of the permissions boundary of every role that the stack creates.",
    )

    @model_validator(mode="after")
    def _one_account(self) -> Self:
        for key, arn in {"assumeRole": self.assume_role, "permissionsBoundary": self.permissions_boundary}.items():
            there = arn.split(":")[4] if arn else "aws"
            if self.id is not None and there not in (self.id, "aws"):
                raise PydanticCustomError(
                    "other_account",
                    "it should be in the account {id}, and is in {there}",
                    {"key": f"account.{key}", "given": arn, "id": self.id, "there": there},
                )
        return self
