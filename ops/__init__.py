"""The `ascent` command: it computes what the runbooks let a person decide."""
