"""`ascent rollout`: a new version comes step by step, watched, and goes back by itself.

`machine` knows the legal steps and nothing else; `walk` takes them, through ports: the stack's file (`stackfile`), the
engine (`engine`), the alarms and targets (`gates`), and the clock.
"""
