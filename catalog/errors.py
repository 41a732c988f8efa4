"""What the real service would refuse."""


class Refused(Exception):  # noqa: N818 (it is what a cloud does, not what goes wrong here)
    """The cloud would refuse this operation; the message says so in its words."""
