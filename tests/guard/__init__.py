"""The guard: what it reads, what it finds, and what it says."""
