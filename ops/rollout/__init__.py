"""`ascent rollout`: brings a new version step by step, watched by alarms, with automatic rollback.

`state_machine` has only the legal steps; `runner` takes them. It uses the stack's file (`stackfile`), the engine
(`ops.engine.updates`), the alarms and targets (`gates`, read by `observer`), and the clock.
"""
