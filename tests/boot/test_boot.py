"""The boot script and the instance's own units are run, not read."""

from __future__ import annotations

import ast
import json
import shutil
import stat
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra import user_data
from infra.user_data import END_HOOK, LAUNCH_HOOK, WEB, WORKER, Container, ContainerRegistry
from tests.boot.machine import ECR, HEALTH_PATH, REGISTRIES_ARN, SECRET_ARN, Machine

BOOT = Path(user_data.__file__).with_name("boot")
WEB_APP: dict[str, Any] = {
    "role": WEB,
    "image": f"{ECR}/team/app:1.0.0",
    "region": "us-east-1",
    "registry": ContainerRegistry(host=ECR, region="us-east-1"),
    "secret_arn": SECRET_ARN,
    "log_group": "app",
    "environment": {"PORT": "3000", "APP_PLAIN": "plain"},
    "port": 3000,
    "health_path": HEALTH_PATH,
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    made = Machine(tmp_path, monkeypatch)
    yield made
    made.close()


def container(**changes: Any) -> Container:
    return Container(**{**WEB_APP, **changes})


def started(machine: Machine, **changes: Any) -> Machine:
    """After its first boot, with its application running."""
    assert machine.boot(container(**changes)).returncode == 0
    done = machine.start_app()
    assert done.returncode == 0, done.stdout + done.stderr
    return machine


def names(machine: Machine) -> list[str]:
    """What was called, in order: the program and what it was asked for."""
    return [" ".join([call.name, *[one for one in call.arguments if one[0] not in "-/"][:2]]) for call in machine.calls]


def hooks(machine: Machine) -> list[list[str]]:
    """Hook and result of each lifecycle action that was completed."""
    return [
        [
            call.arguments[call.arguments.index(flag) + 1]
            for flag in ("--lifecycle-hook-name", "--lifecycle-action-result")
        ]
        for call in machine.called("complete-lifecycle-action")
    ]


def test_a_boot_installs_starts_and_pulls_in_order(machine: Machine) -> None:
    started(machine)
    assert names(machine) == [
        "dnf install docker",
        "systemctl daemon-reload",
        "systemctl enable docker.service",
        "systemctl enable app.service",
        "amazon-cloudwatch-agent-ctl fetch-config ec2",
        "docker rm app",
        "aws secretsmanager get-secret-value",
        "docker image inspect",
        "aws ecr get-login-password",
        "docker login AWS",
        f"docker pull {ECR}/team/app:1.0.0",
        "docker run app",
    ]


def test_secrets_are_no_arguments_and_only_in_memory(machine: Machine) -> None:
    booted = machine.boot(container())
    done = machine.start_app()
    (run,) = machine.called("docker", "run")
    assert run.environment == {"APP_TOKEN": "first secret\nwith two lines", "APP_PLAIN": "plain"}
    assert [run.arguments[at + 1] for at, one in enumerate(run.arguments) if one == "--env"] == [
        "APP_PLAIN",
        "APP_TOKEN",
        "PORT",
    ]
    said = [*map(str, machine.calls), booted.stdout, booted.stderr, done.stdout, done.stderr]
    said += [text for path, text in machine.files().items() if not path.startswith("run/")]
    assert not [text for text in said if "first secret" in text or "made-up-token" in text]
    held = machine.root / "run" / "ascent"
    assert stat.S_IMODE(held.stat().st_mode) == 0o700
    assert stat.S_IMODE((held / "secret.json").stat().st_mode) == 0o600
    assert [call.given for call in machine.called("docker", "login")] == ["made-up-token"]


def test_a_container_has_the_rights_of_a_pod(machine: Machine) -> None:
    (run,) = started(machine).called("docker", "run")
    line = str(run)
    for option in (
        "--user 1000:1000",
        "--read-only",
        "--tmpfs /tmp:rw,exec,mode=1777,size=268435456",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--log-opt mode=non-blocking --log-opt max-buffer-size=8m --log-opt cache-disabled=true",
        "--log-opt awslogs-stream=i-0123456789abcdef0/",
    ):
        assert option in line
    assert line.endswith(f" {ECR}/team/app:1.0.0")


def test_what_a_baked_image_has_is_not_installed(machine: Machine) -> None:
    started(machine)
    again = machine.boot(container())
    assert again.returncode == 0, again.stderr
    assert len(machine.called("dnf")) == 1


def test_a_registry_and_secrets_manager_that_do_not_answer_stop_no_container_that_ran(machine: Machine) -> None:
    started(machine)
    machine.down("secretsmanager", "ecr", "registry")
    done = machine.start_app()
    assert done.returncode == 0, done.stderr
    first, second = machine.called("docker", "run")
    assert first.environment == second.environment
    # Nothing that is there is asked for.
    assert len(machine.called("docker", "pull")) == len(machine.called("docker", "login")) == 1


def test_without_image_or_secret_a_start_fails_and_says_why(machine: Machine) -> None:
    machine.down("registry")
    assert machine.boot(container()).returncode == 0
    done = machine.start_app()
    assert done.returncode != 0
    assert f"no image {ECR}/team/app:1.0.0, and none from before" in done.stderr
    machine.stop()
    machine.down("secretsmanager")
    done = machine.start_app()
    assert "no secret, and none from before: Could not connect" in done.stderr
    assert machine.called("docker", "run") == []


def test_a_changed_secret_is_what_the_next_start_gets(machine: Machine) -> None:
    started(machine)
    machine.secret(APP_TOKEN="second secret")
    machine.start_app()
    assert [call.environment["APP_TOKEN"] for call in machine.called("docker", "run")][-1] == "second secret"
    # A value that is no object of variables is no value.
    (machine.home / "secrets" / SECRET_ARN).write_text("not JSON")
    assert machine.start_app().returncode == 0
    assert [call.environment["APP_TOKEN"] for call in machine.called("docker", "run")][-1] == "second secret"


@pytest.mark.parametrize(
    ("image", "host", "where"),
    [("ghcr.io/team/app:1", "ghcr.io", ["ghcr.io"]), ("team/app:1", "docker.io", []), ("app:1", "docker.io", [])],
)
def test_other_registries_are_logged_in_to_with_their_own_secret(
    machine: Machine, image: str, host: str, where: list[str]
) -> None:
    machine.secret(REGISTRIES_ARN, username="robot", password="registry password")
    started(machine, image=image, registry=ContainerRegistry(host=host, secret_arn=REGISTRIES_ARN))
    (login,) = machine.called("docker", "login")
    assert login.arguments[2:] == ["login", "--username", "robot", "--password-stdin", *where]
    assert login.given == "registry password"
    assert "registry password" not in "".join(map(str, machine.calls))


def test_a_public_image_needs_no_login(machine: Machine) -> None:
    started(machine, image="public.ecr.aws/team/app:1", registry=None)
    assert machine.called("docker", "login") == []


def test_a_boot_that_fails_gives_the_launch_up(machine: Machine) -> None:
    machine.set("lifecycle", "Pending:Wait")
    machine.down("packages")
    done = machine.boot(container())
    assert done.returncode != 0
    assert len(machine.called("dnf")) == 4
    assert [call.arguments[0] for call in machine.called("sleep")] == ["5", "15", "45"]
    assert hooks(machine) == [[LAUNCH_HOOK, "ABANDON"]]
    assert machine.called("systemctl", "enable") == []


def test_an_agent_that_fails_stops_nothing(machine: Machine) -> None:
    machine.down("agent")
    assert machine.boot(container()).returncode == 0


def test_a_launch_is_completed_once_the_application_answers(machine: Machine) -> None:
    started(machine)
    machine.set("lifecycle", "Pending:Wait")
    machine.health = 503
    with machine.watching():
        machine.until(lambda: len(machine.called("systemctl", "is-failed")) > 5)
        assert hooks(machine) == []
        machine.health = 200
        machine.until(lambda: bool(hooks(machine)))
        machine.set("lifecycle", "InService")
        machine.until(lambda: (machine.root / "run/ascent/in-service").exists())
    assert hooks(machine)[0] == [LAUNCH_HOOK, "CONTINUE"]
    (group,) = {
        one.arguments[one.arguments.index("--auto-scaling-group-name") + 1]
        for one in machine.called("complete-lifecycle-action")
    }
    assert group == "fleet"


def test_a_launch_that_is_not_waiting_yet_is_asked_again(machine: Machine) -> None:
    started(machine)
    machine.set("lifecycle", "Pending")
    with machine.watching():
        machine.until(lambda: len(machine.called("describe-auto-scaling-instances")) > 3)
        assert hooks(machine) == []
        machine.set("lifecycle", "Pending:Wait")
        machine.until(lambda: bool(hooks(machine)))


def test_a_warm_pool_gets_an_instance_that_answers_and_so_does_the_fleet(machine: Machine) -> None:
    started(machine)
    machine.set("lifecycle", "Warmed:Pending:Wait")
    with machine.watching():
        machine.until(lambda: bool(hooks(machine)))
    # Stopped, and started again from the pool: user data does not run, systemd does.
    machine.stop()
    before = len(hooks(machine))
    machine.set("lifecycle", "Pending:Wait")
    assert machine.start_app().returncode == 0
    machine.health = 503
    with machine.watching():
        machine.until(lambda: len(machine.called("systemctl", "is-failed")) > 5)
        assert len(hooks(machine)) == before
        machine.health = 200
        machine.until(lambda: len(hooks(machine)) > before)
    assert len(machine.called("docker", "pull")) == 1


def test_an_application_that_does_not_come_up_gives_the_launch_up(machine: Machine) -> None:
    started(machine)
    machine.set("lifecycle", "Pending:Wait")
    machine.health = 500
    machine.set("failed", "")
    with machine.watching():
        machine.until(lambda: bool(hooks(machine)))
    assert {tuple(one) for one in hooks(machine)} == {(LAUNCH_HOOK, "ABANDON")}


def unhealthy(machine: Machine) -> bool:
    return bool(machine.called("set-instance-health", "Unhealthy", "i-0123456789abcdef0"))


def in_service(machine: Machine) -> None:
    machine.set("lifecycle", "InService")
    machine.until(lambda: (machine.root / "run/ascent/in-service").exists())


@pytest.mark.parametrize("role", [WEB, WORKER])
def test_an_application_that_fails_for_good_has_its_instance_replaced(machine: Machine, role: str) -> None:
    started(machine, role=role)
    with machine.watching():
        in_service(machine)
        machine.set("failed", "")
        machine.until(lambda: unhealthy(machine))
    assert hooks(machine) == []


def test_a_worker_that_stops_to_answer_is_replaced(machine: Machine) -> None:
    started(machine, role=WORKER)
    with machine.watching():
        in_service(machine)
        machine.health = 500
        machine.until(lambda: unhealthy(machine))


def test_a_web_instance_that_stops_to_answer_is_left_to_its_load_balancer(machine: Machine) -> None:
    started(machine)
    with machine.watching():
        in_service(machine)
        machine.health = 500
        before = len(machine.called("systemctl", "is-failed"))
        machine.until(lambda: len(machine.called("systemctl", "is-failed")) > before + 20)
    assert not unhealthy(machine)


@pytest.mark.parametrize("port", ["closed", "proxied"])
def test_a_worker_that_listens_nowhere_is_fine_while_its_container_stays(machine: Machine, port: str) -> None:
    machine.listens(yes=False, proxied=port == "proxied")
    started(machine, role=WORKER)
    machine.set("lifecycle", "Pending:Wait")
    with machine.watching():
        # Another container each time it is looked at: it crashes and comes back.
        for number in range(8):
            machine.set("container", f"true {number}")
            looks = len(machine.called("docker", "inspect"))
            machine.until(partial(_looked, machine, looks))
        assert hooks(machine) == []
        machine.until(lambda: bool(hooks(machine)))
        in_service(machine)
        machine.set("container", None)
        machine.until(lambda: unhealthy(machine))


def _looked(machine: Machine, before: int) -> bool:
    return len(machine.called("docker", "inspect")) > before


def test_a_web_instance_has_to_listen(machine: Machine) -> None:
    machine.listens(yes=False)
    started(machine)
    machine.set("lifecycle", "Pending:Wait")
    machine.set("container", "true 1")
    with machine.watching():
        machine.until(lambda: len(machine.called("systemctl", "is-failed")) > 20)
    assert hooks(machine) == []


def test_a_worker_finishes_its_job_before_it_goes(machine: Machine) -> None:
    started(machine, role=WORKER)
    with machine.watching():
        in_service(machine)
        machine.set("lifecycle", "Terminating:Wait")
        machine.target = "Terminated"
        machine.until(lambda: bool(hooks(machine)))
    order = [
        name
        for name in names(machine)
        if name in ("systemctl stop app.service", "aws autoscaling complete-lifecycle-action")
    ]
    assert order[:2] == ["systemctl stop app.service", "aws autoscaling complete-lifecycle-action"]
    assert hooks(machine)[0] == [END_HOOK, "CONTINUE"]
    unit = machine.unit("app.service")["Service"]
    assert unit["ExecStop"] == "docker stop --time 300 app"
    assert int(unit["TimeoutStopSec"]) > 300


def test_auto_scaling_that_does_not_answer_is_asked_again(machine: Machine) -> None:
    started(machine)
    machine.set("lifecycle", "Pending:Wait")
    machine.down("autoscaling")
    with machine.watching():
        machine.until(lambda: len(machine.called("describe-auto-scaling-instances")) > 3)
        machine.down()
        machine.until(lambda: bool(hooks(machine)))


def test_an_instance_of_no_group_is_left_alone(machine: Machine) -> None:
    started(machine)
    machine.health = 500
    machine.set("failed", "")
    with machine.watching():
        machine.until(lambda: len(machine.called("describe-auto-scaling-instances")) > 3)
    assert (hooks(machine), unhealthy(machine)) == ([], False)


def test_units_are_what_systemd_takes(machine: Machine) -> None:
    machine.boot(container())
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("no systemd-analyze on this machine")
    for name in ("app.service", "ascent-instance.service"):
        # As on an instance, where the programs of the units are.
        text = user_data._unit(name, container(), "").replace("docker ", "/bin/true ")
        file = machine.home / name
        file.write_text(text.replace("/usr/local/bin/ascent-instance", "/bin/true"))
        done = subprocess.run([found, "verify", str(file)], capture_output=True, text=True, check=False)
        problems = [line for line in (done.stdout + done.stderr).splitlines() if name in line]
        assert problems == []


def test_the_container_is_restarted_until_it_is_given_up(machine: Machine) -> None:
    machine.boot(container())
    unit = machine.unit("app.service")
    assert unit["Service"]["Restart"] == "always"
    tries, window = int(unit["Unit"]["StartLimitBurst"]), int(unit["Unit"]["StartLimitIntervalSec"])
    # So many starts with the pause between them have to fit the window, or the limit would never be reached.
    assert tries * int(unit["Service"]["RestartSec"]) < window
    # Not Requires: a unit whose dependency fails is not failed itself, and the instance would stay.
    assert "Requires" not in unit["Unit"]


def test_the_programs_run_on_the_python_of_amazon_linux() -> None:
    for file in BOOT.glob("*.py"):
        ast.parse(file.read_text(), feature_version=(3, 9))
        ast.parse(user_data.lean(file.read_text()), feature_version=(3, 9))


def test_what_is_installed_is_the_file_without_what_people_read() -> None:
    source = (BOOT / "instance.py").read_text()
    lean = user_data.lean(source)
    assert lean.startswith("#!/usr/bin/python3\n")

    def without_docstrings(text: str) -> str:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if (
                isinstance(body, list)
                and len(body) > 1
                and isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
            ):
                first = body[0]
                if (
                    isinstance(first, ast.Expr)
                    and isinstance(first.value, ast.Constant)
                    and isinstance(first.value.value, str)
                ):
                    body.pop(0)
        return ast.dump(tree)

    assert without_docstrings(source) == without_docstrings(lean)


def test_the_script_is_the_same_wherever_it_is_made() -> None:
    text = user_data.script(container())
    assert text == user_data.script(container())
    config = json.loads(text.partition("instance.json\" <<'ASCENT'\n")[2].partition("\nASCENT")[0])
    assert (config["memory"], config["metadata"]) == ("/run/ascent", "http://169.254.169.254")
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
