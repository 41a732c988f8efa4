"""What a move between two stages does to existing resources, computed before it is made.

`differ` compares two renders as the engine would, `engine` asks the engine itself; both give a `model.Transition`.
"""
