"""Differences between a stack and its state: those that other services make and may make, and changes by hand."""
