"""The users of the database and what they may do, made and kept by a function that the update calls."""
