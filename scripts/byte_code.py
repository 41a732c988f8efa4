"""Keeps byte code whole or not at all, as newer Pythons do. `make setup` puts a copy of this into the environment.

Before 3.12.8 and 3.13.1, Python takes a write that was cut short for a whole one (CPython issue 126606). A disk that
fills up leaves half a .pyc file then, under its final name, and each later import of it ends with "marshal data too
short", though there is room again.
"""

import os
import sys

FIXED = sys.version_info >= (3, 13, 1) or (3, 12, 8) <= sys.version_info < (3, 13)


def write_whole(path: str, data: bytes, mode: int = 0o666) -> None:
    """Write a file beside its final place and rename it; an error leaves nothing."""
    partial = f"{path}.{os.getpid()}"
    handle = os.open(partial, os.O_EXCL | os.O_CREAT | os.O_WRONLY, mode & 0o666)
    try:
        # A buffered file writes all of it, or raises.
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(partial, path)  # noqa: PTH105  every Python that starts would have to import pathlib
    except OSError:
        os.unlink(partial)  # noqa: PTH108
        raise


if not FIXED:
    # Python looks it up there by this name each time, and goes on without byte code where it raises OSError.
    sys.modules["_frozen_importlib_external"]._write_atomic = write_whole  # type: ignore[attr-defined]
