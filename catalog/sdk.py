"""Reads an installed Pulumi SDK's Python source as text, without importing it: which types it has and their shapes.

Importing an SDK takes seconds; cutting one class out of a file and parsing that takes milliseconds.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_CLASS = re.compile(r"^class (\w+)(?:\(([^)]*)\))?:", re.MULTILINE)
_REGISTRY = re.compile(r'resource_modules="""(.*?)"""', re.DOTALL)
_ARGS = re.compile(r"get_resource_args_opts\((\w+),")
_SECRETS = re.compile(r"additional_secret_outputs=(\[[^\]]*\])")

# A type is "string", "integer", "number", "boolean", "any", {"list": T}, {"map": T} or {"object": key}.
Type = str | dict[str, Any]
_SCALARS: dict[str, Type] = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "Any": "any"}
_WRAPPERS = ("Input", "Optional", "Output", "NotRequired", "Awaitable")


class SdkError(Exception):
    """The SDK that a provider stands in for is not installed, or not laid out as expected."""


@cache
def sdk_version(provider: str) -> str:
    """Version of the installed SDK of `provider`: the version the stand-in reports as its own.

    Raises:
        SdkError: when it is not installed.
    """
    try:
        return version(f"pulumi-{provider}")
    except PackageNotFoundError as error:
        raise SdkError(f"pulumi-{provider} is not installed: run `make setup`") from error


@cache
def _root(provider: str) -> Path:
    spec = find_spec(f"pulumi_{provider}")
    if spec is None or spec.origin is None:
        raise SdkError(f"pulumi-{provider} is not installed: run `make setup`")
    return Path(spec.origin).parent


@cache
def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _classes(path: Path) -> dict[str, tuple[int, int]]:
    """Where in the file each class begins and ends."""
    text = _source(path)
    found = [(match.group(1), match.start()) for match in _CLASS.finditer(text)]
    ends = [start for _, start in found[1:]] + [len(text)]
    return {name: (start, end) for (name, start), end in zip(found, ends, strict=True)}


def _cut(path: Path, name: str) -> str:
    start, end = _classes(path)[name]
    return _source(path)[start:end]


def _parsed(path: Path, name: str) -> ast.ClassDef:
    text = _cut(path, name)
    while True:
        try:
            node = ast.parse(text).body[0]
            break
        except SyntaxError as error:
            # The cut ends where the next class begins: that one's decorators still hang on its end.
            text, decorator, _ = text.rpartition("\n@")
            if not decorator:
                raise SdkError(f"{path.name}: cannot read class {name}: {error}") from error
    if not isinstance(node, ast.ClassDef):
        raise SdkError(f"{path.name}: {name} is not a class")
    return node


def tokens(provider: str) -> dict[str, dict[str, str]]:
    """Type token to `module` (dotted, below the SDK's package) and `class`, for every resource of the SDK.

    Raises:
        SdkError: when the SDK's registry of types cannot be found.
    """
    match = _REGISTRY.search(_source(_root(provider) / "__init__.py"))
    if not match:
        raise SdkError(f"pulumi-{provider}: no registry of resource types in its __init__.py")
    package = f"pulumi_{provider}"
    return {
        token: {"module": module["fqn"].removeprefix(package).lstrip("."), "class": name}
        for module in json.loads(match.group(1))
        for token, name in module["classes"].items()
    }


def _file_of(folder: Path, name: str) -> Path:
    """The file of `folder` that defines the resource class `name`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    definition = re.compile(rf"^class {name}\(", re.MULTILINE)
    likely = [folder / f"{snake}.py", folder / f"{name}.py"]
    for path in [*likely, *sorted(set(folder.glob("*.py")) - set(likely))]:
        if path.is_file() and definition.search(path.read_text(encoding="utf-8")):
            return path
    raise SdkError(f"no source for {name} in {folder.name}")


class SchemaReader:
    """Collects the shape of one resource, and of every object type it reaches."""

    def __init__(self, provider: str) -> None:
        self._root = _root(provider)
        self.objects: dict[str, dict[str, Any]] = {}
        self._queue: list[tuple[str, Path, str]] = []

    def read(self, module: str, name: str) -> dict[str, Any]:
        """Inputs, outputs, secret outputs and object types of resource class `name` in `module`."""
        folder = self._root.joinpath(*module.split(".")) if module else self._root
        path = _file_of(folder, name)
        body = _cut(path, name)
        args = _ARGS.search(body)
        inputs = self._args(path, args.group(1)) if args else {}
        outputs = self._getters(path, _parsed(path, name), nested=False)
        while self._queue:
            key, file, cls = self._queue.pop()
            if key not in self.objects:
                self.objects[key] = {}
                self.objects[key] = self._args(file, cls)
        secrets = _SECRETS.search(body)
        return {
            "inputs": inputs,
            "outputs": {key: value["type"] for key, value in outputs.items()},
            "secrets": ast.literal_eval(secrets.group(1)) if secrets else [],
            "objects": self.objects,
        }

    def _args(self, path: Path, name: str) -> dict[str, Any]:
        if name not in _classes(path):
            return {}
        node = _parsed(path, name)
        required: set[str] = set()
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                pairs = zip(item.args.kwonlyargs, item.args.kw_defaults, strict=True)
                required = {argument.arg for argument, default in pairs if default is None}
        properties = self._getters(path, node, nested=True)
        return {
            key: {"type": value["type"], "required": value["python"] in required} for key, value in properties.items()
        }

    def _getters(self, path: Path, node: ast.ClassDef, *, nested: bool) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for item in node.body:
            if not isinstance(item, ast.FunctionDef) or item.returns is None:
                continue
            name = _getter(item)
            if name:
                found[name] = {"type": self._type(path, item.returns, nested=nested), "python": item.name}
        return found

    def _type(self, path: Path, node: ast.expr, *, nested: bool) -> Type:
        if isinstance(node, ast.Subscript):
            outer = _last(node.value)
            inner = node.slice
            if outer in _WRAPPERS:
                return self._type(path, inner, nested=nested)
            if outer in ("Sequence", "List"):
                return {"list": self._type(path, inner, nested=nested)}
            if outer in ("Mapping", "Dict") and isinstance(inner, ast.Tuple):
                return {"map": self._type(path, inner.elts[1], nested=nested)}
            if outer == "Union" and isinstance(inner, ast.Tuple):
                kinds = [self._type(path, item, nested=nested) for item in inner.elts]
                return kinds[0] if all(kind == kinds[0] for kind in kinds) else "any"
            if outer == "Literal":
                return "string"
            return "any"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._named(path, node.value, nested=nested)
        return _SCALARS.get(_last(node), "any")

    def _named(self, path: Path, reference: str, *, nested: bool) -> Type:
        name = reference.rsplit(".", 1)[-1]
        if not nested:
            return {"object": name}
        if not name.endswith("Args"):
            # An enumeration: its members travel as strings, and the service, not the SDK, knows the newest ones.
            return "string"
        file = self._file(path, reference)
        if file is None or name not in _classes(file):
            return "any"
        key = f"{file.parent.relative_to(self._root).as_posix()}/{name}".removeprefix("./")
        self._queue.append((key, file, name))
        return {"object": key}

    def _file(self, path: Path, reference: str) -> Path | None:
        *qualifier, _ = reference.split(".")
        folder = path.parent
        if qualifier and qualifier[0].startswith("_"):
            folder = self._root.joinpath(qualifier[0][1:], *qualifier[1:])
        file = folder / "_inputs.py"
        return file if file.is_file() else None


def _getter(function: ast.FunctionDef) -> str | None:
    """The property's name in the schema when `function` is a getter."""
    for decorator in function.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if _last(call) != "getter":
            continue
        if isinstance(decorator, ast.Call):
            for keyword in decorator.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
        return function.name
    return None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
