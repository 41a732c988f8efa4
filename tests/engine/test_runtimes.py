"""The real engine moves a stack from instances to pods: no request is sent to where nobody is, and no pod is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.commands.engine import Result, Sandbox
from tests.engine.test_walk import lost, replaced
from tests.engine.world import quick

DEPLOYMENT, LISTENER = "kubernetes:apps/v1:Deployment", "aws:lb/listener:Listener"
BINDING, GROUP = "kubernetes:eks.amazonaws.com/v1:TargetGroupBinding", "aws:lb/targetGroup:TargetGroup"
SERVICE, RULE = "kubernetes:core/v1:Service", "aws:lb/listenerRule:ListenerRule"
NAMESPACE, HPA = "kubernetes:core/v1:Namespace", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
STAGE = 2


def rollout(version: str, share: int = 0) -> dict[str, Any]:
    """All traffic on blue, at this version, and this share of it on pods."""
    image = f"public.ecr.aws/example/app:{version}"
    return {"blue": {"image": image, "weight": 100}, **({"kubernetesShare": share} if share else {})}


def at(result: Result, op: str, type_: str, name: str) -> int:
    """When a step was taken, counted from the first."""
    found = [index for index, one in enumerate(result.steps) if (one.op, one.type, one.name) == (op, type_, name)]
    assert len(found) == 1, (op, type_, name)
    return found[0]


def weights(box: Sandbox) -> dict[str, int]:
    """Weight by target group, as the listener has it."""
    (listener,) = [one for one in box.resources() if one["type"] == LISTENER and one["urn"].endswith("-https")]
    groups = listener["outputs"]["defaultActions"][0]["forward"]["targetGroups"]
    names = {one["id"]: one["urn"].rpartition("-use1-")[2] for one in box.resources() if one["type"] == GROUP}
    return {names[one["arn"]]: one["weight"] for one in groups}


def scale_by_hand(box: Sandbox, replicas: int) -> None:
    """Do to the Deployment what its autoscaler would."""
    world = box.world()
    (entry,) = [one for key, one in _deployments(world).items() if key.endswith("/blue")]
    entry["outputs"]["spec"]["replicas"] = replicas
    box.layout.world.write_text(json.dumps(world))


def _deployments(world: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = world["resources"]["kubernetes"][DEPLOYMENT]
    return found


def deployment(box: Sandbox) -> dict[str, Any]:
    """The blue Deployment in the state."""
    (found,) = [one for one in box.resources() if one["type"] == DEPLOYMENT]
    return found


def there(box: Sandbox, kind: str, color: str) -> bool:
    """Whether a color has something of a kind for its pods."""
    ends = (f"::sandbox-use1-{color}-pods", f"::sandbox-use1-{color}-k8s")
    return any(one["type"] == kind and one["urn"].endswith(ends) for one in box.resources())


def waited_for(box: Sandbox, type_: str, name: str) -> set[tuple[str, str]]:
    """Type and name of all that has to be there before something, by the state."""
    known = {one["urn"]: one for one in box.resources()}
    (first,) = [urn for urn, one in known.items() if one["type"] == type_ and urn.endswith(f"::{name}")]
    found: set[str] = set()
    coming = [first]
    while coming:
        one = known[coming.pop()]
        more = {*one.get("dependencies", ()), *([one["parent"]] if "parent" in one else [])} - found
        found |= more
        coming += more
    return {(known[urn]["type"], urn.rpartition("::")[2]) for urn in found}


def test_pods_come_once_their_targets_health_is_known_and_requests_once_there_are_enough(tmp_path: Path) -> None:
    box = quick(tmp_path)
    assert box.up(STAGE, runtime="kubernetes", rollout=rollout("1.0.0")).ok
    blue = "sandbox-use1-blue-pods"
    before = waited_for(box, DEPLOYMENT, blue)
    # What tells pods to wait for their targets, what has those registered, and what has them checked.
    told = {(NAMESPACE, "sandbox-use1-app"), (BINDING, blue), (SERVICE, blue), (RULE, "sandbox-use1-blue-k8s-check")}
    assert told | {(HPA, blue)} <= before
    assert (LISTENER, "sandbox-use1-https") not in before
    # The Deployment is done when all are available that its autoscaler wants.
    assert (DEPLOYMENT, blue) in waited_for(box, LISTENER, "sandbox-use1-https")


def test_from_instances_to_pods_and_the_autoscaler_keeps_its_replicas(tmp_path: Path) -> None:
    box = quick(tmp_path)
    first = box.up(STAGE, runtime="ec2", rollout=rollout("1.0.0"))
    assert first.ok, first.output
    assert weights(box) == {"blue-ec2": 100}

    both = box.up(STAGE, runtime="both", rollout=rollout("1.0.0", share=40))
    assert both.ok, both.output
    assert (replaced(both), lost(both)) == ([], [])
    assert weights(box) == {"blue-ec2": 60, "blue-k8s": 40}
    moved = at(both, "update", LISTENER, "sandbox-use1-https")
    assert moved > at(both, "create", DEPLOYMENT, "sandbox-use1-blue-pods")
    came = at(both, "create", DEPLOYMENT, "sandbox-use1-blue-pods")
    assert came > at(both, "create", BINDING, "sandbox-use1-blue-pods")
    assert came > at(both, "create", RULE, "sandbox-use1-blue-k8s-check")
    assert came > at(both, "create", HPA, "sandbox-use1-blue-pods")

    scale_by_hand(box, 7)
    refreshed = box.run("refresh", "--yes", "--skip-preview", stage=STAGE, config={"runtime": "both"})
    assert refreshed.ok, refreshed.output
    assert deployment(box)["outputs"]["spec"]["replicas"] == 7
    # What is no input is never applied: the autoscaler stays the only one who writes it.
    assert "replicas" not in deployment(box)["inputs"]["spec"]

    pods = box.up(STAGE, runtime="kubernetes", rollout=rollout("1.1.0"))
    assert pods.ok, pods.output
    assert (replaced(pods), lost(pods)) == ([], [])
    assert weights(box) == {"blue-k8s": 100}
    # The sandbox refuses to delete a target group that a listener still has.
    moved = at(pods, "update", LISTENER, "sandbox-use1-https")
    assert moved > at(pods, "update", DEPLOYMENT, "sandbox-use1-blue-pods")
    assert moved < at(pods, "delete", GROUP, "sandbox-use1-blue-ec2")
    (step,) = [one for one in pods.steps if one.type == DEPLOYMENT and one.op == "update"]
    assert [path for path in step.kinds if "replicas" in path] == []
    assert deployment(box)["outputs"]["spec"]["replicas"] == 7
    (entry,) = _deployments(box.world()).values()
    assert {**entry["inputs"], **entry["outputs"]}["spec"]["replicas"] == 7
    again = box.preview(STAGE, runtime="kubernetes", rollout=rollout("1.1.0"))
    assert again.changes == {}


def test_service_and_binding_stay_while_a_colors_pods_come_and_go(tmp_path: Path) -> None:
    box = quick(tmp_path)
    old, new = (f"public.ecr.aws/example/app:{tag}" for tag in ("1.0.0", "2.0.0"))
    progress = {"strategy": "blue-green", "to": "green", "before": old, "bake": 0}
    steps: list[dict[str, Any]] = [{"blue": {"image": old, "weight": 100}}]
    steps += [
        {
            "blue": {"image": old, "weight": 100 - green},
            "green": {"image": new, "weight": green},
            "progress": {**progress, "phase": "forward"},
        }
        for green in (0, 100)
    ]
    after = {"blue": {"weight": 0}, "green": {"image": new, "weight": 100}}
    steps.append({**after, "progress": {**progress, "phase": "cleaning"}})
    seen = []
    for one in steps:
        result = box.up(STAGE, runtime="kubernetes", rollout=one)
        assert result.ok, result.output
        seen.append({step.name for step in result.steps if step.real and step.op == "delete"})
        for kind in (BINDING, SERVICE, RULE, GROUP):
            for color in ("blue", "green"):
                assert there(box, kind, color), (kind, color)
    assert "sandbox-use1-blue-pods" in seen[-1]
    assert not any(there(box, DEPLOYMENT, "blue") for _ in seen)

    # EKS deletes a target group with its binding, and ELB refuses that while any rule leads to it.
    gone = box.up(STAGE, runtime="ec2", rollout=after)
    assert gone.ok, gone.output
    for color in ("blue", "green"):
        rule = max(at(gone, "delete", RULE, f"sandbox-use1-{color}-k8s{of}") for of in ("", "-check"))
        binding = at(gone, "delete", BINDING, f"sandbox-use1-{color}-pods")
        assert rule < binding < at(gone, "delete", GROUP, f"sandbox-use1-{color}-k8s")
