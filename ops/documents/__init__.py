"""The generated parts of README.md and docs/: a module for each document, and `index.py`, which lists them.

`make docs` writes them. `make check` fails where one that takes no render is stale, and tests where another is.
`update.py` writes the one part that needs the engine, and has a command of its own.
"""
