"""The error tree.

    InspectorError
    ├── UserError                    the caller can mend it
    │   ├── InvalidModelError        the bytes are no model that can be inspected
    │   │   └── UnsupportedOperatorError   the backward walk met an operator without a rule
    │   ├── LimitExceededError       something is larger than a limit; the limit can be raised
    │   ├── InvalidInputError        an image, a tensor or a parameter is off
    │   ├── NotFoundError            a model, layer, channel, class or item that does not exist
    │   ├── ConflictError            the thing is not in a state that allows this (exists already, not loaded)
    │   └── DeviceError              a device that this process cannot use
    ├── CancelledError               the caller cancelled, or its deadline passed
    └── EngineError                  a bug, or the runtime failed: the caller cannot mend it

A message says what was given, what is allowed, and how to mend it. `reason` is a stable name for machines
(UPPER_SNAKE_CASE, as google.rpc.ErrorInfo asks), `field` the path of the parameter it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class InspectorError(Exception):
    """The root of all errors that this package raises on purpose."""

    reason = "INTERNAL"

    def __init__(self, message: str, *, reason: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or type(self).reason
        self.field = field


class UserError(InspectorError):
    """What was asked cannot be done as asked; the message says how to mend it."""

    reason = "INVALID_ARGUMENT"


class InvalidModelError(UserError):
    """The bytes are not a model, or not one that can be inspected."""

    reason = "INVALID_MODEL"


class UnsupportedOperatorError(InvalidModelError):
    """An operator on the path from source to target has no backward rule."""

    reason = "UNSUPPORTED_OPERATOR"


class LimitExceededError(UserError):
    """Something is larger than a limit that protects the process."""

    reason = "LIMIT_EXCEEDED"


class InvalidInputError(UserError):
    """An image, a tensor or a parameter is malformed or out of range."""

    reason = "INVALID_INPUT"


class NotFoundError(UserError):
    """A model, layer, channel, class or item of that name does not exist."""

    reason = "NOT_FOUND"


class ConflictError(UserError):
    """The thing exists, but is not in a state that allows what was asked."""

    reason = "CONFLICT"


class DeviceError(UserError):
    """A device was asked for that this process cannot use."""

    reason = "DEVICE_UNAVAILABLE"


class CancelledError(InspectorError):
    """The run was cancelled, or its deadline passed."""

    reason = "CANCELLED"


class EngineError(InspectorError):
    """The runtime failed, or we have a bug."""

    reason = "ENGINE_FAILURE"


@contextmanager
def within(path: str, *, always: bool = False) -> Iterator[None]:
    """Put `path` before the field of an error that passes: whoever raises names only the part that it knows.

    An error that names no field passes as it is; with `always` it gets `path` itself. Blocks nest:
    the inner path comes to stand after the outer one.
    """
    try:
        yield
    except InspectorError as error:
        if error.field is not None:
            error.field = join_fields(path, error.field)
        elif always:
            error.field = path
        raise


def join_fields(path: str, field: str) -> str:
    """Return the path of `field` inside `path`: `a` and `b.c` give `a.b.c`, `a` and `[1].b` give `a[1].b`."""
    separator = "" if not path or not field or field.startswith("[") else "."
    return f"{path}{separator}{field}"


def unknown_name(what: str, given: str, known: Iterable[str], *, field: str | None = None) -> NotFoundError:
    """Return the error for a name that does not exist, with the nearest of those that do."""
    names = sorted(known)
    close = get_close_matches(given, names, n=3, cutoff=0.5)
    shown = ", ".join(names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return NotFoundError(
        f"There is no {what} {given!r}. Known: {shown or 'none'}.{hint}",
        reason=f"{what.upper().replace(' ', '_')}_NOT_FOUND",
        field=field or what,
    )
