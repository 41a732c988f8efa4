"""`ascent new`: writes the file of a new stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops import new_stack, stackfile
from ops.console import console, errors
from ops.doubts import doubted
from ops.errors import NO, AscentError
from ops.new_stack import Answers

RUNTIME = "ec2"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at a terminal.

    field: of the answers.
    flag: the option that answers it.
    asks: the question.
    many: whether several are given, separated by spaces.
    needed: whether the command is refused without an answer.
    """

    field: str
    flag: str
    asks: str
    many: bool = False
    needed: Callable[[Answers], bool] = lambda _: True
    asked: Callable[[Answers], bool] = lambda _: True


def _external(answers: Answers) -> bool:
    return answers.dns == "external"


QUESTIONS = (
    Question("stack", "--stack", "Name of the stack, short and for good"),
    Question("domain", "--domain", "Host name of the application, such as app.example.com"),
    Question("dns", "--dns", "DNS provider: cloudflare, route53 or external"),
    Question(
        "zone_id",
        "--zone-id",
        "Id of its zone: 32 hexadecimal digits at Cloudflare, Z... at Route 53",
        needed=lambda answers: not _external(answers),
        asked=lambda answers: not _external(answers),
    ),
    Question(
        "certificate_arn",
        "--certificate-arn",
        "ARN of a validated ACM certificate for the name",
        needed=_external,
        asked=_external,
    ),
    Question("regions", "--region", "AWS regions, the first one for good", many=True),
    Question("runtime", "--runtime", "Where it runs: ec2, kubernetes or both"),
    Question("image", "--image", "Image, for arm64 and with a tag: registry/name:1.0.0"),
    Question(
        "api_cidrs",
        "--api-cidr",
        "Ranges that reach the clusters' API, yours and your CI's",
        many=True,
        needed=lambda _: False,
        asked=lambda answers: answers.runtime in ("kubernetes", "both"),
    ),
    Question("alerts", "--alerts", "Mail addresses that receive alarms", many=True, needed=lambda _: False),
)


def new(
    *,
    stack: Annotated[str, typer.Option(help="Name of the stack; cannot be changed later.")] = "",
    domain: Annotated[str, typer.Option(help="Host name of the application.")] = "",
    dns: Annotated[str, typer.Option(help="DNS provider: cloudflare, route53 or external.")] = "",
    zone_id: Annotated[str, typer.Option(help="Zone of the name, at Cloudflare or Route 53.")] = "",
    zone: Annotated[str, typer.Option(help="Name of the zone, if it is not the registered domain.")] = "",
    certificate_arn: Annotated[str, typer.Option(help="With external DNS: an ACM certificate for the name.")] = "",
    region: Annotated[list[str] | None, typer.Option(help="AWS region; repeat it for more.")] = None,
    stage: Annotated[int, typer.Option(min=1, max=7, help="Scaling stage to begin with.")] = 1,
    runtime: Annotated[str, typer.Option(help="Where it runs: ec2, kubernetes or both. Default: ec2.")] = "",
    image: Annotated[str, typer.Option(help="Container image for arm64, with a tag or digest.")] = "",
    cidr: Annotated[str, typer.Option(help="Address range. Default: one that no other stack here has.")] = "",
    api_cidr: Annotated[list[str] | None, typer.Option(help="Range that may reach the API of the clusters.")] = None,
    account: Annotated[str, typer.Option(help="Number of the AWS account, to refuse any other.")] = "",
    alerts: Annotated[list[str] | None, typer.Option(help="Mail address that receives alarms.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; asks nothing.")] = False,
) -> None:
    """Write the file of a new stack, Pulumi.<stack>.yaml, with comments that say what to change next.

    At a terminal it asks for what no option gives. Elsewhere, or with --yes or --json, it lists what is missing and
    fails. The address range is one that no other stack of this checkout has. The file is checked offline by the code
    that reads it later. A file that exists is never overwritten.

    JSON: {stack, file, network, next, warnings}.

    Exit codes: 0 written, 1 there is such a file, 2 something is missing or not allowed.

    Examples:

        ascent new

        ascent new --stack shop --region eu-central-1 --stage 4

        ascent new --yes --stack shop --domain shop.example.org --dns route53 \
          --zone-id Z0123456789ABC --region eu-central-1 --image ghcr.io/acme/shop:1.0.0
    """
    answers = Answers(
        stack=stack,
        domain=domain,
        dns=dns,
        zone_id=zone_id or None,
        zone=zone or None,
        certificate_arn=certificate_arn or None,
        regions=tuple(region or ()),
        stage=stage,
        runtime=runtime,
        image=image,
        cidr=cidr or None,
        api_cidrs=tuple(api_cidr or ()),
        account=account or None,
        alerts=tuple(alerts or ()),
    )
    asks = _terminal() and not yes and not as_json
    if asks:
        answers = _asked(answers)
    answers = replace(answers, runtime=answers.runtime or RUNTIME)
    missing = [one for one in QUESTIONS if one.needed(answers) and not getattr(answers, one.field)]
    if missing:
        names = ", ".join(one.flag for one in missing)
        raise AscentError(f"Missing: {names}. At a terminal, without --yes, they are asked for.")
    _refuse_present(answers.stack)
    while True:
        try:
            settings, content, chosen = _checked(answers)
            break
        except SettingsError as error:
            if not asks:
                raise
            errors.print(str(error), style="red", markup=False)
            errors.print("\nPlease answer again; Enter keeps the value in brackets.", markup=False)
            answers = _asked(answers, again=True)
            _refuse_present(answers.stack)
    _write(answers.stack, settings, content, chosen, as_json=as_json)


