"""docs/stack.svg: the drawing of the sandbox's stack, which README.md begins with."""

from __future__ import annotations

from ops import stackfile
from ops.documents import readme
from ops.documents.model import Document
from ops.drawing.picture import picture
from ops.engine.render import render

STACK = "sandbox"


def drawn() -> str:
    """The drawing at the stage that README.md shows."""
    settings = stackfile.settings(STACK, readme.STAGE)
    return picture(settings, render(settings, STACK).resources)


DOCUMENT = Document(file="docs/stack.svg", renders={"picture": drawn})
