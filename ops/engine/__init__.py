"""The engine: updates, reading its output, and renders of the program without it."""
