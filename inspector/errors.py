"""The error tree.

    InspectorError
    ├── UserError                    the caller can mend it
    │   ├── InvalidModelError        the bytes are no model that can be inspected
    │   │   └── UnsupportedOperatorError   the backward walk met an operator without a rule
    │   ├── LimitExceededError       something is larger than a limit; the limit can be raised
    │   │   └── BusyError            too much runs and waits already; the same may succeed after `retry_seconds`
    │   ├── InvalidInputError        an image, a tensor or a parameter is off
    │   ├── NotFoundError            a model, layer, channel, class or item that does not exist
    │   ├── ConflictError            the thing is not in a state that allows this (not loaded, changed meanwhile)
    │   │   └── AlreadyExistsError   the name is taken
    │   ├── DeviceError              a device that this process cannot use
    │   ├── UnauthenticatedError     the server does not know who calls
    │   └── PermissionDeniedError    it knows, and the caller may not do this
    ├── CancelledError               the caller cancelled, or its deadline passed
    │   └── DeadlineExceededError    it was its deadline
    ├── ServerUnavailableError       nobody answers at an address, or who does is about to end
    └── EngineError                  a bug, or the runtime failed: the caller cannot mend it

A message says what was given, what is allowed, and how to mend it. `reason` is a stable name for machines
(UPPER_SNAKE_CASE, as google.rpc.ErrorInfo asks), `field` the path of the parameter it is about. An error that crosses a
process or the wire is raised there in the same class: `KINDS` has them by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from difflib import get_close_matches
from types import TracebackType

LONGEST = 4_000
"""Characters of a message: whatever a caller gave stands in it, and a response over the wire has no room for more."""


class InspectorError(Exception):
    """The root of all errors that this package raises on purpose."""

    reason = "INTERNAL"

    def __init__(self, message: str, *, reason: str | None = None, field: str | None = None) -> None:
        message = _cut(message, most=LONGEST)
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


class BusyError(LimitExceededError):
    """Too many calls run and wait already; the same call may succeed after `retry_seconds`."""

    reason = "BUSY"

    def __init__(
        self,
        message: str,
        *,
        retry_seconds: float = 1.0,
        reason: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason, field=field)
        self.retry_seconds = retry_seconds


class InvalidInputError(UserError):
    """An image, a tensor or a parameter is malformed or out of range."""

    reason = "INVALID_INPUT"


class NotFoundError(UserError):
    """A model, layer, channel, class or item of that name does not exist."""

    reason = "NOT_FOUND"


class ConflictError(UserError):
    """The thing exists, but is not in a state that allows what was asked."""

    reason = "CONFLICT"


class AlreadyExistsError(ConflictError):
    """A thing of that name exists already."""

    reason = "ALREADY_EXISTS"


class DeviceError(UserError):
    """A device was asked for that this process cannot use."""

    reason = "DEVICE_UNAVAILABLE"


class UnauthenticatedError(UserError):
    """The server does not know who calls: there is no token, or none that holds."""

    reason = "UNAUTHENTICATED"


class PermissionDeniedError(UserError):
    """The server knows who calls, and who calls may not do this."""

    reason = "PERMISSION_DENIED"


class CancelledError(InspectorError):
    """The run was cancelled, or its deadline passed."""

    reason = "CANCELLED"


class DeadlineExceededError(CancelledError):
    """The run took longer than it may."""

    reason = "DEADLINE_EXCEEDED"


class ServerUnavailableError(InspectorError):
    """The server cannot be reached, or is about to end; where `retry_seconds` is set, it may answer after those."""

    reason = "UNAVAILABLE"

    def __init__(
        self,
        message: str,
        *,
        retry_seconds: float | None = None,
        reason: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason, field=field)
        self.retry_seconds = retry_seconds


class EngineError(InspectorError):
    """The runtime failed, or we have a bug."""

    reason = "ENGINE_FAILURE"


def _descendants(kind: type[InspectorError]) -> Iterator[type[InspectorError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _descendants(child)


KINDS: Mapping[str, type[InspectorError]] = {kind.__name__: kind for kind in _descendants(InspectorError)}
"""The classes above by their names, by which an error is raised again in another process or at the client."""


def kind_of(error: InspectorError) -> str:
    """Return the name of the nearest class of `KINDS`."""
    return next(kind.__name__ for kind in type(error).__mro__ if KINDS.get(kind.__name__) is kind)


class WholePath(str):
    """A field's path from the request itself: `within` puts nothing before it."""

    __slots__ = ()


