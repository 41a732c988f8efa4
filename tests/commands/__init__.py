"""Set-up, the sandbox's runner and the ascent command."""
