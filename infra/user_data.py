"""What an instance runs when it boots: Docker with the application's container, and the CloudWatch agent.

The files in `infra/boot` as they are, and one with what this instance is to run.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.application import Application
from infra.thresholds import (
    APP_STOP_GRACE,
    HEALTH_TIMEOUT,
    INSTANCE_LOOK,
    LOG_BUFFER,
    POD_SCRATCH,
    POD_USER,
    WORKER_LOOKS,
    WORKER_PATIENCE,
    WORKER_STOP_GRACE,
)

_BOOT_RETRY = 10  # seconds: between two tries to start the container
_BOOT_TRIES = 30  # starts: five minutes of tries at least, which most brown-outs of others take
_BOOT_WINDOW = 900  # seconds: so many starts within it, and the instance is replaced
_APP_START = 600  # seconds: an image of a few GB; within the limit of a launch

# AWS refuses more: EC2 API reference, RunInstances.
LARGEST = 16_384
# Names of the lifecycle hooks, unique within a group.
LAUNCH_HOOK, END_HOOK = "ascent-launch", "ascent-end"
WEB, WORKER, JOB = "web", "worker", "job"
# EC2, instance metadata: the IPv4 address of the service.
METADATA = "http://169.254.169.254"
# systemd kills what is still there so many seconds after the container's own time to stop.
_MARGIN = 15
_BOOT = Path(__file__).parent / "boot"
_QUOTES = '"""'
# A bucket's name; a queue's URL with a name of 80; an ARN; all other variables together, of which there are twenty.
_LONGEST_BUCKET, _LONGEST_URL, _LONGEST_ARN, _OTHERS = 63, 140, 120, 700


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerRegistry:
    """A container registry.

    host: its host; docker.io for Docker Hub.
    region: region of a private ECR registry, where the instance's role logs in.
    secret_arn: of any other, the Secrets Manager secret with the log-in, a JSON object of `username` and `password`.
    """

    host: str
    region: str | None = None
    secret_arn: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """A container that an instance runs.

    role: `web`, or `worker` for one that takes jobs, and is given the time to finish the one it is at.
    image: image with a tag or digest.
    region: AWS region of the instance.
    registry: the registry to log in to, or None.
    secret_arn: Secrets Manager secret, a JSON object of environment variables.
    log_group: CloudWatch log group of its output.
    environment: its environment variables that are no secrets.
    port: where it listens.
    health_path: what it answers with 200 while it works.
    """

    role: str
    image: str
    region: str
    registry: ContainerRegistry | None
    secret_arn: str
    log_group: str
    environment: Mapping[str, str]
    port: int
    health_path: str


# EC2 cannot see how much memory an instance uses. One metric per autoscaling group, not one per instance: each costs.
# All instances publish under the group's name alone: with append_dimensions, the agent leaves the host out
# (amazon-cloudwatch-agent, ec2tagger). Aggregating or dropping would leave nothing.
MEMORY_METRIC = "mem_used_percent"
_AGENT = {
    "metrics": {
        "append_dimensions": {"AutoScalingGroupName": "${aws:AutoScalingGroupName}"},
        "metrics_collected": {"mem": {"measurement": [MEMORY_METRIC]}},
    }
}


def script(container: Container, root: str = "") -> str:
    """The boot script.

    Args:
        container: what the instance runs.
        root: directory that all files go below; the instance's own root where left out.

    Raises:
        ValueError: when it is longer than EC2 takes.
    """
    text = _text(container, root)
    if len(text.encode()) > LARGEST:
        raise ValueError(f"the boot script has {len(text.encode())} bytes; EC2 takes {LARGEST}")
    return text


def _text(container: Container, root: str) -> str:
    files = {
        "etc/ascent/instance.json": (0o644, json.dumps(_config(container, root), sort_keys=True) + "\n"),
        "etc/ascent/agent.json": (0o644, json.dumps(_AGENT) + "\n"),
        "usr/local/bin/ascent-instance": (0o755, lean((_BOOT / "instance.py").read_text())),
        "etc/systemd/system/app.service": (0o644, _unit("app.service", container, root)),
        "etc/systemd/system/ascent-instance.service": (0o644, _unit("ascent-instance.service", container, root)),
    }
    parts = ["#!/bin/bash\nset -euo pipefail\n", f"root='{root}'\n"]
    parts += [_written(path, mode, text) for path, (mode, text) in files.items()]
    return "".join([*parts, lean((_BOOT / "boot.sh").read_text())])


