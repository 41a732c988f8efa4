"""The charts: what they render, what they refuse, and real servers started from what they render."""
