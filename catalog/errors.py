"""What the real service would refuse."""


class CloudRefusedError(Exception):
    """The cloud would refuse this operation; the message says so in its words."""
