"""The stack's outputs after its last update, which say what exists before this update changes anything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pulumi

from infra import half_written

# A function of the Pulumi engine itself: the outputs of a stack, here of the running one.
READ_STACK_OUTPUTS = "pulumi:pulumi:readStackOutputs"


def previous_outputs() -> Mapping[str, Any]:
    """The stack's outputs after its last update; empty before the first one."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    outputs: Mapping[str, Any] = (_read(name).value or {}).get("outputs", {})
    return outputs


def _read(name: str) -> Any:
    """Read the outputs, and retry while the state file is only partly written."""
    for pause in half_written.PAUSES:
        try:
            return pulumi.runtime.invoke(READ_STACK_OUTPUTS, {"name": name})
        except Exception as error:
            # The SDK raises a bare Exception with the engine's text.
            if half_written.SAYS not in str(error):
                raise
        time.sleep(pause)
    return pulumi.runtime.invoke(READ_STACK_OUTPUTS, {"name": name})
