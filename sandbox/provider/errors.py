"""Errors that people see."""


class Refused(Exception):  # noqa: N818 (it is what a cloud does, not what goes wrong here)
    """The cloud would refuse this operation; the message says so in its words."""


class WorldError(Exception):
    """The world file cannot be read or written."""
