"""A run of a small stack on a real account, once, that says where the sandbox was wrong: `make smoke-account`."""
