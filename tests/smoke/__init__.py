"""A smoke run: its steps on an engine of its own, and what it says of differences."""
