"""Which engine is used, what happens when none can be had, and that two set-ups do not get in each other's way."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts import engine, golang
from scripts.process import version_tuple
from scripts.release import ReleaseUnavailableError, archive_url, wanted_checksum
from scripts.say import ProblemError
from tests.commands import fakes


def put_on_path(monkeypatch: pytest.MonkeyPatch, *directories: Path) -> None:
    monkeypatch.setenv("PATH", ":".join([*map(str, directories), "/usr/bin", "/bin"]))


def found(toolchain: Path) -> dict[str, object]:
    record: dict[str, object] = json.loads((toolchain / "found.json").read_text())
    return record


@pytest.mark.parametrize("version", ["3.258.0", "3.300.1", "4.0.0"])
def test_an_engine_on_path_is_used(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    theirs = fakes.pulumi(tmp_path / "their bin", version)
    put_on_path(monkeypatch, theirs.parent)
    engine.ensure_engine()
    assert found(toolchain)["how"] == "path"
    assert found(toolchain)["version"] == version
    assert (toolchain / "bin" / "pulumi").resolve() == theirs.resolve()


@pytest.mark.parametrize(
    ("version", "host", "reason"),
    [
        ("3.257.9", True, "is version v3.257.9, and 3.258.0 or newer is needed"),
        ("3.258.0", False, "has no pulumi-language-python beside it"),
    ],
)
def test_an_engine_on_path_that_will_not_do_is_named(
    tmp_path: Path,
    version: str,
    host: bool,  # noqa: FBT001
    reason: str,
) -> None:
    fakes.pulumi(tmp_path, version, host=host)
    where, said = engine.usable_on_path(str(tmp_path))
    assert where is None
    assert reason in said


def test_the_language_host_may_be_elsewhere_on_path(tmp_path: Path) -> None:
    fakes.pulumi(tmp_path / "engine", "3.258.0", host=False)
    fakes.pulumi(tmp_path / "host", "3.258.0")
    where, _ = engine.usable_on_path(f"{tmp_path / 'engine'}:{tmp_path / 'host'}")
    assert where is not None
    assert where["pulumi"].parent.name == "engine"
    assert where["pulumi-language-python"].parent.name == "host"


def test_without_engine_or_network_it_is_built_once(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    go, log = fakes.go(tmp_path / "go bin")
    put_on_path(monkeypatch, go.parent)
    engine.ensure_engine()
    assert found(toolchain)["how"] == "built"
    assert engine.is_current()
    builds = log.read_text().splitlines()
    assert len(builds) == 2, "the language host and the engine"
    assert "-tags osusergo,grpcnotrace" in builds[1]
    said = capfd.readouterr().err
    assert "there is no pulumi, and the official release is out of reach: no network in tests" in said
    assert "Expect about" in said
    engine.ensure_engine()
    assert len(log.read_text().splitlines()) == 2


def test_two_set_ups_at_once_build_once(toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go, log = fakes.go(tmp_path / "go bin", before="sleep 0.3")
    put_on_path(monkeypatch, go.parent)
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(engine.ensure_engine) for _ in range(2)]:
            future.result()
    assert len(log.read_text().splitlines()) == 2
    assert engine.complete(toolchain / "bin")


def test_what_a_killed_build_left_is_in_nobodys_way(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, log = fakes.go(tmp_path / "go bin")
    put_on_path(monkeypatch, go.parent)
    cache = tmp_path / "cache" / "ascent"
    for name in (f"pulumi-{engine.VERSION}", f"pulumi-{engine._key()}"):
        fakes.program(cache / f"{name}.partial" / "bin" / "pulumi", "exit 1")
    (toolchain / "bin").mkdir(parents=True)
    (toolchain / "found.json.partial").write_text('{"how": "bu')
    engine.ensure_engine()
    assert found(toolchain)["how"] == "built"
    assert len(log.read_text().splitlines()) == 2
    assert not list(cache.glob("*.partial"))


def test_a_build_that_fails_says_what_was_tried_and_leaves_nothing(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, _ = fakes.go(tmp_path / "go bin", before="echo 'module lookup disabled'; exit 1")
    put_on_path(monkeypatch, go.parent)
    with pytest.raises(ProblemError) as problem:
        engine.ensure_engine()
    text = str(problem.value)
    assert "on PATH: there is no pulumi" in text
    assert "the official release: no network in tests" in text
    assert "module lookup disabled" in text
    assert "install Pulumi 3.258.0 or newer" in text
    assert not list((tmp_path / "cache" / "ascent").glob("pulumi-*"))
    assert not (toolchain / "found.json").exists()


@pytest.mark.usefixtures("toolchain")
def test_a_full_disk_is_called_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go, _ = fakes.go(tmp_path / "go bin", before="echo 'write /x: no space left on device'; exit 1")
    put_on_path(monkeypatch, go.parent)
    with pytest.raises(ProblemError, match="The disk filled up: Compiling the language host"):
        engine.ensure_engine()
    assert not engine.is_current()


def test_a_compiler_without_headers_is_done_without(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CGO_ENABLED", raising=False)
    broken = '[ "$CGO_ENABLED" = 0 ] || { echo "# runtime/cgo"; exit 1; }'
    go, _ = fakes.go(tmp_path / "go bin", before=broken)
    put_on_path(monkeypatch, go.parent)
    engine.ensure_engine()
    assert found(toolchain)["how"] == "built"


@pytest.mark.usefixtures("toolchain")
def test_a_cache_that_went_away_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go, log = fakes.go(tmp_path / "go bin")
    put_on_path(monkeypatch, go.parent)
    engine.ensure_engine()
    (tmp_path / "cache").rename(tmp_path / "moved")
    assert not engine.is_current()
    engine.ensure_engine()
    assert len(log.read_text().splitlines()) == 4


def test_an_engine_that_is_installed_later_is_noticed(
    toolchain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, _ = fakes.go(tmp_path / "go bin")
    put_on_path(monkeypatch, go.parent)
    engine.ensure_engine()
    put_on_path(monkeypatch, fakes.pulumi(tmp_path / "new", "3.260.0").parent, go.parent)
    engine.ensure_engine()
    assert found(toolchain)["how"] == "path"


def test_an_old_go_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go, _ = fakes.go(tmp_path, version="1.25.10")
    put_on_path(monkeypatch, go.parent)
    assert golang.go_version(go) == (1, 25, 10)
    assert golang.go_on_path() is None


def test_a_release_is_chosen_for_the_machine_and_must_be_listed() -> None:
    assert archive_url("3.258.0", "linux", "x86_64").endswith("/pulumi-v3.258.0-linux-x64.tar.gz")
    assert archive_url("3.258.0", "darwin", "arm64").endswith("/pulumi-v3.258.0-darwin-arm64.tar.gz")
    with pytest.raises(ReleaseUnavailableError, match="no release for linux on riscv64"):
        archive_url("3.258.0", "linux", "riscv64")
    listing = f"{'a' * 64}  pulumi-v1-linux-x64.tar.gz\n{'B' * 64} *pulumi-v1-darwin-x64.tar.gz\nnonsense\n"
    assert wanted_checksum(listing, "pulumi-v1-darwin-x64.tar.gz") == "b" * 64
    assert wanted_checksum(listing, "pulumi-v2-linux-x64.tar.gz") is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("v3.258.0", (3, 258, 0)), ("3.260.0-dev.0", (3, 260, 0)), ("3.9", (3, 9)), ("unknown", ()), ("", ())],
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version_tuple(text) == numbers
