"""Renders that can be compared: they record from which outputs each value was made.

`model` is the record, `tracer` makes it, `answers` has the outputs of a resource once it exists.
"""
