"""`python -m sandbox`: see `python -m sandbox --help`."""

from sandbox.commands.app import app

if __name__ == "__main__":
    app(prog_name="python -m sandbox")
