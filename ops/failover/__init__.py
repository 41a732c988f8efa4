"""`ascent failover`: another region takes the writes.

`plan` knows the steps and what they cost, `config` the change of the stack's file, `cloud` and `instances` how AWS is
asked and told, `restart` how a region's instances fetch the new addresses, and `perform` takes the steps in order, each
only if it is not done yet.
"""
