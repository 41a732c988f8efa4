"""What an instance runs when it boots: Docker with the application's container, and the CloudWatch agent."""

from __future__ import annotations

import base64
import json
import shlex
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from infra.thresholds import APP_PORT, APP_STOP_GRACE, BOOT_RETRY

# AWS refuses more: EC2 API reference, RunInstances.
LARGEST = 16_384


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """A container that an instance runs.

    image: image with a tag or digest.
    region: AWS region of the instance.
    registry, registry_region: host and region of a private ECR registry to log in to, or None.
    secret_arn: Secrets Manager secret, a JSON object of environment variables.
    log_group: CloudWatch log group of its output.
    environment: its environment variables that are no secrets.
    """

    image: str
    region: str
    registry: str | None
    registry_region: str | None
    secret_arn: str
    log_group: str
    environment: Mapping[str, str]


# EC2 cannot see how much memory an instance uses. One metric per autoscaling group, not one per instance: each costs.
MEMORY_METRIC = "mem_used_percent"
_AGENT = json.dumps(
    {
        "metrics": {
            "append_dimensions": {"AutoScalingGroupName": "${aws:AutoScalingGroupName}"},
            "aggregation_dimensions": [["AutoScalingGroupName"]],
            "metrics_collected": {"mem": {"measurement": [MEMORY_METRIC], "drop_original_metrics": [MEMORY_METRIC]}},
        }
    }
)

# The secret lives in the memory of this process and of Docker alone: it fetches, then becomes the docker client, which
# takes each variable by name from its own environment. No value is an argument, and none is written here.
_RUNNER = """\
#!/usr/bin/python3
import json, os, subprocess

fetched = subprocess.run(
    ["aws", "secretsmanager", "get-secret-value", "--region", {region!r}, "--secret-id", {secret_arn!r},
     "--query", "SecretString", "--output", "text"],
    check=True, capture_output=True, text=True,
)
variables = {{**{environment!r}, **json.loads(fetched.stdout)}}
command = ["docker", "run", "--rm", "--init", "--name", "app", "--publish", "{port}:{port}",
           "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
           "--log-driver", "awslogs", "--log-opt", "awslogs-region=" + {region!r},
           "--log-opt", "awslogs-group=" + {log_group!r}, "--log-opt", "mode=non-blocking"]
for name in sorted(variables):
    command += ["--env", name]
os.execvpe("docker", command + [{image!r}], {{**os.environ, **variables}})
"""

_UNIT = """\
[Unit]
Description=The application's container
Requires=docker.service
After=docker.service network-online.target

[Service]
ExecStartPre=-/usr/bin/docker rm --force app
{login}ExecStartPre=/usr/bin/docker pull --quiet {image}
ExecStart=/usr/local/bin/run-app
ExecStop=/usr/bin/docker stop --time {grace} app
TimeoutStartSec=infinity
Restart=always
RestartSec={retry}

[Install]
WantedBy=multi-user.target
"""

_LOGIN = (
    "ExecStartPre=/bin/sh -c 'aws ecr get-login-password --region {region} "
    "| docker login --username AWS --password-stdin {registry}'\n"
)

_SCRIPT = """\
#!/bin/bash
set -euo pipefail
dnf install --assumeyes --quiet docker amazon-cloudwatch-agent
install -m 0755 /dev/stdin /usr/local/bin/run-app <<'RUNNER'
{runner}RUNNER
install -m 0644 /dev/stdin /etc/systemd/system/app.service <<'UNIT'
{unit}UNIT
systemctl daemon-reload
systemctl enable --now docker.service app.service --no-block
install -m 0644 /dev/stdin /opt/aws/amazon-cloudwatch-agent/etc/memory.json <<'AGENT'
{agent}
AGENT
# Last, and without a say: an instance that cannot be measured still serves.
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
  -c file:/opt/aws/amazon-cloudwatch-agent/etc/memory.json || true
"""


def script(container: Container) -> str:
    """The boot script.

    Raises:
        ValueError: when it is longer than EC2 takes.
    """
    login = _LOGIN.format(region=container.registry_region, registry=container.registry) if container.registry else ""
    unit = _UNIT.format(
        login=login, image=shlex.quote(container.image), grace=APP_STOP_GRACE.value, retry=BOOT_RETRY.value
    )
    runner = _RUNNER.format(
        region=container.region,
        secret_arn=container.secret_arn,
        environment=dict(container.environment),
        port=APP_PORT.value,
        log_group=container.log_group,
        image=container.image,
    )
    text = textwrap.dedent(_SCRIPT).format(runner=runner, unit=unit, agent=_AGENT)
    if len(text.encode()) > LARGEST:
        raise ValueError(f"the boot script has {len(text.encode())} bytes; EC2 takes {LARGEST}")
    return text


def encoded(container: Container) -> str:
    """The boot script as launch templates take it."""
    return base64.b64encode(script(container).encode()).decode()
