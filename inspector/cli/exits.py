"""Exit codes: what each means, and which one an error has."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.errors import (
    BusyError,
    CancelledError,
    DeadlineExceededError,
    InspectorError,
    InvalidModelError,
    LimitExceededError,
    UserError,
)

EXIT_DONE = 0
EXIT_INCOMPLETE = 1
EXIT_USAGE = 2  # as the option parser's own
EXIT_MODEL = 3
EXIT_INTERNAL = 4
EXIT_LATE = 124  # as of timeout(1)
EXIT_INTERRUPTED = 130  # as of a program that Ctrl-C ended: 128 + SIGINT
EXIT_PIPE_CLOSED = 141  # as of a program whose reader left: 128 + SIGPIPE

MEANINGS: Mapping[int, str] = {
    EXIT_DONE: "done",
    EXIT_INCOMPLETE: "`check` found a reason to fail, or some images were skipped and the others answered",
    EXIT_USAGE: "wrong usage or input",
    EXIT_MODEL: "the model cannot be loaded, or has an operator without a way back",
    EXIT_INTERNAL: "the service cannot be reached or is busy, a rule of `check` failed, or an internal error",
    EXIT_LATE: "--timeout is over",
    EXIT_INTERRUPTED: "interrupted",
    EXIT_PIPE_CLOSED: "whoever read the output left",
}
"""What the codes mean, for the help and the documentation."""

_OF_THE_MODEL = ("max_", "model", "header")
"""How the fields begin of limits that a model is over; all others are those of images and requests."""
_NO_MODEL = frozenset({"MODEL_NOT_FOUND", "MODEL_NOT_LOADED"})
_NO_ROOM = frozenset({"STORAGE_FULL", "STORE_FULL"})


def exit_code(error: InspectorError) -> int:
    """Return the code with which a command ends that failed of an error."""
    match error:
        case InvalidModelError():
            return EXIT_MODEL
        case DeadlineExceededError():
            return EXIT_LATE
        case CancelledError():
            return EXIT_INTERRUPTED
        case BusyError():
            return EXIT_INTERNAL
        case LimitExceededError() if (error.field or "").startswith(_OF_THE_MODEL):
            return EXIT_MODEL
        case UserError() if error.reason in _NO_MODEL:
            return EXIT_MODEL
        case UserError() if error.reason not in _NO_ROOM:
            return EXIT_USAGE
        case _:
            return EXIT_INTERNAL
