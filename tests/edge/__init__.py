"""The edge's rules, replayed."""
