"""Runs the real engine against the stand-in providers: `python -m sandbox`, and `Sandbox` for tests."""
