"""What all tests of the engine share: their programs and providers begin with what they import imported."""

from __future__ import annotations

import pytest

from sandbox.commands import engine, environ
from sandbox.commands.layout import Layout
from tests import warm


@pytest.fixture(autouse=True)
def _warm(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (engine, environ):
        monkeypatch.setattr(module, "TOOLCHAIN", warm.toolchain())
    monkeypatch.setattr(environ, "ROOT", warm.toolchain())
    monkeypatch.setattr(engine, "install_plugins", _without_logs)


def _without_logs(layout: Layout) -> None:
    """The engine keeps a log of each run below its home, unless it cannot. That is a fourth of its work."""
    environ.install_plugins(layout)
    (layout.pulumi_home / "logs").touch()
