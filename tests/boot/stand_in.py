"""What an instance calls, recorded: dnf, aws, docker, systemctl and the CloudWatch agent, by the name it is called by.

Each call is a process of its own. What it answers is in the directory of its machine, which `tests/boot/machine.py`
writes: one file for each thing that is there, or that does not answer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

HERE = Path(os.environ["ASCENT_TEST_MACHINE"])


def main(name: str, arguments: list[str]) -> int:
    given = sys.stdin.read() if "--password-stdin" in arguments or name == "told" else ""
    secrets = {key: value for key, value in os.environ.items() if key.startswith("APP_")}
    with (HERE / "calls").open("a", encoding="utf-8") as calls:
        line = {"name": name, "arguments": arguments, "given": given, "environment": secrets}
        calls.write(json.dumps(line) + "\n")
    return {"dnf": dnf, "aws": aws, "docker": docker, "systemctl": systemctl}.get(name, fine)(arguments)


def down(what: str) -> bool:
    """Whether something does not answer: `secretsmanager`, `registry`, `packages`, `autoscaling`."""
    return (HERE / "down" / what).exists()


def fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


def fine(_: list[str]) -> int:
    return 0


def dnf(arguments: list[str]) -> int:
    if down("packages"):
        return fail("Error: Failed to download metadata for repo 'amazonlinux'")
    for package in arguments[3:]:
        where = HERE / "bin" / "docker" if package == "docker" else Path(os.environ["ASCENT_TEST_AGENT"])
        where.parent.mkdir(parents=True, exist_ok=True)
        where.symlink_to(HERE / "stand-in")
    return 0


def aws(arguments: list[str]) -> int:
    service, operation = arguments[:2]
    if down(service):
        return fail(f"Could not connect to the endpoint URL of {service}")
    if operation == "get-secret-value":
        arn = arguments[arguments.index("--secret-id") + 1]
        print(json.dumps((HERE / "secrets" / arn).read_text(encoding="utf-8")))
    elif operation == "get-login-password":
        print("made-up-token")
    elif operation == "describe-auto-scaling-instances":
        state = HERE / "lifecycle"
        print(json.dumps(["fleet", state.read_text(encoding="utf-8")] if state.exists() else None))
    return 0


def docker(arguments: list[str]) -> int:
    if arguments[0] == "--config":
        (Path(arguments[1])).mkdir(parents=True, exist_ok=True)
        arguments = arguments[2:]
    image = HERE / "images" / arguments[-1].replace("/", "_")
    if arguments[0] == "image":
        return 0 if image.exists() else fail("Error: No such image")
    if arguments[0] in ("pull", "login") and down("registry"):
        return fail("Error response from daemon: no basic auth credentials")
    if arguments[0] == "pull":
        image.touch()
    if arguments[0] == "inspect":
        container = HERE / "container"
        if not container.exists():
            return fail("No such object: app")
        print(container.read_text(encoding="utf-8"))
    return 0


def systemctl(arguments: list[str]) -> int:
    if arguments[0] == "is-failed":
        return 0 if (HERE / "failed").exists() else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).name, sys.argv[1:]))
