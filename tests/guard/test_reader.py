"""What is read of a preview, and what is said of one that is not complete or none at all."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.previews import RESOURCES, write
from ops.guard.preview import Preview
from ops.guard.reader import UnreadablePreviewError, read
from ops.stackfile import ROOT
from policy.model import SECRET, UNKNOWN
from tests.guard.small import BUCKET, Raw, document, step

SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
CIPHER = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc:def"}


def _read(raw: Raw | bytes) -> Preview:
    return read(io.BytesIO(raw if isinstance(raw, bytes) else json.dumps(raw).encode()), "p.json")


def _errors(raw: Raw | bytes) -> str:
    return "\n".join(_read(raw).errors)


def test_a_preview_is_its_steps_its_config_and_what_the_stack_put_out() -> None:
    whole = document(
        step("update", old={"port": 1.0}, new={"port": 2.5}, was={"protect": True}, diff={"port": "update"}),
        step("replace", BUCKET, "b", diff={"bucket": "update-replace", "tags": "update"}),
    )
    whole["steps"][0]["oldState"]["outputs"] = {"stage": 4.0, "key": CIPHER}
    found = _read(whole)
    assert (found.project, found.stack, found.errors) == ("shop", "live", ())
    assert found.config == {"aws:region": "us-east-1"}
    assert found.outputs == {"stage": 4, "key": SECRET}
    first, second = found.steps
    assert (first.op, first.name, first.region, first.is_real) == ("update", "db", "us-east-1", True)
    assert first.before is not None
    assert first.after is not None
    assert (first.before.inputs, first.after.inputs) == ({"port": 1}, {"port": 2.5})
    assert (first.before.protect, first.after.protect, first.before.parent) == (True, False, None)
    assert (second.changed, second.replaced_by) == (("bucket", "tags"), ("bucket",))


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("[secret]", SECRET), (CIPHER, SECRET), ({"a": [CIPHER]}, {"a": [SECRET]}),
        (SENTINEL, UNKNOWN), ("x" * 30_000, UNKNOWN), ({"__defaults": ["a"], "b": 1}, {"b": 1}),
    ],
)  # fmt: skip
def test_what_is_secret_or_not_known_is_dropped_as_it_is_read(written: Any, taken: Any) -> None:
    (one,) = _read(document(step("create", new={"value": written}))).steps
    assert one.after is not None
    assert one.after.inputs == {"value": taken}


def test_a_region_is_told_by_the_resource_or_else_by_others_of_its_provider() -> None:
    update, create = step("update", name="a"), step("create", name="b")
    other = step("update", name="c", old={"region": "eu-west-1"}, new={"region": "eu-west-1"})
    del other["oldState"]["outputs"]
    found = {one.name: one.region for one in _read(document(create, other, update)).steps}
    assert found == {"a": "us-east-1", "b": "us-east-1", "c": "eu-west-1"}


@pytest.mark.parametrize("op", ["replace", "create-replacement", "delete-replaced"])
def test_every_step_of_a_replacement_is_one(op: str) -> None:
    assert [one.op for one in _read(document(step(op))).steps] == ["replace"]


def test_it_is_known_whether_what_stays_the_same_is_listed() -> None:
    whole = document(step("same"), step("update", name="a"))
    assert _read(whole).shows_same
    del whole["steps"][1]
    assert not _read(whole).shows_same


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"), (b" \n", "empty"), (b"Previewing update", "does not start with {"), (b"[1]", "does not start"),
        (b"{}", "no step, config"), (b'{"version": 3}', "no step, config"), (b'{"steps": [', "ends in the middle"),
        ("{}".encode("utf-16"), "UTF-16"), (b'{"sequence":1,"timestamp":2}\n{}', "engine's events"),
        (b'{"steps": nul}', "not valid JSON"), (b'{"steps": [1, null, {"urn": "x"}]}', "no step, config"),
    ],
)  # fmt: skip
def test_something_else_is_refused_with_what_it_is(raw: bytes, said: str) -> None:
    with pytest.raises(UnreadablePreviewError, match=said) as refused:
        _read(raw)
    assert str(refused.value).startswith("p.json: ")


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    assert _errors(b"\xef\xbb\xbf" + json.dumps(document(step("create"))).encode()) == ""


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_a_file_that_ends_in_the_middle_is_never_complete(share: float) -> None:
    raw = json.dumps(document(*(step("update", name=f"n{index}") for index in range(40)))).encode()
    found = _read(raw[: int(len(raw) * share)])
    assert len(found.errors) == 1
    assert "p.json ends in the middle, after" in found.errors[0]
    assert len(found.steps) == pytest.approx(40 * share, abs=3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"changeSummary": None}, "no changeSummary"),
        ({"changeSummary": {"update": 1, "delete": 2}}, "2 delete steps are announced, and 0 are there"),
        ({"steps": [step("update"), {"op": "update"}]}, "1 of its steps are not in the form that the engine writes"),
        ({"steps": [step("update"), step("shred", name="x")]}, "operations that this version does not know: shred"),
        (
            {"diagnostics": [{"message": "<{%fg 1%}>error: no credentials<{%reset%}>\n", "severity": "error"}]},
            "no credentials",
        ),
    ],
)
def test_what_is_missing_or_went_wrong_is_told(change: Raw, said: str) -> None:
    found = _errors({**document(step("update")), **change})
    assert said in found
    assert "\x1b" not in found
    assert "<{%" not in found


def test_a_warning_is_no_error() -> None:
    warned = {"diagnostics": [{"message": "warning: careful\n", "severity": "warning"}]}
    assert _errors({**document(step("update")), **warned}) == ""


def test_garbage_after_half_of_it_is_never_quoted() -> None:
    raw = json.dumps(document(step("update", new={"masterPassword": "hunter2"}), step("create", name="x"))).encode()
    cut = raw.index(b"hunter2") + 3
    found = _errors(raw[:cut] + b'" hunter2 \x00' + raw[cut:])
    assert "not valid JSON" in found
    assert "hunter2" not in found


PROGRAM = """
import sys, time
from datetime import date
import psutil
from ops.guard.context import context_of
from ops.guard.judge import judge
from ops.guard.reader import read
base = psutil.Process().memory_info().rss
with open(sys.argv[1], "rb") as file:
    found = read(file, "p.json")
verdict = judge(found, context_of(found), date.today())
used = (psutil.Process().memory_info().rss - base) / 1e6
print(len(found.steps), len(verdict.findings), verdict.answer, time.process_time(), used)
"""


def test_ten_thousand_resources_are_judged_in_seconds_and_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    write(file, RESOURCES)
    megabytes = file.stat().st_size / 1e6
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    steps, findings, answer, seconds, used = done.stdout.split()
    assert (int(steps), answer) == (RESOURCES, "stopped")
    assert int(findings) >= RESOURCES
    assert float(seconds) < 15
    assert float(used) < 100, f"{used} MB for a file of {megabytes:.0f} MB"
