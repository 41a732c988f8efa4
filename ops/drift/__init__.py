"""What of a stack is not as its state says: what other services own and may change, and what was changed by hand."""
