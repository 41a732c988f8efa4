"""The floor for a preview: a flat program, without components, of as many resources of the same types."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Any

from ops.engine.recorder import SECRET, UNKNOWN, Recorded


class _Code(str):
    """An expression: its repr is itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def write(resources: list[Recorded], project: Path, virtualenv: Path) -> None:
    """Write a project to `project` that declares `resources` one below the other, with the same inputs.

    Args:
        resources: what a render recorded.
        project: directory to be.
        virtualenv: the environment it is to run in.
    """
    project.mkdir(parents=True)
    (project / "Pulumi.yaml").write_text(
        f"name: flat\nruntime:\n  name: python\n  options:\n    virtualenv: {virtualenv}\n"
    )
    (project / "Pulumi.sandbox.yaml").write_text("config: {}\n")
    (project / "__main__.py").write_text(program(resources))


def program(resources: list[Recorded]) -> str:
    """The source of the flat program."""
    providers = [one for one in resources if one.type == "pulumi:providers:aws"]
    managed = [one for one in resources if one.custom and one not in providers]
    regions = {one.inputs["region"]: f"provider_{index}" for index, one in enumerate(providers)}
    # As ours does: the garbage collector takes a fifth of a program's time.
    lines = [*imports({one.type for one in managed}), "import gc", "gc.disable()"]
    for one in providers:
        region = one.inputs["region"]
        lines.append(f"{regions[region]} = aws.Provider({one.name!r}, region={region!r})")
    lines.append(
        f"unknown = aws.ec2.Eip('anything', opts=pulumi.ResourceOptions(provider={next(iter(regions.values()))})).id"
    )
    lines.append("secret = pulumi.Output.secret(unknown)")
    for one in managed:
        arguments = ", ".join(f"{_snake(key)}={_value(value)!r}" for key, value in one.inputs.items())
        options = f"opts=pulumi.ResourceOptions(provider={regions[one.region]})" if one.region else "opts=None"
        lines.append(f"{_class(one.type)}({one.name!r}, {arguments}, {options})")
    return "\n".join(lines) + "\n"


def imports(types: set[str]) -> list[str]:
    """Lines that import the SDKs' classes of `types`; the SDKs load a module when it is first used."""
    managed = sorted(type_ for type_ in types if not type_.startswith("pulumi:"))
    packages = sorted({type_.split(":")[0] for type_ in managed})
    loads = [f"import pulumi_{package} as {package}" for package in packages]
    return ["import pulumi", *loads, *(_class(type_) for type_ in managed)]


def _class(type_: str) -> str:
    package, module, name = type_.split(":")
    module = module.partition("/")[0]
    # A word of Python's own cannot be a module's name: the SDK has `lambda_`.
    module += "_" * keyword.iskeyword(module)
    return f"{package}.{name}" if module == "index" else f"{package}.{module}.{name}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", name).lower()


def _value(value: Any) -> Any:
    if value == UNKNOWN:
        return _Code("unknown")
    if value == SECRET:
        return _Code("secret")
    if isinstance(value, dict):
        return {key: _value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_value(one) for one in value]
    # The SDK wants text as it got it: inputs come back as JSON of either kind.
    return value
