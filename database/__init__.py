"""The runbooks' SQL, made safe: ordered, repeatable, online, resumable. `python -m database --help` is its command."""
