"""Stands in for nodes: `python -m sandbox.cluster.kubelet KUBECONFIG`, until the kubeconfig or its server is gone.

Binds each pending pod to the one node, says that it is ready, or done where it is a job's, and ends it when it is
deleted. No container runs. EKS Auto Mode's part is done as well: a NodeClass is ready at once.
"""

import contextlib
import ipaddress
import itertools
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.cluster.api import Api, ApiError

NODE = "local"
POLL_SECONDS, GONE_SECONDS = 0.5, 30.0
# Addresses of pods: they are in endpoints, and lead nowhere.
ADDRESSES = ipaddress.ip_network("10.244.0.0/16").hosts()
NODE_CLASSES = "/apis/eks.amazonaws.com/v1/nodeclasses"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def path_of(pod: dict[str, Any]) -> str:
    """Where the API has a pod."""
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def status(pod: dict[str, Any], address: str) -> dict[str, Any]:
    """What a kubelet would say of a pod whose containers have started, or ended where it does not restart them."""
    ended = pod["spec"].get("restartPolicy", "Always") != "Always"
    now = _now()
    state = (
        {"terminated": {"exitCode": 0, "finishedAt": now, "startedAt": now}}
        if ended
        else {"running": {"startedAt": now}}
    )
    ready = "False" if ended else "True"
    conditions = {"PodScheduled": "True", "Initialized": "True", "ContainersReady": ready, "Ready": ready}
    containers = [
        {
            "name": one["name"], "image": one["image"], "imageID": one["image"], "restartCount": 0,
            "ready": not ended, "started": not ended, "state": state,
        }
        for one in pod["spec"]["containers"]
    ]  # fmt: skip
    return {
        "phase": "Succeeded" if ended else "Running",
        "startTime": now,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": key, "status": value, "lastTransitionTime": now} for key, value in conditions.items()],
        "containerStatuses": containers,
    }


def step(api: Api, address: Callable[[], str]) -> None:
    """Bring every pod one step further.

    Raises:
        ApiError: when the server does not answer.
    """
    for pod in api.get("/api/v1/pods")["items"]:
        # The pod may have changed since it was listed: the next step sees that.
        with contextlib.suppress(ApiError):
            if pod["metadata"].get("deletionTimestamp"):
                api.call("DELETE", path_of(pod), {"gracePeriodSeconds": 0})
            elif not pod["spec"].get("nodeName"):
                target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
                binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]}}
                api.call("POST", f"{path_of(pod)}/binding", binding | {"target": target})
            elif pod["status"].get("phase") == "Pending":
                api.patch(f"{path_of(pod)}/status", {"status": status(pod, address())})
    for one in api.get(NODE_CLASSES, missing={"items": []})["items"]:
        if not one.get("status"):
            condition = {
                "type": "Ready",
                "status": "True",
                "reason": "Ready",
                "message": "",
                "lastTransitionTime": _now(),
            }
            api.patch(f"{NODE_CLASSES}/{one['metadata']['name']}/status", {"status": {"conditions": [condition]}})


def main(arguments: list[str]) -> int:
    """Go on until the kubeconfig is gone, or the server for half a minute."""
    file = Path(arguments[0])
    api = Api.of(file)
    # From where the last one of this minute was: a new process must not give an address twice.
    addresses = itertools.islice(ADDRESSES, int(time.time()) % 30_000, None)
    answered = time.monotonic()
    while file.exists() and time.monotonic() - answered < GONE_SECONDS:
        try:
            step(api, lambda: str(next(addresses)))
            answered = time.monotonic()
        except (ApiError, OSError):
            pass
        time.sleep(POLL_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
