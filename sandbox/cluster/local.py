"""The local cluster of a stack: its servers outlive the command that starts them, and end with `make down`.

    cluster = LocalCluster(layout.cluster("sandbox"))
    cluster.start()              # etcd, kube-apiserver, kube-controller-manager, and what stands in for nodes
    cluster.environment()        # for the engine: the real provider, the cluster's facts, an `aws` that has a token
    cluster.stop()               # ends them, and removes what they kept

Where they ended otherwise, `start` begins them again, with the same ports, certificates and objects.
"""

import base64
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster import definitions
from sandbox.cluster.api import Api
from sandbox.cluster.kubelet import NODE
from sandbox.commands.environ import PLUGIN
from sandbox.provider.local_cluster import FACTS
from scripts.api_server import CONTROLLER_MANAGER, LOOPBACK, Place, credentials, free_ports, kubeconfig, programs, ready
from scripts.kubernetes_provider import find_provider
from scripts.places import ROOT, VENV, put
from scripts.say import ProblemError, progress

STOP_SECONDS, KILL_SECONDS, STEP = 20.0, 5.0, 0.1
# The node sends no signs of life, so nothing may wait for them. Without metrics an HPA keeps to its least and most.
LEFT_OUT = ("node-lifecycle-controller",)
SHIM = """#!/bin/sh
# The sandbox's own: the kubeconfig of the EKS cluster asks this for a token, and here that is the local server's.
# Anything else goes to the machine's own aws, which AWS_ENDPOINT_URL leads to the sandbox's endpoint.
case "$1 $2" in
"eks get-token") exec cat {credential} ;;
esac
IFS=:
for folder in $PATH; do
    [ "$folder" = {folder} ] || [ ! -x "$folder/aws" ] || exec "$folder/aws" "$@"
done
unset IFS
echo "There is no AWS CLI on PATH: install it to run aws $*" >&2
exit 127
"""


