"""Steps, findings and the report of a smoke run, on an engine written by hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.engine_steps import EngineStep, of_document
from catalog.values import SIGNATURE
from ops import stackfile
from ops.engine.updates import EngineError
from ops.smoke.__main__ import main
from ops.smoke.differences import Difference, differences
from ops.smoke.report import report
from ops.smoke.steps import SmokeRun
from ops.stackedit import EditedFile
from tests.unit.configs import config

CLUSTER = "aws:rds/cluster:Cluster"
URN = f"urn:pulumi:test::ascent::{CLUSTER}::db"
ARN = "arn:aws:rds:us-east-1:210987654321:cluster:db"
GOOD = {"arn": ARN, "region": "us-east-1", "clusterResourceId": "cluster-ABCDEFGHIJKLMNOP1234567890"}


def _cluster(**changes: Any) -> dict[str, Any]:
    inputs = {"engine": "aurora-postgresql", "clusterIdentifier": "db"}
    return {"urn": URN, "type": CLUSTER, "custom": True, "id": "db", "inputs": inputs, "outputs": {**GOOD, **changes}}


class Engine:
    """Notes what it is asked for; fails at the update with this number; another update would change these URNs."""

    def __init__(self, url: str, *, fails: int = 0, again: str = "") -> None:
        self.asked: list[str] = []
        self._url, self._fails, self._again = url, fails, again

    def update(self) -> None:
        document = yaml.safe_load((stackfile.ROOT / "Pulumi.test.yaml").read_text())["config"]
        self.asked.append(f"update {document['ascent:stage']} {document.get('ascent:rotations', {})}")
        if len(self.asked) == self._fails:
            raise EngineError("AddressLimitExceeded")

    def foreseen(self) -> list[EngineStep]:
        return [of_document({"op": "update", "urn": self._again})] if self._again else []

    def resources(self) -> list[dict[str, Any]]:
        return [_cluster()]

    def outputs(self) -> dict[str, Any]:
        return {"url": self._url}


@pytest.fixture
def url() -> Iterator[str]:
    """Of an application that is well."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/health" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stackfile, "ROOT", tmp_path)
    values = config(stage=1, protect=False, database={"roles": True})
    text = yaml.safe_dump({"config": {f"ascent:{key}": value for key, value in values.items()}})
    (tmp_path / "Pulumi.test.yaml").write_text(text)


def _run(engine: Engine, left: tuple[str, ...] = ()) -> SmokeRun:
    made = SmokeRun(
        file=EditedFile("test"),
        engine=engine,
        destroy=lambda: engine.asked.append("destroy"),
        left=lambda: left,
        live=lambda _: None,
        patience=0,
    )
    with made.file.held():
        made.take()
    return made


def test_a_run_goes_up_serves_replaces_a_password_moves_and_goes_down(url: str) -> None:
    engine = Engine(url)
    made = _run(engine)
    rotated = {"application": 1}
    assert engine.asked == [
        "update 1 {}",
        f"update 1 {rotated}",
        f"update 1 {rotated}",
        f"update 2 {rotated}",
        "destroy",
    ]
    assert [one for one in made.steps if one.trouble] == []
    assert made.ok
    assert yaml.safe_load((stackfile.ROOT / "Pulumi.test.yaml").read_text())["config"]["ascent:stage"] == 1
    looked = [one.name for one in made.steps if one.name.endswith("another update would change nothing")]
    assert [one.partition(":")[0] for one in looked] == [
        "stage 1 up",
        "a password replaced, second update",
        "stage 2 up",
    ]
    text = report(made, "210987654321")
    assert "Nothing, of 1 resources." in text
    assert "| a request with the new password |" in text


def test_where_no_update_succeeds_nothing_is_called_the_same(url: str) -> None:
    made = _run(Engine(url, fails=1))
    assert [one.name for one in made.steps] == ["stage 1 up", "down", "nothing is left"]
    assert "Nothing was compared: no update succeeded." in report(made, "210987654321")


def test_an_update_that_fails_is_a_finding_and_the_stack_goes_down(url: str) -> None:
    engine = Engine(url, fails=2)
    made = _run(engine)
    assert engine.asked[-1] == "destroy"
    assert [(one.name, one.trouble) for one in made.steps if one.trouble] == [
        ("a password replaced, first update", "AddressLimitExceeded")
    ]
    assert not made.ok


@pytest.mark.parametrize(
    ("changes", "left", "trouble"),
    [
        ({"again": URN}, (), f"update {URN}"),
        ({}, (ARN,), ARN),
    ],
)
def test_what_is_not_as_it_should_be_is_told(
    url: str, changes: dict[str, Any], left: tuple[str, ...], trouble: str
) -> None:
    made = _run(Engine(url, **changes), left)
    assert not made.ok
    assert trouble in {one.trouble for one in made.steps}
    text = report(made, "210987654321")
    assert "**not as it should be**" in text
    assert "210987654321" not in text


def test_an_application_that_does_not_answer_is_told(url: str) -> None:
    made = _run(Engine(f"{url}/nowhere"))
    said = {one.name: one.trouble for one in made.steps if one.trouble}
    assert "404" in said["a request at stage 1"]


@pytest.mark.parametrize(
    ("changes", "output", "sandbox", "account"),
    [
        (
            {"arn": "arn:aws:rds:us-east-1:210987654321:db-cluster:db"},
            "arn",
            "arn:{partition}:rds:{region}:{account}:cluster:{id}",
            "arn:aws:rds:us-east-1:123456789012:db-cluster:db",
        ),
        ({"clusterResourceId": "cluster-lower"}, "clusterResourceId", "cluster-{upper:26}", "cluster-lower"),
        ({"backupRetentionPeriod": 7}, "backupRetentionPeriod", "1", "7"),
        ({"port": 3306}, "port", '{"$if": "engine", "else": 3306, "is": "aurora-postgresql", "then": 5432}', "3306"),
    ],
)
def test_an_output_of_another_form_is_a_difference(
    changes: dict[str, Any], output: str, sandbox: str, account: str
) -> None:
    assert differences([_cluster(**changes), _cluster(**changes)]) == [Difference(CLUSTER, output, sandbox, account, 2)]


@pytest.mark.parametrize("changes", [{}, {"port": 5432}, {"arn": {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}}])
def test_what_the_sandbox_says_too_or_is_secret_is_none(changes: dict[str, Any]) -> None:
    assert differences([_cluster(**changes)]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"stage": 2}, "a smoke run begins at 1"), ({"protect": True}, "a smoke run deletes the stack")],
)
def test_a_stack_that_is_not_for_it_is_refused(
    changes: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {f"ascent:{key}": value for key, value in config(**{"stage": 1, "protect": False, **changes}).items()}
    (stackfile.ROOT / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": values}))
    assert main(["--stack", "test"]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
