"""Moves between stages: what they do, in which updates, and taking them."""
