"""Tests of `ascent simulate`."""
