"""`ascent restore`: the database as it was at a time, or as a snapshot has it, in the place of the one there is.

`shape` reads from the stack's state what the database is to be like, `calls` builds what AWS is told, `plan` knows the
steps and what they cost, `cloud` asks and tells AWS, and `perform` takes the steps in order, each only if it is not
done yet. Nothing is kept on this machine: how far it has come is what AWS says.
"""
