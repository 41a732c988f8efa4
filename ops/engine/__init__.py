"""The engine: updates through it, what its output says, and renders of the program without it."""
