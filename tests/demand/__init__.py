"""Loads that are given to `--load`, what they need of each stage, and what they cost."""