def _terminal() -> bool:
    return sys.stdin.isatty()


def _asked(answers: Answers, *, again: bool = False) -> Answers:
    """The answers after asking for the missing ones, or with `again` for all of them."""
    for one in QUESTIONS:
        given = getattr(answers, one.field)
        if not one.asked(answers):
            nothing: dict[str, Any] = {one.field: () if one.many else None}
            answers = replace(answers, **nothing)
            continue
        if given and not again:
            continue
        before = " ".join(given) if one.many else given or ""
        default = before or (RUNTIME if one.field == "runtime" else "" if not one.needed(answers) else None)
        said = str(typer.prompt(one.asks, default=default, show_default=bool(default), err=True)).strip()
        found: dict[str, Any] = {one.field: tuple(said.replace(",", " ").split()) if one.many else said}
        answers = replace(answers, **found)
    return answers


def _refuse_present(stack: str) -> None:
    if stack in stackfile.names():
        raise AscentError(f"Pulumi.{stack}.yaml is there already, and stays as it is.", code=NO)


def _write(stack: str, settings: Settings, content: str, chosen: Mapping[str, object], *, as_json: bool) -> None:
    file = new_stack.write(stack, content)
    warnings = doubted(settings, stack)
    following = new_stack.then(settings, stack)
    if as_json:
        document = {"stack": stack, "file": file.name, "network": chosen, "next": following, "warnings": warnings}
        print(json.dumps(document, indent=2))  # noqa: T201
        return
    ranges = ", ".join(settings.ranges)
    console.print(f"Pulumi.{stack}.yaml is written, with the addresses {ranges}. Read it, then:\n", markup=False)
    for command in following:
        console.print(f"  {command}", markup=False, soft_wrap=True)
    console.print("\nThe order of the first day on an account: docs/first-account.md", markup=False)


def _checked(answers: Answers) -> tuple[Settings, str, dict[str, Any]]:
    """Settings, text and network of the new file.

    Raises:
        SettingsError: when it would be refused.
    """
    try:
        chosen = {"cidr": answers.cidr} if answers.cidr else new_stack.network(answers.regions, new_stack.taken())
    except LookupError as error:
        raise SettingsError([f"Pulumi.{answers.stack}.yaml: ascent:network: {error}: --cidr"]) from None
    content = new_stack.text(answers, chosen)
    return new_stack.checked(answers.stack, content), content, chosen