# Those that this process has started: they outlive it as a rule.
_LAUNCHED: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class LocalCluster:
    """The one that lives in the directory `home`."""

    home: Path

    @property
    def exists(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._ports.exists()

    @property
    def kubeconfig(self) -> Path:
        """For kubectl, k9s and the like: as the one user, who may do anything."""
        return self.home / "kubeconfig"

    @property
    def _ports(self) -> Path:
        return self.home / "ports.json"

    @property
    def _pids(self) -> Path:
        return self.home / "processes.json"

    @property
    def _place(self) -> Place:
        return Place(self.home, *json.loads(self._ports.read_text()))

    def start(self) -> None:
        """Start what is not running.

        Raises:
            ProblemError: when something that it needs cannot be had, or does not start.
        """
        etcd, server = programs()
        manager = CONTROLLER_MANAGER.built()
        find_provider()
        if self.exists and len(self.running()) == len(self._recorded()) > 0:
            return
        self._end()
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.exists:
            token = credentials(self.home)
            put(self._ports, json.dumps(free_ports(3)))
            put(self.home / "token", token)
        place = self._place
        with progress("Starting the local cluster"):
            self._launch("etcd", place.etcd(etcd))
            process = self._launch("kube-apiserver", place.server(server))
            ready(place.address, place.authority, process, place.log)
            self._credentials(place)
            self._furnish()
            self._launch("kube-controller-manager", self._manager(manager))
            self._launch("nodes", [VENV / "bin" / "python", "-m", "sandbox.cluster.kubelet", self.kubeconfig])

    def environment(self) -> dict[str, str]:
        """Variables for the engine and all that it starts, but PATH: `path` goes before that."""
        # The provider that can be built is older than the SDK: it knows `enablePatchForce` as a variable alone.
        force = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
        return {PLUGIN: str(find_provider()), FACTS: str(self.home / "facts.json")} | force

    @property
    def path(self) -> Path:
        """The directory with the `aws` of the cluster."""
        return self.home / "bin"

    def stop(self) -> None:
        """End the servers, and remove what they kept."""
        self._end()
        shutil.rmtree(self.home, ignore_errors=True)

    def running(self) -> dict[str, int]:
        """Process by name, of those that still run: another one may have got the number."""
        return {name: pid for name, pid in self._recorded().items() if str(self.home) in _command(pid)}

    def _recorded(self) -> dict[str, int]:
        try:
            found: dict[str, int] = json.loads(self._pids.read_text())
        except (OSError, ValueError):
            return {}
        return found

    def _launch(self, name: str, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
        log = self._place.log.with_name(f"{name}.log")
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        put(self._pids, json.dumps(self._recorded() | {name: process.pid}))
        _LAUNCHED[process.pid] = process
        return process

    def _manager(self, program: Path) -> list[str | Path]:
        return [
            program, f"--kubeconfig={self.kubeconfig}", f"--bind-address={LOOPBACK}", "--secure-port=0",
            "--leader-elect=false", f"--controllers={','.join(['*', *(f'-{one}' for one in LEFT_OUT)])}",
            f"--root-ca-file={self._place.authority}",
            f"--service-account-private-key-file={self.home / 'accounts.key'}",
        ]  # fmt: skip

    def _credentials(self, place: Place) -> None:
        """What leads to the server: a kubeconfig, what EKS answers, and what `aws eks get-token` does."""
        token = (self.home / "token").read_text()
        kubeconfig(self.kubeconfig, place.address, place.authority, token)
        authority = base64.b64encode(place.authority.read_bytes()).decode()
        put(self.home / "facts.json", json.dumps({"endpoint": place.address, "authority": authority}))
        kind = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"}
        put(self.home / "credential.json", json.dumps(kind | {"spec": {}, "status": {"token": token}}))
        self.path.mkdir(exist_ok=True)
        credential, folder = (shlex.quote(str(one)) for one in (self.home / "credential.json", self.path))
        put(self.path / "aws", SHIM.format(credential=credential, folder=folder))
        (self.path / "aws").chmod(0o755)

    def _furnish(self) -> None:
        """What a new EKS cluster in Auto Mode has."""
        api = Api.of(self.kubeconfig)
        for one in definitions.AUTO_MODE:
            api.apply(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{one['metadata']['name']}", one)
        api.apply(f"/api/v1/nodes/{NODE}", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        condition = {"type": "Ready", "status": "True", "reason": "Sandbox", "message": "nothing runs here"}
        api.patch(f"/api/v1/nodes/{NODE}/status", {"status": {"conditions": [condition]}})

    def _end(self) -> None:
        """End what runs, what depends on others first."""
        for pid in reversed(self.running().values()):
            os.kill(pid, signal.SIGTERM)
            if not _gone(pid, str(self.home), STOP_SECONDS):
                os.kill(pid, signal.SIGKILL)
                if not _gone(pid, str(self.home), KILL_SECONDS):
                    raise ProblemError(f"Process {pid} of the local cluster does not end: end it by hand.")
        for pid in self._recorded().values():
            if ours := _LAUNCHED.pop(pid, None):
                ours.wait()
        self._pids.unlink(missing_ok=True)


def _command(pid: int) -> str:
    """A process' command line; nothing where there is none, or only its remains."""
    said = subprocess.run(
        ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return "" if said.startswith("Z") else said


def _gone(pid: int, home: str, within: float) -> bool:
    end = time.monotonic() + within
    while home in _command(pid):
        if time.monotonic() > end:
            return False
        # Where it is a child of ours, what is left of it.
        time.sleep(STEP)
    return True


def main(arguments: list[str]) -> int:
    """`python -m sandbox.cluster.local start|stop DIRECTORY`."""
    match arguments:
        case ["start", home]:
            LocalCluster(Path(home).absolute()).start()
        case ["stop", home]:
            LocalCluster(Path(home).absolute()).stop()
        case _:
            sys.stderr.write("usage: python -m sandbox.cluster.local start|stop DIRECTORY\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
