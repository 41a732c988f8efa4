"""Where images come from: each region's own registry, the stack's repositories, and log-ins at other registries."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from infra.clients import clients
from infra.config.problems import SettingsError
from infra.images import in_region, registry_of
from infra.wiring.registry import docker_document
from ops import cli, stackfile
from ops import images as ops_images
from ops.engine.recorder import Recorded
from ops.images import ImagesError, ImageState, look, until_there
from tests.unit.configs import config, settings
from tests.unit.runtime import built, of_type

ACCOUNT = "123456789012"
HOME = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
IMAGE, JOBS = f"{HOME}/team/app:1.0.0", f"{HOME}/database@sha256:{'0' * 64}"
BLUE = {"blue": {"image": IMAGE, "weight": 100}}
OWN = {"repositories": ["team/app"]}
# OCI image format: as much of a manifest as a registry asks for.
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []})
GHCR = "ghcr.io/team/app:1.0.0"
LOG_IN = {"credentials": {"ghcr.io": "robot:registry:password"}}
POLICY, TASK = "aws:iam/rolePolicy:RolePolicy", "aws:ecs/taskDefinition:TaskDefinition"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def instance(everything: dict[str, Recorded], name: str) -> dict[str, Any]:
    """What an instance is told: `instance.json`."""
    text = base64.b64decode(of_type(everything, TEMPLATE)[name].inputs["userData"]).decode()
    return dict(json.loads(next(line for line in text.splitlines() if line.startswith('{"'))))


@pytest.mark.parametrize(
    ("image", "host"),
    [
        (IMAGE, HOME),
        (GHCR, "ghcr.io"),
        ("localhost:5000/app:1", "localhost:5000"),
        ("team/app:1", "docker.io"),
        ("app:1", "docker.io"),
    ],
)
def test_an_image_names_its_registry(image: str, host: str) -> None:
    assert registry_of(image) == host


@pytest.mark.parametrize("registry", [OWN, {"replicated": True}])
def test_each_region_pulls_from_its_own_registry(registry: dict[str, Any]) -> None:
    everything = built(live=True, stage=7, rollout=BLUE, registry=registry)
    for base, region in (("test-use1", "us-east-1"), ("test-euw1", "eu-west-1"), ("test-apse2", "ap-southeast-2")):
        host = f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com"
        told = instance(everything, f"{base}-blue")
        assert told["image"] == f"{host}/team/app:1.0.0"
        assert told["registry"] == {"host": host, "region": region, "secret_arn": None}
        policy = json.dumps(of_type(everything, POLICY)[f"{base}-fleet"].inputs["policy"])
        assert f"arn:aws:ecr:{region}:{ACCOUNT}:repository/team/app" in policy


def test_one_region_pulls_from_where_the_image_is() -> None:
    chosen = settings(stage=6, rollout=BLUE, registry={"replicated": True})
    assert in_region(chosen, IMAGE, "us-east-1") == IMAGE
    far = settings(stage=6, regions=["eu-west-1"], rollout=BLUE)
    assert in_region(far, IMAGE, "eu-west-1") == IMAGE


def test_jobs_and_digests_follow_their_region() -> None:
    chosen = settings(stage=7, jobs={"image": JOBS}, registry={"repositories": ["database"]})
    assert in_region(chosen, JOBS, "eu-west-1") == JOBS.replace("us-east-1", "eu-west-1")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"rollout": BLUE}, "rollout.blue.image"),
        ({"jobs": {"image": JOBS}}, "jobs.image"),
        # Copied from the first region alone.
        ({"rollout": BLUE, "regions": ["eu-west-1", "us-east-1"], "registry": OWN}, "rollout.blue.image"),
        # Another repository.
        ({"rollout": BLUE, "registry": {"repositories": ["team"]}}, "rollout.blue.image"),
    ],
)
def test_an_image_of_one_region_alone_is_refused_where_there_are_several(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(stage=7, **changes)
    (problem,) = refused.value.problems
    assert problem.startswith(f"Pulumi.test.yaml: ascent:{key}: given ")
    for part in ("us-east-1 alone", "3 regions" if "regions" not in changes else "2 regions", "registry.replicated"):
        assert part in problem
    settings(stage=6, **changes)
    # It is too late for it once a region is lost, and the failover has to go on.
    if changes.get("regions") is None:
        settings(stage=7, writer="eu-west-1", **changes)


@pytest.mark.parametrize(
    ("registry", "key", "says"),
    [
        ({"repositories": ["Team"]}, "registry.repositories[0]", "right form"),
        ({"repositories": ["app", "app"]}, "registry.repositories", "listed once"),
        ({"credentials": {"ghcr.io": "token"}}, "registry.credentials.ghcr.io", "a user name, a colon"),
        ({"credentials": {HOME: "AWS:token"}}, f"registry.credentials.{HOME}", "roles log in there"),
    ],
)
def test_what_a_registry_cannot_be_is_refused(registry: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(registry=registry)
    (problem,) = refused.value.problems
    assert f"ascent:{key}: " in problem
    assert says in problem
    assert "token" not in problem.replace("password or token", "")


def test_log_ins_are_secrets_in_the_file_and_other_keys_beside_them_are_not() -> None:
    secure = {"credentials": {"ghcr.io": {"secure": "v1:x"}}, "replicated": True}
    read = stackfile.read(config(registry=secure), "Pulumi.test.yaml")
    assert read.registry.replicated
    with pytest.raises(SettingsError) as refused:
        stackfile.read(config(registry={**secure, **LOG_IN}), "Pulumi.test.yaml")
    assert "pulumi config set --secret --path 'ascent:registry.credentials[\"HOST\"]'" in str(refused.value)
    assert "password" not in str(refused.value)
    # The same of a cluster's access, which always had other keys beside it.
    given = {"kubeconfig": {"secure": "v1:x"}, "context": "a", "name": "b"}
    stackfile.read(config(cluster=given, runtime="kubernetes"), "Pulumi.test.yaml")


def test_the_stacks_own_repositories_are_scanned_and_copied() -> None:
    everything = built(live=True, stage=7, rollout=BLUE, registry=OWN)
    repositories = of_type(everything, "aws:ecr/repository:Repository")
    assert sorted(repositories) == [
        "test-use1-images-team-app",
        "test-use1-images-team-app-ap-southeast-2",
        "test-use1-images-team-app-eu-west-1",
    ]
    for name, one in repositories.items():
        assert one.inputs["name"] == "team/app"
        assert one.inputs["imageTagMutability"] == "IMMUTABLE"
        assert one.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        # A copy goes with its region; what was pushed stays.
        assert one.inputs["forceDelete"] is (name != "test-use1-images-team-app")
    assert len(of_type(everything, "aws:ecr/lifecyclePolicy:LifecyclePolicy")) == len(repositories)
    (copying,) = of_type(everything, "aws:ecr/replicationConfiguration:ReplicationConfiguration").values()
    (rule,) = copying.inputs["replicationConfiguration"]["rules"]
    assert [one["region"] for one in rule["destinations"]] == ["eu-west-1", "ap-southeast-2"]
    assert {one["registryId"] for one in rule["destinations"]} == {ACCOUNT}
    assert rule["repositoryFilters"] == [{"filter": "team/app", "filterType": "PREFIX_MATCH"}]
    alone = built(live=True, stage=6, rollout=BLUE, registry=OWN)
    assert sorted(of_type(alone, "aws:ecr/repository:Repository")) == ["test-use1-images-team-app"]
    assert not of_type(alone, "aws:ecr/replicationConfiguration:ReplicationConfiguration")


def test_other_registries_are_logged_in_to_by_instances_and_tasks() -> None:
    everything = built(
        live=True,
        stage=3,
        rollout={"blue": {"image": GHCR, "weight": 100}},
        jobs={"image": "ghcr.io/team/database:1.0.0"},
        registry={"credentials": {**LOG_IN["credentials"], "registry.gitlab.com": "nobody:asks"}},
    )
    secrets = {name for name in of_type(everything, "aws:secretsmanager/secret:Secret") if "registry" in name}
    assert secrets == {"test-use1-registry-ghcr-io"}
    version = of_type(everything, "aws:secretsmanager/secretVersion:SecretVersion")["test-use1-registry-ghcr-io"]
    assert version.inputs["secretString"] == {"secret": True}
    assert settings(registry=LOG_IN).registry.log_in("ghcr.io") == ("robot", "registry:password")
    told = instance(everything, "test-use1-blue")
    arn = told["registry"]["secret_arn"]
    assert told["registry"] == {"host": "ghcr.io", "region": None, "secret_arn": arn}
    (task,) = of_type(everything, TASK).values()
    (container,) = json.loads(task.inputs["containerDefinitions"])
    assert container["repositoryCredentials"] == {"credentialsParameter": arn}
    for name in ("test-use1-fleet", "test-use1-tasks-run"):
        assert arn in json.dumps(of_type(everything, POLICY)[name].inputs["policy"])
    user_data = of_type(everything, TEMPLATE)["test-use1-blue"].inputs["userData"]
    assert "registry:password" not in base64.b64decode(user_data).decode()


def test_pods_pull_with_the_same_log_ins() -> None:
    runs: dict[str, Any] = {
        "stage": 3,
        "runtime": "kubernetes",
        "rollout": {"blue": {"image": "team/app:1", "weight": 100}},
    }
    registry = {"credentials": {"docker.io": "robot:registry-password"}}
    everything = built(live=True, **runs, registry=registry)
    secret = next(
        one
        for one in of_type(everything, "kubernetes:core/v1:Secret").values()
        if one.inputs["type"] == "kubernetes.io/dockerconfigjson"
    )
    assert secret.inputs["stringData"] == {"secret": True}
    document = json.loads(docker_document(settings(**runs, registry=registry)))
    ((host, given),) = document["auths"].items()
    assert host == "https://index.docker.io/v1/"
    assert base64.b64decode(given["auth"]).decode() == "robot:registry-password"
    accounts = of_type(everything, "kubernetes:core/v1:ServiceAccount").values()
    ours = [one for one in accounts if one.inputs["metadata"]["namespace"] == secret.inputs["metadata"]["namespace"]]
    assert len(ours) > 1
    assert all(one.inputs["imagePullSecrets"] == [{"name": secret.inputs["metadata"]["name"]}] for one in ours)
    without = built(live=True, **runs)
    assert not any(
        one.inputs.get("imagePullSecrets") for one in of_type(without, "kubernetes:core/v1:ServiceAccount").values()
    )


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield clients()


def push(asking: Any, region: str, tag: str = "1.0.0") -> None:
    ecr = asking("ecr", region)
    ecr.create_repository(repositoryName="team/app")
    ecr.put_image(repositoryName="team/app", imageManifest=MANIFEST, imageTag=tag)


def test_ecr_is_asked_for_each_regions_image(registries: Any) -> None:
    chosen = settings(stage=7, rollout=BLUE, registry=OWN)
    push(registries, "us-east-1")
    push(registries, "eu-west-1", tag="0.9.0")
    found = list(look(chosen, registries))
    assert [(one.region, one.state) for one in found if one.key == "rollout.blue.image"] == [
        ("us-east-1", ImageState.THERE),
        ("eu-west-1", ImageState.MISSING),
        ("ap-southeast-2", ImageState.MISSING),
    ]
    assert {one.state for one in found if one.key == "jobs.image"} == {ImageState.NOT_ASKED}
    lost = settings(stage=7, rollout=BLUE, writer="eu-west-1", unreachable="us-east-1", registry=OWN)
    assert {one.region for one in look(lost, registries)} == {"eu-west-1", "ap-southeast-2"}


def test_what_a_scan_found_is_told_where_there_was_one(registries: Any) -> None:
    chosen = settings(rollout=BLUE)
    push(registries, "us-east-1")
    assert next(look(chosen, registries)).findings is None
    registries("ecr", "us-east-1").start_image_scan(repositoryName="team/app", imageId={"imageTag": "1.0.0"})
    # moto's scan finds one of high severity in each image.
    assert next(look(chosen, registries)).findings == {"HIGH": 1}


def test_another_accounts_repository_of_the_same_name_is_not_the_stacks() -> None:
    with pytest.raises(SettingsError, match="us-east-1 alone"):
        settings(stage=7, rollout=BLUE, registry=OWN, account={"id": "210987654321"})
    settings(stage=7, rollout=BLUE, registry=OWN, account={"id": ACCOUNT})


def test_a_registry_that_does_not_answer_is_no_missing_image(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ImagesError, match="Unable to locate credentials"):
        list(look(settings(rollout=BLUE), clients()))


def test_what_is_missing_is_waited_for() -> None:
    missing = ops_images.FoundImage(region="eu-west-1", key="k", image="i", state=ImageState.MISSING, findings=None)
    there = ops_images.FoundImage(region="eu-west-1", key="k", image="i", state=ImageState.THERE, findings={"HIGH": 1})
    seen, waits = iter([[missing], [missing], [there]]), list[float]()
    assert until_there(lambda: next(seen), seconds=60, wait=waits.append, poll=15) == [there]
    assert waits == [15, 15]
    assert until_there(lambda: [missing], seconds=30, wait=waits.append, poll=15) == [missing]


def test_the_command_says_what_is_missing(registries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        stackfile, "settings", lambda *_, **__: settings(stage=7, rollout=BLUE, registry=OWN, jobs=None)
    )
    push(registries, "us-east-1")
    answer = CliRunner().invoke(cli.app, ["images", "--stack", "test", "--json"])
    assert answer.exit_code == 1
    document = json.loads(answer.stdout)
    assert not document["ok"]
    assert [one["state"] for one in document["images"]] == ["there", "missing", "missing"]
    push(registries, "eu-west-1")
    push(registries, "ap-southeast-2")
    answer = CliRunner().invoke(cli.app, ["images", "--stack", "test"])
    assert answer.exit_code == 0
    assert "rollout.blue.image" in answer.stdout
