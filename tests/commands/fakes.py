"""Programs that only pretend, for tests that choose between programs."""

from pathlib import Path

PULUMI = 'case "$1" in version) echo v{version};; esac'
GO = """\
case "$1" in
version) echo "go version go{version} linux/amd64" ;;
list) echo "{sdk}" ;;
build)
    echo "$@" >> "{log}"
    {before}
    while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
    printf '#!/bin/sh\\necho v{built}\\n' > "$out"; chmod +x "$out" ;;
esac"""


def program(path: Path, text: str = "exit 0") -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def pulumi(directory: Path, version: str, *, host: bool = True) -> Path:
    """An engine of some version, with its language host or without."""
    if host:
        program(directory / "pulumi-language-python")
        program(directory / "pulumi-language-python-exec")
    return program(directory / "pulumi", PULUMI.format(version=version))


def go(directory: Path, version: str = "1.26.0", before: str = "") -> tuple[Path, Path]:
    """A Go that "builds" an engine, and the file it notes every build in."""
    log, sdk = directory / "builds.log", directory / "sdk"
    program(sdk / "python" / "cmd" / "pulumi-language-python-exec")
    text = GO.format(version=version, sdk=sdk, log=log, before=before, built="3.258.0")
    return program(directory / "go", text), log
