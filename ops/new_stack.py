"""A new stack's file: the text, the range that it gets, and the checks that it passes before it is written."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import chain
from pathlib import Path
from typing import Any

from infra.addressing import PRIVATE, REGION_PREFIX, STACK_PREFIX, clash
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from infra.images import ECR
from ops import stackfile
from ops.config_file import read

FIRST = PRIVATE[0]  # Only this private range has room for a whole stack's range and others beside it.


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers for a new stack.

    zone_id, certificate_arn: which of the two it needs, `dns` decides.
    cidr: the range; empty to have one chosen.
    api_cidrs: ranges that may reach the API of the stack's clusters, if it has some.
    alerts: mail addresses that receive all alarms.
    """

    stack: str
    domain: str
    dns: str
    zone_id: str | None
    zone: str | None
    certificate_arn: str | None
    regions: tuple[str, ...]
    stage: int
    runtime: str
    image: str
    cidr: str | None
    api_cidrs: tuple[str, ...]
    account: str | None
    alerts: tuple[str, ...]


def taken() -> list[IPv4Network]:
    """Ranges that the stacks of this checkout have. One whose file is not usable has none."""
    return list(chain.from_iterable(_ranges(name) for name in stackfile.names()))


def _ranges(stack: str) -> Iterator[IPv4Network]:
    try:
        yield from map(IPv4Network, stackfile.settings(stack, judged=False).ranges)
    except SettingsError:
        return


def network(regions: Sequence[str], others: Iterable[IPv4Network]) -> dict[str, Any]:
    """`ascent:network` with a range that none of `others` overlaps: a whole stack's, or one for each region.

    Raises:
        LookupError: when no private range is free.
    """
    used = list(others)
    for whole in FIRST.subnets(new_prefix=STACK_PREFIX):
        if _free(whole, used):
            return {"cidr": str(whole)}
    chosen: dict[str, IPv4Network] = {}
    candidates = chain.from_iterable(one.subnets(new_prefix=REGION_PREFIX) for one in PRIVATE)
    for one in candidates:
        if len(chosen) == len(regions):
            break
        more = {**chosen, regions[len(chosen)]: one}
        if _free(one, used) and clash(more) is None:
            chosen = more
    if len(chosen) < len(regions):
        raise LookupError("the stacks of this checkout leave no private range free; give one")
    return {"cidrs": {name: str(one) for name, one in chosen.items()}}


def _free(one: IPv4Network, used: Iterable[IPv4Network]) -> bool:
    return not any(one.overlaps(other) for other in used)


def text(answers: Answers, chosen: Mapping[str, Any]) -> str:
    """The file. `chosen` is `ascent:network`."""
    stack = answers.stack
    return "\n".join(
        [
            '# Made by `ascent new`. All keys: README, "A stack\'s config". What is wrong with them is said by',
            f"# ascent plan --stack {stack}",
            "config:",
            "  # 1 to 7: what exists, and how big it is (ascent stages). To move up, later:",
            f"  # ascent transition {answers.stage} {min(answers.stage + 1, 7)} --stack {stack}",
            f"  ascent:stage: {answers.stage}",
            "  # The first one cannot be changed; the others are used from stage 7 on.",
            f"  ascent:regions: {_flow(answers.regions)}",
            "  # ec2, kubernetes or both. Can be changed later, share by share.",
            f"  ascent:runtime: {answers.runtime}",
            *_cluster(answers),
            "  # Cannot be changed. No other stack here has it; check offices and VPNs. An existing VPC can be",
            "  # used instead: docs/network.md",
            f"  ascent:network: {_flow(chosen)}",
            *_domain(answers),
            "  ascent:rollout:",
            '    # For arm64: README, "What the application gets". New versions come by:',
            f"    # ascent rollout start --stack {stack}",
            f"    blue: {{image: {_flow(answers.image)}, weight: 100}}",
            "  # What the application listens on, stores and serves: docs/application.md. The port, and the names of",
            "  # buckets and queues, before the first update. Beside the profile, for example:",
            "  #   port: 8080",
            "  #   healthPath: /up",
            "  #   buckets: {covers: {public: true, images: true}, returns: {browserUploads: true}}",
            "  #   queues: [mail]",
            "  #   hashedPaths: [/assets/]",
            "  #   environment: {LOG_LEVEL: info}",
            "  ascent:application:",
            "    profile: plain",
            *_alerts(answers),
            *_account(answers),
            "  # Next, where you want them:",
            *_registry(answers),
            "  # ascent:tags: {cost-center: platform}       # on everything at AWS that takes tags",
            "  # ascent:budget: {monthlyUsd: 400}           # else the stage's; see: ascent cost",
            "  # ascent:database: {roles: true}             # the application may change rows, and nothing else",
            "  # Secrets of the application: pulumi config set --secret --path 'ascent:appSecrets.SESSION_KEY'",
            "  # Guards what holds data or identity against deletion. To take a stack down: docs/teardown.md",
            # Last, because Pulumi moves comments after the last key out of `config` when it saves the file.
            "  ascent:protect: true",
            "",
        ]
    )


