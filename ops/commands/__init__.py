"""One file for each of ascent's commands; ops/cli.py lists them."""