def boot_size(application: Application) -> int:
    """Bytes that the boot script of an application has at most, with the longest names and values of the platform's."""
    buckets = json.dumps(dict.fromkeys(application.buckets, "b" * _LONGEST_BUCKET))
    queues = json.dumps(dict.fromkeys(application.queues, "u" * _LONGEST_URL))
    ours = {"BUCKETS": buckets, "READER_BUCKETS": buckets, "QUEUE_URLS": queues, "OTHERS": "x" * _OTHERS}
    renamed = application.renamed({**application.environment, **ours})
    filler = "x" * _LONGEST_ARN
    container = Container(
        role=WORKER,
        image="i" * _LONGEST_ARN,
        region="ap-southeast-2",
        registry=ContainerRegistry(host="h" * _LONGEST_BUCKET, region="ap-southeast-2", secret_arn=filler),
        secret_arn=filler,
        log_group=filler,
        environment=renamed,
        port=application.port,
        health_path=application.health_path,
    )
    return len(_text(container, "").encode())


def encoded(container: Container) -> str:
    """The boot script as launch templates take it."""
    return base64.b64encode(script(container).encode()).decode()


def stop_grace(role: str) -> int:
    """Seconds that a container gets to stop: to answer its last requests, or to finish the job it is at."""
    return (WORKER_STOP_GRACE if role == WORKER else APP_STOP_GRACE).value


def _written(path: str, mode: int, text: str) -> str:
    """Shell that writes a file, with nothing in it expanded."""
    return f"install -D -m {mode:04o} /dev/stdin \"$root/{path}\" <<'ASCENT'\n{text}ASCENT\n"


def _config(container: Container, root: str) -> dict[str, Any]:
    """What `infra/boot` reads on the instance. Nothing in it is secret."""
    return {
        "role": container.role,
        "image": container.image,
        "region": container.region,
        "registry": asdict(container.registry) if container.registry else None,
        "secret_arn": container.secret_arn,
        "log_group": container.log_group,
        "log_buffer_mib": LOG_BUFFER.value,
        "environment": dict(container.environment),
        "port": container.port,
        "user": POD_USER.value,
        "scratch_mib": POD_SCRATCH.value,
        "stop_grace": stop_grace(container.role),
        "health_path": container.health_path,
        "health_timeout": HEALTH_TIMEOUT.value,
        "look_seconds": INSTANCE_LOOK.value,
        "patience_looks": WORKER_PATIENCE.value,
        "steady_looks": WORKER_LOOKS.value,
        "launch_hook": LAUNCH_HOOK,
        "end_hook": END_HOOK if container.role == WORKER else None,
        # A tmpfs, in memory: gone when the instance stops.
        "memory": f"{root}/run/ascent",
        "metadata": METADATA,
    }


def _unit(name: str, container: Container, root: str) -> str:
    """A systemd unit, with its placeholders filled in."""
    grace = stop_grace(container.role)
    values = {
        "root": root,
        "window": _BOOT_WINDOW,
        "tries": _BOOT_TRIES,
        "retry": _BOOT_RETRY,
        "start": _APP_START,
        "grace": grace,
        "stop": grace + _MARGIN,
    }
    text = lean((_BOOT / name).read_text())
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def lean(text: str) -> str:
    """A file of `infra/boot` without what only people read: docstrings, comments and empty lines. EC2 counts bytes.

    Not compressed, because other versions of a library would compress to other bytes, and refresh the fleet by that.
    """
    kept, inside = [], False
    for number, line in enumerate(text.splitlines()):
        bare = line.strip()
        if inside or bare.startswith(_QUOTES):
            inside = not (bare.endswith(_QUOTES) and (inside or len(bare) > len(_QUOTES)))
        elif bare and (number == 0 or not bare.startswith("#")):
            kept.append(line)
    return "\n".join(kept) + "\n"
