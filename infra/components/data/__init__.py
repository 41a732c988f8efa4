"""Components that hold data, and those that guard access to it."""
