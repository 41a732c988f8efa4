"""Changes `ascent:rollout` in a stack's file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.config.models.rollout import Rollout
from infra.config.problems import SettingsError
from infra.config.settings import Settings
from ops import stackfile
from ops.stackedit import EditedFile, edited

KEY = "rollout"


class StackFile(EditedFile):
    """The rollout in one stack's file."""

    def settings(self, rollout: Rollout | None = None) -> Settings:
        """The stack's settings, with `rollout` in place of the file's own.

        Raises:
            SettingsError: when they are not allowed, as when both colors together open too many connections.
        """
        return stackfile.settings(self.stack, rollout=None if rollout is None else plain(rollout))

    def rollout(self) -> Rollout:
        """The rollout that the file has now.

        Raises:
            SettingsError: when the file is no usable config.
        """
        return self.settings().rollout

    def write(self, old: Rollout, new: Rollout) -> None:
        """Replace `old` by `new`, atomically.

        Raises:
            SettingsError: when `new` is not allowed, or the file does not have `old` any more.
        """
        self.settings(new)
        if self.rollout() != old:
            raise SettingsError(
                [f"{self.name}: ascent:{KEY} was changed by another command meanwhile; look at it, and try again"]
            )
        self.replace(edited(self.text(), KEY, plain(new), self.name))

    @contextmanager
    def copy(self, rollout: Rollout) -> Iterator[Path]:
        """A temporary copy with `rollout`.

        Raises:
            SettingsError: when the file cannot be edited in place.
        """
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / self.name
            path.write_text(edited(self.text(), KEY, plain(rollout), self.name), encoding="utf-8")
            yield path


def plain(rollout: Rollout) -> dict[str, Any]:
    """A rollout as its file has it: camelCase, and without empty values."""
    said = rollout.model_dump(mode="json", by_alias=True, exclude_none=True)
    for color in rollout.colors:
        if said[color] == {"weight": 0}:
            del said[color]
    if not rollout.kubernetes_share:
        del said["kubernetesShare"]
    return said
