"""Objects that a real API server (1.36.3) refused, with its words: held against the sandbox, and against a cluster."""
