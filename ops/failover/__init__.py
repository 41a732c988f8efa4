"""`ascent failover`: another region takes the writes.

`plan` has the steps and their cost, `config` the change of the stack's file. `cloud` and `instances` call AWS,
`restart` has a region's instances fetch the new addresses, and `perform` takes the steps in order, each only if it is
not done yet.
"""
