"""A model of a stack under a load over time: what is served, what is dropped, how slow, where it breaks first.

It is arithmetic, second by second, and no load test. `simulation.simulate` is the way in; `assumptions` has what nobody
published, each with its reason.
"""
