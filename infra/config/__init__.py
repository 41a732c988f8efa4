"""The settings of a stack: their models, what is wrong with a file, and what it is called in messages."""
