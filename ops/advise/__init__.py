"""Whether it is time for another stage, and for which, by a stack's own metrics."""