class Within(AbstractContextManager[None]):
    """The block of `within`: a class, since conversions open one for every field."""

    __slots__ = ("_always", "_path")

    def __init__(self, path: str, always: bool) -> None:  # noqa: FBT001 — see within
        self._path = path
        self._always = always

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, InspectorError) and (self._always or error.field is not None):
            located(error, self._path)


def within(path: str, *, always: bool = False) -> Within:
    """Put `path` before the field of an error that passes: whoever raises names only the part that it knows.

    An error that names no field passes as it is; with `always` it gets `path` itself. Blocks nest:
    the inner path comes to stand after the outer one. One whose field is a WholePath passes as it is, too.
    """
    return Within(path, always)


class Naming(AbstractContextManager[None]):
    """The block of `naming`."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, InspectorError) and not error.field:
            error.field = self._field


def naming(field: str) -> Naming:
    """Let an error that passes and names no field name this one."""
    return Naming(field)


def located(error: InspectorError, path: str) -> InspectorError:
    """Return the same error with `path` before its field; one that names none gets `path` itself."""
    if not isinstance(error.field, WholePath):
        error.field = path if error.field is None else join_fields(path, error.field)
    return error


def join_fields(path: str, field: str) -> str:
    """Return the path of `field` inside `path`: `a` and `b.c` give `a.b.c`, `a` and `[1].b` give `a[1].b`."""
    separator = "" if not path or not field or field.startswith("[") else "."
    return f"{path}{separator}{field}"


def unknown_name(what: str, given: str, known: Iterable[str], *, field: str | None = None) -> NotFoundError:
    """Return the error for a name that does not exist, with the nearest of those that do."""
    names = sorted(known)
    shown = ", ".join(map(_cut, names[:12])) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
    return NotFoundError(
        f"There is no {what} {_cut(given)!r}. Known: {shown or 'none'}.{nearest(given, names, most=3)}",
        reason=f"{what.upper().replace(' ', '_')}_NOT_FOUND",
        field=what if field is None else field,
    )


def _cut(text: str, *, most: int = 200) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


LONGEST_COMPARED = 64
"""Characters of a name that is compared with others: comparing takes the product of their lengths, and longer."""
MOST_COMPARED = 2_000
"""How many names one is compared with, which takes a few ten milliseconds."""


def nearest(given: object, known: Iterable[str], *, most: int = 1) -> str:
    """Return " Did you mean 'name'?" for a name that is like known ones, or nothing.

    Long names are compared with none; of many known ones, with those that begin or end as it does.
    """
    if not isinstance(given, str) or len(given) > LONGEST_COMPARED:
        return ""
    names = [name for name in known if len(name) <= LONGEST_COMPARED]
    if len(names) > MOST_COMPARED:
        names = [name for name in names if name[:2] == given[:2] or name[-2:] == given[-2:]][:MOST_COMPARED]
    close = get_close_matches(given, names, n=most, cutoff=0.5)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def in_brief(value: object, *, long: str = "{}") -> str:
    """Return a value as messages show it: as Python writes it, or where that is long, its type in the words `long`.

    What Python cannot write (a list within lists too deep, a number of too many digits) is shown by its type, too.
    """
    if isinstance(value, str | bytes | bytearray | list | tuple | dict | set | frozenset) and len(value) > 60:
        return long.format(type(value).__name__)  # nor is it written first
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 — whatever a caller's object does, the error is about the argument
        return long.format(type(value).__name__)
    return text if len(text) <= 60 else long.format(type(value).__name__)
