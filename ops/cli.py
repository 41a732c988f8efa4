"""The command line. A command is one row of COMMANDS and one file in ops/commands/, imported only when it is run.

The file has a function of the command's name, or a Typer of that name where the command has subcommands. An error that
ends a command is printed here: as text on standard error and, with --json, as an object on standard output.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import getdoc
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from ops.errors import INTERRUPTED, NO, AscentError, as_dict, ascent_error

# name: (module with a function or a Typer of that name, what --help says about it)
COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("ops.commands.new", "Write the file of a new stack: asks, or takes options."),
    "stages": ("ops.commands.stages", "The seven stages: what each adds, and its sizes."),
    "plan": ("ops.commands.plan", "What a stack consists of at a stage, worked out offline."),
    "advise": ("ops.commands.advise", "Whether another stage is due, by metrics, and what is cheaper."),
    "capacity": ("ops.commands.capacity", "Whether connections fit, and fleets carry their users."),
    "simulate": ("ops.commands.simulate", "Whether a stack carries a load, and where it breaks first."),
    "cost": ("ops.commands.cost", "What a stage costs a month, and what a move costs."),
    "prices": ("ops.commands.prices", "Bring the price table up to date from the public price lists."),
    "report": ("ops.commands.report", "A stack as one page, for people who would rather look."),
    "transition": ("ops.commands.transition", "What a move between stages does; --apply makes its updates."),
    "matrix": ("ops.commands.matrix", "What every move between two stages does, and what is lost."),
    "guard": ("ops.commands.guard", "Whether an update may be made, by its preview."),
    "images": ("ops.commands.images", "Whether each region's registry has the images, and their scans."),
    "rollout": ("ops.commands.rollout", "A new version step by step: start, step, promote, abort, status."),
    "drift": ("ops.commands.drift", "What was changed by hand, beside what autoscaling may change."),
    "fleet": ("ops.commands.fleet", "Whether the instances are what the last update asked for."),
    "readers": ("ops.commands.readers", "Database readers that autoscaling made; --remove deletes them."),
    "doctor": ("ops.commands.doctor", "Whether tools, quotas and rights are complete."),
    "backfill": ("ops.commands.backfill", "Copy to other regions the objects older than the replication."),
    "failover": ("ops.commands.failover", "Move the writes to another region; --apply takes the steps."),
    "restore": ("ops.commands.restore", "Restore the database to a time or a snapshot; --apply does it."),
}
# How --help groups them.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Plan and size": ("new", "stages", "plan", "advise", "capacity", "simulate", "cost", "prices", "report"),
    "Change": ("transition", "matrix", "guard", "images", "rollout"),
    "Look after": ("drift", "fleet", "readers", "doctor"),
    "Data and regions": ("backfill", "failover", "restore"),
}


def as_help(text: str) -> str:
    """A docstring as help text: brackets are escaped, and a paragraph is as wide as the terminal."""
    from rich.markup import escape

    return escape(re.sub(r"(?<=\S)\n(?=\S)", " ", text))


class LazyCommand(TyperCommand):
    """A command's name and help. It imports the real command when it is about to run, and calls it."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401, RUF100 (click's own signature)
        """Called before a command runs or shows its own --help."""
        name = str(self.name)
        real = getattr(import_module(COMMANDS[name][0]), name)
        if not isinstance(real, typer.Typer):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
            single.command(name)(real)
            real = single
        for one in real.registered_commands:
            one.help = as_help(getdoc(one.callback) or "")
        return get_command(real).make_context(info_name, args, parent, **extra)


class LazyGroup(TyperGroup):
    """Knows its commands' names and help without importing them: `ascent --help` has to be quick."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **extra: Any) -> Any:  # noqa: ANN401, RUF100
        """Run a command, print the error that ends it, and exit."""
        given = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in given
        try:
            sys.exit(super().main(given, *others, **{**extra, "standalone_mode": False}))
        except typer.Abort:
            _tell(AscentError("Nothing was done.", code=NO), as_json=as_json)
        except TyperException as error:
            _tell(_usage(error), as_json=as_json, usage=error)
        except AscentError as error:
            _tell(error, as_json=as_json)
        except Exception as error:
            # SettingsError, which is imported only when a stack's file has problems.
            if not hasattr(error, "problems"):
                raise
            _tell(ascent_error(error), as_json=as_json)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002, RUF100
        """The commands in the table's order."""
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002, RUF100
        """The commands by section, with their names as wide in each."""
        width = max(map(len, COMMANDS))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), COMMANDS[name][1]) for name in names])

    def get_command(self, ctx: Any, cmd_name: str) -> LazyCommand | None:  # noqa: ANN401, ARG002, RUF100
        """A command by name."""
        if cmd_name not in COMMANDS:
            return None
        return LazyCommand(name=cmd_name, help=COMMANDS[cmd_name][1])


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain, as rich takes longer to import than all the rest. A command's own help has it.
    rich_markup_mode=None,
    help="Grow an infrastructure stack through seven scaling stages, and know before you do it.",
    epilog="Exit codes: 0 fine, 1 the answer is no or a step failed, 2 bad input or nothing to ask, 130 interrupted. "
    "With --json, errors are JSON on standard output. Every command takes --help.",
)


def _version(asked: bool) -> None:  # noqa: FBT001  an option's value
    """Print the version, and exit."""
    if asked:
        from ops.version import version

        print(f"ascent {version()}")  # noqa: T201
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Typer builds a group only around a callback."""
    del version


def _usage(error: TyperException) -> AscentError:
    """The error for a command line that cannot be parsed."""
    from infra.config.problems import Problem

    parameter = getattr(error, "param", None)
    parts = {"key": parameter.opts[0]} if parameter is not None else {}
    return AscentError(Problem(error.format_message(), **parts), code=error.exit_code)


def _tell(refused: AscentError, *, as_json: bool, usage: Any = None) -> None:
    """Print the error, and exit."""
    from typer.rich_utils import rich_format_error

    from ops.console import errors

    if usage is not None:
        rich_format_error(usage)
    elif str(refused):
        errors.print(str(refused), style="red", markup=False)
    if as_json:
        try:
            print(json.dumps(_document(refused.document, refused.problems, refused.code), indent=2), flush=True)  # noqa: T201
        except OSError:
            # Standard output is full, which is what the error says. Python would try again at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(refused.code)


def _document(beside: Mapping[str, Any], problems: Sequence[str], code: int) -> dict[str, Any]:
    return {**beside, "error": as_dict(problems, code)}


def main() -> None:
    """Run, and turn an exception that was not caught into one line."""
    try:
        app(prog_name="ascent")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of the pipe has ended, such as `head`. That is no error.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        _tell(AscentError(_mishap(error), code=NO), as_json="--json" in sys.argv)


def _mishap(error: Exception) -> str:
    """An unexpected error, as one line: a disk that is full or read-only, or a bug of Ascent's."""
    if isinstance(error, OSError):
        return f"{error.filename or 'the disk'}: {error.strerror or error}"
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="ascent-", suffix=".txt", delete=False, encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    said = " ".join(str(error).split())
    return f"This is a fault of ascent itself: {type(error).__name__}: {said}. What led to it is in {file.name}"
