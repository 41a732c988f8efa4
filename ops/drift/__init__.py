"""What of a stack is not as its state says: what others own and may change, and what somebody changed by hand."""
