"""`inspector`: the commands, and errors as exit codes."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from inspector import __version__
from inspector.cli.commands import Commands
from inspector.errors import (
    CancelledError,
    DeadlineExceededError,
    InspectorError,
    InvalidModelError,
    LimitExceededError,
    UserError,
)

EXIT_USAGE = 2  # as the option parser's own
EXIT_MODEL = 3
EXIT_INTERNAL = 4
EXIT_LATE = 124  # as of timeout(1)
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="inspector",
    cls=Commands,
    help="Look inside exported CNNs. Exit codes: 0 done, 1 `check` found an error, 2 wrong usage or input, 3 the model "
    "cannot be loaded, 4 the service cannot be reached or an internal error, 124 --timeout is over, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the list of commands comes at once; a command's own help has colors and panels
)


def _tell_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"inspector {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version and exit."),
    ] = False,
) -> None: ...


def main() -> None:
    """Run the command line and exit."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except InspectorError as error:
        from inspector.cli.complaint import complain  # noqa: PLC0415 — `rich` costs time that the help has not

        complain(error)
        sys.exit(_exit_code(error))
    except Exception:  # noqa: BLE001 — a bug of ours; a script learns of it by the exit code
        traceback.print_exc()
        sys.exit(EXIT_INTERNAL)


def _exit_code(error: InspectorError) -> int:
    if isinstance(error, InvalidModelError | LimitExceededError) or error.reason == "MODEL_NOT_FOUND":
        return EXIT_MODEL
    if isinstance(error, DeadlineExceededError):
        return EXIT_LATE
    if isinstance(error, CancelledError):
        return EXIT_INTERRUPTED
    return EXIT_USAGE if isinstance(error, UserError) else EXIT_INTERNAL


if __name__ == "__main__":
    main()
