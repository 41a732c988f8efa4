"""Errors of the sandbox itself."""


class WorldError(Exception):
    """The world file cannot be read or written."""
