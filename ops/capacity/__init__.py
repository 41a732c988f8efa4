"""Whether a stack can carry what its stage states."""
