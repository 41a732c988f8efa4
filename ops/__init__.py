"""The `ascent` command: the runbooks' decisions, computed."""
