"""Whether a stack can take what its stage states."""
