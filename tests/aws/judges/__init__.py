"""Who judges a planned resource: each module knows one of the sources."""
