"""The check from outside: what it takes for an answer, and that it meets each outage that nobody comes through."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.outside import asker
from infra.stages import STAGES
from ops.documents import month
from tests.unit.runtime import built, of_type

FUNCTION, ALARM = "aws:lambda/function:Function", "aws:cloudwatch/metricAlarm:MetricAlarm"
TODAY = datetime.now(UTC)
SOON, PAST = TODAY + timedelta(days=1), TODAY - timedelta(hours=1)


def certificate(into: Path, name: str, until: datetime) -> Path:
    """A certificate with its key, signed by itself, in one file; and the same without its key, to be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(TODAY - timedelta(days=2))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (into / "trusted.pem").write_bytes(public)
    (into / "server.pem").write_bytes(secret + public)
    return into


@contextmanager
def site(
    monkeypatch: pytest.MonkeyPatch,
    into: Path,
    *,
    name: str = "localhost",
    until: datetime = SOON,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A site that answers so. Yields its address, and the headers that it was asked with."""
    certificate(into, name, until)
    monkeypatch.setenv("SSL_CERT_FILE", str(into / "trusted.pem"))
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(dict(self.headers))
            self.send_response(status)
            for header, value in {"Content-Length": "0", **(headers or {})}.items():
                self.send_header(header, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # A handshake that fails is the client's to tell of.
    monkeypatch.setattr(server, "handle_error", lambda *_: None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(into / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"https://localhost:{server.server_port}/api/health", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_good_answer_is_good_and_asked_for_around_every_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with site(monkeypatch, tmp_path) as (url, asked):
        monkeypatch.setenv("URL", url)
        assert asker.handler({}, None) == "200"
    assert capsys.readouterr().out == "200\n"
    (headers,) = asked
    assert headers["Cookie"] == "ascent=outside"
    assert headers["User-Agent"] == "ascent-outside"


@pytest.mark.parametrize(
    ("status", "headers"), [(503, {}), (404, {}), (403, {}), (301, {"Location": "https://parked.example/"}), (526, {})]
)
def test_anything_but_a_success_is_an_outage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, headers: Mapping[str, str]
) -> None:
    with (
        site(monkeypatch, tmp_path, status=status, headers=headers) as (url, _),
        pytest.raises(RuntimeError, match=f"answered {status}"),
    ):
        asker.ask(url, anything=False)


@pytest.mark.parametrize(("status", "good"), [(200, True), (403, True), (404, True), (302, False), (530, False)])
def test_of_the_store_it_is_enough_that_it_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, *, good: bool
) -> None:
    monkeypatch.setenv("ANY", "1")
    with site(monkeypatch, tmp_path, status=status) as (url, _):
        monkeypatch.setenv("URL", url)
        if good:
            assert asker.handler({}, None) == str(status)
            return
        with pytest.raises(RuntimeError, match=f"answered {status}"):
            asker.handler({}, None)


def test_who_is_challenged_has_come_as_far_as_the_edge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with site(monkeypatch, tmp_path, status=403, headers={"cf-mitigated": "challenge"}) as (url, _):
        assert asker.ask(url, anything=False).startswith("403, a challenge")


def _name_leads_nowhere(_: pytest.MonkeyPatch, __: Path) -> None:
    asker.ask("https://nowhere.invalid/api/health", anything=True)


def _certificate_has_run_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with site(monkeypatch, tmp_path, until=PAST) as (url, _):
        asker.ask(url, anything=True)


def _nobody_is_let_in(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(asker, "PATIENCE", 0.2)
    # Packets to it come to nothing, as to a port that no rule opens: it listens, and takes nobody up.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        asker.ask(f"https://127.0.0.1:{listener.getsockname()[1]}/", anything=True)


def _zone_is_paused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Then the name leads to the store itself, which has no certificate for it; the balancer lets nobody in.
    with site(monkeypatch, tmp_path, name="s3.amazonaws.com") as (url, _):
        asker.ask(url, anything=True)


@pytest.mark.parametrize("outage", [_name_leads_nowhere, _certificate_has_run_out, _nobody_is_let_in, _zone_is_paused])
def test_each_silent_outage_is_met(outage: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r".+"):
        outage(monkeypatch, tmp_path)


def test_each_of_a_month_is_told_of_in_minutes_and_nothing_else_is() -> None:
    (spans, seen) = month.asked_for().spans, month.unvisited(STAGES[1].users)
    assert len(spans) == len(month.SILENT) == 4
    for one, span in zip(month.SILENT, spans, strict=True):
        # The fifth minute in a row; at the end, two of the last six are good again.
        assert (span.start - one.start, span.end - one.end) == (4, 1)
        assert not any(seen.requests[one.start : one.end])


@pytest.mark.parametrize(("stage", "storage"), [(1, False), (4, False), (5, True), (7, True)])
def test_every_region_asks_for_the_application_and_from_stage_5_on_for_the_store(stage: int, *, storage: bool) -> None:
    everything = built(live=True, stage=stage)
    regions = ["use1", "euw1", "apse2"] if stage == 7 else ["use1"]
    asked = {
        name: one.inputs["environment"]["variables"]
        for name, one in of_type(everything, FUNCTION).items()
        if "outside" in name
    }
    application = {f"test-{code}-outside": {"URL": "https://app.example.com/api/health"} for code in regions}
    store = {"URL": "https://storage-app.example.com/generated/ascent-outside", "ANY": "1"}
    assert asked == application | ({f"test-{code}-outside-store": store for code in regions} if storage else {})
    alarms = of_type(everything, ALARM)
    for name in asked:
        # A check that fails is asked once, and the next minute's is another.
        once = of_type(everything, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")[name].inputs
        assert (once["functionName"], once["maximumRetryAttempts"], once["maximumEventAgeInSeconds"]) == (name, 0, 60)
        alarm = alarms[f"{name}-unanswered"].inputs
        assert (alarm["datapointsToAlarm"], alarm["evaluationPeriods"], alarm["threshold"]) == (5, 6, 1)
        assert [arn.rpartition("-")[2] for arn in alarm["alarmActions"]] == ["critical"]
        dimensions = {
            query["id"]: query["metric"]["dimensions"] for query in alarm["metricQueries"] if "metric" in query
        }
        told = {"FunctionName": name}
        assert dimensions == {"due": {"RuleName": name}, "runs": told, "failures": told}
