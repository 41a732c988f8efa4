"""What all tests of the engine share: their programs begin with the SDKs imported."""

from __future__ import annotations

import pytest

from sandbox.commands import engine, environ
from tests import warm


@pytest.fixture(autouse=True)
def _warm(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (engine, environ):
        monkeypatch.setattr(module, "TOOLCHAIN", warm.toolchain())
