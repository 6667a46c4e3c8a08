"""What must come out of a call with any argument: an answer, or one of our errors that says what is off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inspector.errors import LONGEST, CancelledError, InspectorError, ServerUnavailableError, UserError


@dataclass(frozen=True)
class Fault:
    """What came out that may not."""

    call: str
    what: str

    def __str__(self) -> str:
        return f"{self.call}: {self.what}"


def fault_of(call: str, ask: Callable[[], object], *, is_fielded: bool = True) -> Fault | None:
    """Return what is wrong with how a call ends; None where it answers, or refuses as it should."""
    try:
        ask()
    except UserError as error:
        return _fault_in(call, error, is_fielded=is_fielded)
    except CancelledError:
        return None
    except ServerUnavailableError as error:  # what no address can be is no error of the server's
        return None if error.message else Fault(call, "no message")
    except Exception as error:  # noqa: BLE001 — whatever it is: that is what is looked for
        return Fault(call, f"{type(error).__name__}: {str(error)[:300]}")
    return None


def _fault_in(call: str, error: InspectorError, *, is_fielded: bool) -> Fault | None:
    if is_fielded and not error.field:
        return Fault(call, f"{type(error).__name__} names no field: {error.message[:300]}")
    if not error.message or len(error.message) > LONGEST + 1:
        return Fault(call, f"a message of {len(error.message)} characters: {error.message[:80]}")
    try:
        f"{error.message}{error.field}".encode()
    except UnicodeEncodeError as problem:
        return Fault(call, f"a message that nobody can print: {problem}")
    return None
