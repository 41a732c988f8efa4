"""Makes the config file a sandbox run uses from the one that ships, which stays as it is.

The real stacks encrypt their secrets with a key in the cloud. That key is not here, and nothing here should be able
to read a real secret: every one is replaced by a made-up value, encrypted with the passphrase "sandbox". A
ciphertext does not depend on where it stands, so these are constants, and no cipher is needed to write them.
"""

from pathlib import Path
from typing import Any

import yaml

from ops.config_file import ConfigFileError, read
from sandbox.commands.layout import Layout
from scripts.say import ProblemError

PASSPHRASE = "sandbox"  # noqa: S105 (public: it protects made-up values only)
SALT = "v1:uy+DHvtmZoM=:v1:C9N1s874cAsHKhLf:e8D0n+BOJy8MUgX5TkD27yp7ql3+EQ=="
# As long as an API token, and of the characters one is made of.
PLACEHOLDER = "sandbox-placeholder-not-a-real-secret-00"
PLACEHOLDER_CIPHERTEXT = (
    "v1:s1HM5rjh1Ybs+fVl:G483n3DjDNwKKZG31RtXIkOlfcaUOaTsq5U5f/abTfXsxAly9HnSExF3eBg/ODCaXCtWasQzif8="
)
# A program may look at a value: where the key says that it is a URL, it is one, of a host that never exists.
URL_CIPHERTEXTS = {
    "directUrl": (
        "v1:0JmBr1AZ3rN3dxPj:dCePx9v1o/q2d6mYmEYGm0N1tQlbtqd2OlFhe4e8H2xtm7tqF4Y+sbjPDx/"
        "ql9ESb2+HpL5P6RDKKNn/wD7XO0R/4uvg7LeGpMM="
    ),
    "url": (
        "v1:B0TQO+ifF6EKGfhz:p+qRi8tcnA4cXJlLhUasHL7M1XiJKzpFLvQ0m8X3RZ9PjkPG4kZLidj4Eg5BaYDP9c7x+G/l8fZEMq6VM2aaBg=="
    ),
}
URL_CIPHERTEXTS["pooledUrl"] = URL_CIPHERTEXTS["directUrl"]
# Pulumi Cloud's environments and other stacks' keys: neither can be reached from a sandbox.
NOT_HERE = ("secretsprovider", "encryptedkey", "environment")


def read_stack_file(path: Path, project: str) -> dict[str, Any]:
    """A stack's config file as data, its keys under `config` with their namespace.

    Raises:
        ProblemError: when it is not there, no YAML or no such file; its text is one line that begins with its name.
    """
    try:
        return read(path, project)
    except ConfigFileError as error:
        raise ProblemError(str(error)) from error


def for_sandbox(shipped: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """The same choices with the sandbox's secrets, and with some config values replaced."""
    ours = shipped.get("encryptionsalt") == SALT and not shipped.get("secretsprovider")
    config = shipped.get("config") or {}
    return {
        "encryptionsalt": SALT,
        **{key: value for key, value in shipped.items() if key not in (*NOT_HERE, "encryptionsalt", "config")},
        "config": (config if ours else _with_placeholders(config)) | overrides,
    }


def _with_placeholders(value: Any, key: str = "") -> Any:  # noqa: ANN401, RUF100 (YAML holds anything)
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return {"secure": URL_CIPHERTEXTS.get(key, PLACEHOLDER_CIPHERTEXT)}
        return {inner: _with_placeholders(one, inner) for inner, one in value.items()}
    if isinstance(value, list):
        return [_with_placeholders(inner) for inner in value]
    return value


def shipped(layout: Layout, stack: str, name: str) -> Any:  # noqa: ANN401, RUF100 (YAML holds anything)
    """What the shipped file says under a name of the project's; None where it says nothing."""
    config = read_stack_file(layout.project / f"Pulumi.{stack}.yaml", layout.project_name).get("config") or {}
    return config.get(f"{layout.project_name}:{name}")


def shipped_stage(layout: Layout, stack: str) -> int | None:
    """The stage that the shipped file says, where it says a usable one."""
    stage = str(shipped(layout, stack, "stage"))
    return int(stage) if stage.isascii() and stage.isdigit() else None


def shipped_region(layout: Layout, stack: str) -> str:
    """The stack's first region by the shipped file; us-east-1 where it says none."""
    regions = shipped(layout, stack, "regions")
    return str(regions[0]) if isinstance(regions, list) and regions else "us-east-1"


def write_config(layout: Layout, stack: str, overrides: dict[str, Any]) -> Path:
    """Generate the config file for a run; overrides are given without the project's name before them."""
    content = read_stack_file(layout.project / f"Pulumi.{stack}.yaml", layout.project_name)
    named = {f"{layout.project_name}:{key}": value for key, value in overrides.items()}
    text = f"# Generated from Pulumi.{stack}.yaml for the sandbox; changes here are overwritten.\n"
    text += yaml.safe_dump(for_sandbox(content, named), sort_keys=False, allow_unicode=True)
    target = layout.config(stack)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(target)
    return target