def _domain(answers: Answers) -> Iterator[str]:
    yield "  ascent:domain:"
    yield f"    name: {_flow(answers.domain)}"
    yield f"    dns: {answers.dns}  # cloudflare, route53 or external; cloudflare from stage 5 on"
    for key, value in (
        ("zoneId", answers.zone_id),
        ("zone", answers.zone),
        ("certificateArn", answers.certificate_arn),
    ):
        if value is not None:
            yield f"    {key}: {_flow(value)}"


def _cluster(answers: Answers) -> Iterator[str]:
    if answers.runtime != "ec2" or answers.api_cidrs:
        yield "  # Ranges that may reach the API of the stack's EKS clusters: your office, your CI. []: only the VPC."
        yield f"  ascent:cluster: {{apiCidrs: {_flow(answers.api_cidrs)}}}"


def _alerts(answers: Answers) -> Iterator[str]:
    if answers.alerts:
        yield "  # warning: for the working day. critical: pages a person. Slack, and more: docs/alarms.md"
        yield f"  ascent:alerts: {{warning: {_flow(answers.alerts)}, critical: {_flow(answers.alerts)}}}"
    else:
        yield "  # Alarms have no recipients yet: docs/alarms.md"
        yield "  # ascent:alerts: {warning: [platform@example.com], critical: [on-call@example.com]}"


def _account(answers: Answers) -> Iterator[str]:
    if answers.account is not None:
        yield "  # Credentials of another account are refused."
        yield f"  ascent:account: {{id: {_flow(answers.account)}}}"
    else:
        yield "  # With its number, credentials of another account are refused:"
        yield '  # ascent:account: {id: "123456789012"}'


def _registry(answers: Answers) -> Iterator[str]:
    ecr = ECR.match(answers.image)
    if ecr is not None:
        yield f"  # ascent:registry: {{repositories: [{ecr['path']}]}}   # if the stack is to make the repository"
    elif not answers.image.startswith("public.ecr.aws/"):
        yield "  # A private registry needs a log-in: docs/images.md"


def _flow(value: object) -> str:
    """As JSON, which YAML reads as the same: digits stay text, and nothing is taken for a comment."""
    return json.dumps(value)


def checked(stack: str, content: str) -> Settings:
    """Settings of a file that is not there yet, read as it will be.

    Raises:
        SettingsError: when it would be refused.
    """
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "new.yaml"
        file.write_text(content, encoding="utf-8")
        found = read(file, stackfile.PROJECT)["config"]
    own = f"{stackfile.PROJECT}:"
    return stackfile.read({key.removeprefix(own): value for key, value in found.items()}, f"Pulumi.{stack}.yaml")


def write(stack: str, content: str) -> Path:
    """Write the file.

    Raises:
        FileExistsError: when there is one, which stays as it is.
    """
    path = stackfile.ROOT / f"Pulumi.{stack}.yaml"
    with path.open("x", encoding="utf-8") as file:
        file.write(content)
    return path


def then(settings: Settings, stack: str) -> list[str]:
    """The next commands, in order."""
    return [
        f"./ascent plan --stack {stack}",
        f"./ascent cost --stack {stack}",
        f"make preview STACK={stack}",
        f"./ascent doctor --stack {stack}",
        "pulumi login s3://YOUR-BUCKET",
        f'pulumi stack init {stack} --secrets-provider "awskms://alias/YOUR-KEY?region={settings.home}"',
        f"pulumi preview --stack {stack} --policy-pack policy/pulumi-analyzer-ascent",
    ]
