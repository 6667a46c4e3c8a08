"""`inspector`: the commands, and errors as exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from inspector import __version__
from inspector.cli.commands import Commands
from inspector.cli.exits import EXIT_INTERNAL, EXIT_INTERRUPTED, MEANINGS, exit_code
from inspector.errors import InspectorError

app = typer.Typer(
    name="inspector",
    cls=Commands,
    help=f"Look inside exported CNNs. Exit codes: {', '.join(f'{code} {what}' for code, what in MEANINGS.items())}.",
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
    _open_closed_streams()
    with _ended_with_its_reader():
        try:
            try:
                app()
            finally:
                sys.stdout.flush()  # here it can be told what went wrong with it
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
        except InspectorError as error:
            from inspector.cli.complaint import complain  # noqa: PLC0415 — `rich` costs time that the help has not

            complain(error)
            sys.exit(exit_code(error))
        except OSError as error:  # of what is printed: files of ours are written with errors of ours
            sys.stdout = _nowhere()  # the interpreter would try once more
            sys.stderr.write(
                f"error The answer cannot be printed: {error.strerror or error} (OUTPUT_FAILED)\n"
            )
            sys.exit(EXIT_INTERNAL)
        except Exception:  # noqa: BLE001 — a bug of ours; a script learns of it by the exit code
            traceback.print_exc()
            sys.exit(EXIT_INTERNAL)


def _open_closed_streams() -> None:
    """Let what is printed go nowhere where the caller closed stdout or stderr."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


@contextmanager
def _ended_with_its_reader() -> Iterator[None]:
    """End at once, as other programs do, where who reads the output leaves (`| head`)."""
    pipe = getattr(signal, "SIGPIPE", None)
    if pipe is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(pipe, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(pipe, before)


if __name__ == "__main__":
    main()
