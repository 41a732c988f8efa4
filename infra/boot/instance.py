#!/usr/bin/python3
"""What an instance does for its application: `ascent-instance COMMAND CONFIG`.

fetch   gets the secret's newest value, and the image where it is not there yet
run     becomes the container
watch   reports to EC2 Auto Scaling: that the application answers, that it does not, that its last job is done
fail    gives the instance up

What is on the machine is enough to start again, also while the registry or Secrets Manager does not answer. Secrets are
kept in memory (a tmpfs), for root alone, and are no arguments. Docker itself keeps the environment of a container in
files that root alone reads, on the encrypted volume, until the container ends.

A launch waits until the application answers. An instance whose application does not come up is given up, and one whose
application fails for good later is reported as unhealthy.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TRIES, GOOD_ENOUGH, SECONDS, MIB = 3, 2, 30, 1024 * 1024
# What `docker login` means without a host.
HUB = "docker.io"


# A command failed. The text is what it said last, and no secret.
class Error(Exception):
    pass


class Instance:
    """This instance. `config` is what `infra/user_data.py` wrote."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.memory = Path(config["memory"])
        self.secret = self.memory / "secret.json"
        # There once it is in service. Memory is gone after a stop, as in a warm pool: then it proves itself again.
        self.proof = self.memory / "in-service"
        self.container, self.steady = "", 0
        self.memory.mkdir(mode=0o700, parents=True, exist_ok=True)

    # Starting the application

    def fetch(self) -> None:
        try:
            values = self.ask_secret(self.config["secret_arn"])
            write(self.secret, json.dumps(values))
        except Error as error:
            if not self.secret.exists():
                sys.exit(f"no secret, and none from before: {error}")
            say(f"keeping the secret from before: {error}")
        try:
            # The same tag or digest is the same image: nothing has to be asked.
            self.docker("image", "inspect", self.config["image"])
        except Error:
            self.pull()

    def ask_secret(self, arn: str) -> dict[str, Any]:
        line = ["secretsmanager", "get-secret-value", "--secret-id", arn, "--query", "SecretString"]
        try:
            return dict(json.loads(json.loads(self.aws(*line))))
        except (TypeError, ValueError):
            # Without the words of the parser, which could quote the value.
            raise Error("the secret is no JSON object") from None

    def pull(self) -> None:
        for pause in [*(2**count for count in range(1, TRIES)), 0]:
            try:
                self.log_in()
            except Error as error:
                say(f"no log-in at the registry: {error}")
            try:
                self.docker("pull", "--quiet", self.config["image"], seconds=None)
            except Error as error:
                say(f"no image: {error}")
                time.sleep(pause)
            else:
                return
        sys.exit(f"no image {self.config['image']}, and none from before")

    def log_in(self) -> None:
        registry = self.config["registry"]
        if not registry:
            return
        if registry["secret_arn"]:
            own = self.ask_secret(registry["secret_arn"])
            user, password = own["username"], own["password"]
        else:
            user = "AWS"
            password = self.aws("ecr", "get-login-password", region=registry["region"], output="text")
        where = [] if registry["host"] == HUB else [registry["host"]]
        self.docker("login", "--username", user, "--password-stdin", *where, given=password)

    def run(self) -> None:
        """The docker client takes each variable by name from its own environment."""
        variables = {**self.config["environment"], **json.loads(self.secret.read_text(encoding="utf-8"))}
        os.execvpe("docker", ["docker", *self.container_of(variables)], {**os.environ, **variables})

    def container_of(self, variables: dict[str, Any]) -> list[str]:
        """Arguments of a container with the rights, and the one writable place, that a pod has."""
        config = self.config
        port, user, scratch = config["port"], config["user"], config["scratch_mib"] * MIB
        line = ["run", "--rm", "--init", "--name", "app", "--publish", f"{port}:{port}", "--user", f"{user}:{user}"]
        line += ["--read-only", "--tmpfs", f"/tmp:rw,exec,mode=1777,size={scratch}", "--cap-drop", "ALL"]
        line += ["--security-opt", "no-new-privileges", "--stop-timeout", str(config["stop_grace"])]
        logs = {
            "awslogs-region": config["region"],
            "awslogs-group": config["log_group"],
            # Another one at each start: two containers cannot share a stream.
            "awslogs-stream": f"{self.metadata('instance-id')}/{int(time.time())}",
            "mode": "non-blocking",
            "max-buffer-size": f"{config['log_buffer_mib']}m",
            # Docker's own copy, for `docker logs`, would be on the disk.
            "cache-disabled": "true",
        }
        line += ["--log-driver", "awslogs"]
        for key, value in logs.items():
            line += ["--log-opt", f"{key}={value}"]
        for name in sorted(variables):
            line += ["--env", name]
        return [*line, config["image"]]

    # Reporting to EC2 Auto Scaling

    def watch(self) -> None:
        good = bad = 0
        while True:
            good, bad = (good + 1, 0) if self.healthy() else (0, bad + 1)
            try:
                self.report(good, bad)
            except Error as error:
                say(f"trying again: {error}")
            time.sleep(self.config["look_seconds"])

    def report(self, good: int, bad: int) -> None:
        """Act on how often in a row the application answered, or did not."""
        if not self.proof.exists():
            if good >= GOOD_ENOUGH:
                self.enter()
            elif self.gave_up():
                self.fail()
        elif self.leaving():
            self.leave()
        elif self.gave_up() or (self.works() and bad >= self.config["patience_looks"]):
            # That a web instance does not answer, its load balancer sees.
            self.fail()

    def enter(self) -> None:
        """Complete the launch that waits for this instance. Once Auto Scaling has it in service, that is over."""
        group, state = self.state()
        if state.endswith("Pending:Wait"):
            self.complete(group, "launch_hook", "CONTINUE")
        elif group and "Pending" not in state:
            say(f"{state} in {group}")
            write(self.proof, "")

    def fail(self) -> None:
        """Have this instance replaced."""
        group, state = self.state()
        if state.endswith("Pending:Wait"):
            self.complete(group, "launch_hook", "ABANDON")
        elif group:
            say("unhealthy")
            line = ["set-instance-health", "--health-status", "Unhealthy", "--no-should-respect-grace-period"]
            self.aws("autoscaling", *line, "--instance-id", self.metadata("instance-id"))

    def leaving(self) -> bool:
        return self.works() and self.metadata("autoscaling/target-lifecycle-state") == "Terminated"

    def leave(self) -> None:
        """Let a worker finish the job it is at, then let the instance go."""
        subprocess.run(["systemctl", "stop", "app.service"], check=False)
        group, state = self.state()
        if state == "Terminating:Wait":
            self.complete(group, "end_hook", "CONTINUE")

    def works(self) -> bool:
        return bool(self.config["end_hook"])

    def healthy(self) -> bool:
        """Whether the application answers. A worker need not listen: then its container has to stay the same one."""
        url = f"http://127.0.0.1:{self.config['port']}{self.config['health_path']}"
        try:
            with urllib.request.urlopen(url, timeout=self.config["health_timeout"]) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return False
        except (OSError, http.client.HTTPException) as error:
            # Docker's proxy takes the connection for the container, and closes it where nothing listens behind.
            refused = isinstance(getattr(error, "reason", error), ConnectionError)
            return bool(self.works() and refused and self.stays())

    def stays(self) -> bool:
        try:
            found = self.docker("inspect", "--format", "{{.State.Running}} {{.Id}}", "app")
        except Error:
            found = ""
        self.steady = self.steady + 1 if found.startswith("true ") and found == self.container else 0
        self.container = found
        return self.steady >= int(self.config["steady_looks"])

    def gave_up(self) -> bool:
        """Whether systemd did: the container was started as often as its unit allows."""
        return subprocess.run(["systemctl", "is-failed", "--quiet", "app.service"], check=False).returncode == 0

    def state(self) -> tuple[str, str]:
        """The instance's group and LifecycleState; empty where Auto Scaling does not know it."""
        query = "AutoScalingInstances[0].[AutoScalingGroupName,LifecycleState]"
        line = ["describe-auto-scaling-instances", "--instance-ids", self.metadata("instance-id"), "--query", query]
        found = json.loads(self.aws("autoscaling", *line))
        return (found[0], found[1]) if found else ("", "")

    def complete(self, group: str, hook: str, result: str) -> None:
        say(f"{hook}: {result}")
        line = ["complete-lifecycle-action", "--lifecycle-hook-name", self.config[hook], "--auto-scaling-group-name"]
        line += [group, "--lifecycle-action-result", result, "--instance-id", self.metadata("instance-id")]
        self.aws("autoscaling", *line)

    # Asking others

    def aws(self, *arguments: str, region: str = "", output: str = "json") -> str:
        where = ["--region", region or self.config["region"], "--output", output]
        return told("aws", *arguments, *where, "--cli-connect-timeout", "5", "--cli-read-timeout", "20")

    def docker(self, *arguments: str, given: str = "", seconds: int | None = 2 * SECONDS) -> str:
        # Docker writes down what it logs in with: into memory as well.
        return told("docker", "--config", str(self.memory / "docker"), *arguments, given=given, seconds=seconds)

    def metadata(self, path: str) -> str:
        """What the instance metadata service says."""
        base = self.config["metadata"] + "/latest/"
        lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = read(urllib.request.Request(base + "api/token", method="PUT", headers=lifetime))
        return read(urllib.request.Request(base + "meta-data/" + path, headers={"X-aws-ec2-metadata-token": token}))


def read(ask: urllib.request.Request) -> str:
    try:
        with urllib.request.urlopen(ask, timeout=SECONDS) as answer:
            return str(answer.read().decode())
    except OSError as error:
        raise Error(f"instance metadata: {error}") from None


def told(*command: str, given: str = "", seconds: int | None = None) -> str:
    """What a command prints."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Error(type(error).__name__) from None
    if done.returncode:
        raise Error((done.stderr.strip().splitlines() or ["no answer"])[-1])
    return done.stdout.strip()


def write(path: Path, text: str) -> None:
    """Write a file for root alone; whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    instance = Instance(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    try:
        getattr(instance, sys.argv[1])()
    except Error as error:
        sys.exit(str(error))
