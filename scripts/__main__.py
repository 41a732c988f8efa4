"""`python -m scripts setup|check|lock|upgrade|clean`: what the Makefile's targets run."""

import argparse
import sys

from scripts import arguments
from scripts.say import ProblemError, say


def main(words: list[str]) -> int:
    """0 fine, 1 it failed, 2 bad input."""
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    parser.add_argument("command", choices=["setup", "check", "lock", "upgrade", "clean"])
    parser.add_argument("pins", nargs="*", help="of upgrade: what to take, such as pulumi-aws==7.52.0")
    parser.add_argument("--stage", default="", help="checked before a long set-up starts")
    parser.add_argument("--stack", default="", help="checked before a long set-up starts")
    options = parser.parse_args(words)
    try:
        if options.stage:
            arguments.checked_stage(options.stage)
        if options.stack and arguments.stacks():
            arguments.checked_stack(options.stack)
    except ProblemError as problem:
        say(str(problem))
        return 2
    try:
        _run(options.command, options.pins)
    except ProblemError as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted. What was finished is kept; run it again to go on.")
        return 130
    return 0


def _run(command: str, pins: list[str]) -> None:
    # Imported only when asked for: set-up that has nothing to do should take no time at all.
    if command == "setup":
        from scripts.engine import ensure_engine
        from scripts.environment import ensure_environment

        ensure_environment()
        ensure_engine()
    elif command == "check":
        from scripts.check import check

        check()
    elif command == "lock":
        from scripts.lock import lock_all

        lock_all()
    elif command == "upgrade":
        from scripts.upgrade import upgrade

        upgrade(pins)
    else:
        from scripts.clean import clean

        clean()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
