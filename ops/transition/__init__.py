"""What moving a stack from one stage to another does to what exists, before it is done.

`differ` compares two renders as the engine would, `engine` asks the engine itself; both give a `model.Transition`.
"""
