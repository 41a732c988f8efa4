"""Renders that can be compared: they know which outputs each value was made of.

`model` is what is recorded, `tracer` records it, `answers` holds what a resource answers once it is there.
"""
