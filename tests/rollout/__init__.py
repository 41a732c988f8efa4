"""`ascent rollout`: its machine, its file, and its walks without an engine."""
