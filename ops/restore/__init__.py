"""`ascent restore`: restores the database to a time or a snapshot, in the place of the present one.

`shape` reads from the stack's state which properties the database needs, `calls` builds the calls of AWS, `plan` has
the steps and their cost, `cloud` calls AWS, and `perform` takes the steps in order, each only if it is not done yet.
Nothing is kept on this machine: the progress is read from AWS.
"""
