"""The provider protocol's messages, as the Pulumi SDK ships them."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def without_sdk() -> None:
    """Make the messages importable without running the SDK's own start-up, which takes half a second.

    For a process that only serves the protocol: the SDK itself cannot be imported afterwards.
    """
    spec = find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations or "pulumi" in sys.modules:
        return
    folder = next(iter(spec.submodule_search_locations))
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        module = ModuleType(name)
        location = "/".join([folder, *name.split(".")[1:]])
        module.__path__ = [location]
        module.__spec__ = ModuleSpec(name, None, is_package=True)
        sys.modules[name] = module
