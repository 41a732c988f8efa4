"""Facts of resource types: what they are called, what they answer, what they refuse, and what replaces them.

Read by the command, which works offline, and by the sandbox's providers. Nothing here keeps a state.
"""
