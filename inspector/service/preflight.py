"""What a server needs of its machine, tried before it begins; its first worker tries the device."""

from __future__ import annotations

import errno
import re
import socket

from inspector.collections.registration import store_named
from inspector.errors import ConflictError, InspectorError, InvalidInputError
from inspector.service.security.exposure import require_secure
from inspector.service.settings import Settings

_ADDRESS = re.compile(r"(?P<host>\[[^\[\]\s]+\]|[^\[\]\s:]+):(?P<port>[+-]?[0-9]+)")
_LAST_PORT = 65_535
_NOT_OF_THIS_KIND = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Why one of a host's addresses may be left out while others serve: the machine has no IPv6, for instance."""


def require_usable(settings: Settings) -> None:
    """Raise InvalidInputError, ConflictError or NotFoundError for what a server could only fail of later."""
    host, port = split_address(settings.address)
    _try_address(host, port, address=settings.address)
    require_secure(settings, host=host)
    store_named(settings.collections_store)


def split_address(address: str, *, field: str = "address") -> tuple[str, int]:
    """Return host and port of an address that a server may listen on; errors name the setting `field`."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise InvalidInputError(
            f"The address {address!r} is not host:port, such as 127.0.0.1:50051; port 0 takes a free one.",
            field=field,
        )
    port = int(found["port"])
    if not 0 <= port <= _LAST_PORT:
        raise InvalidInputError(
            f"The port of {address!r} is {port}; ports go from 1 to {_LAST_PORT}, and 0 takes a free one.",
            field=field,
        )
    return found["host"], port


def cannot_listen(address: str, error: OSError | None = None, *, field: str = "address") -> InspectorError:
    """Return the error for an address that a server cannot have; without a reason of the system, one that is taken."""
    number = errno.EADDRINUSE if error is None else error.errno
    why = {
        errno.EADDRINUSE: "it is in use",
        errno.EADDRNOTAVAIL: "it is no address of this machine",
        errno.EACCES: "this user may not use that port (those below 1024 are for the superuser)",
    }.get(number or 0, "" if error is None else error.strerror or str(error))
    message = f"The server cannot listen on {address!r}: {why}. Take another, or port 0 for a free one."
    if number == errno.EADDRINUSE:
        return ConflictError(message, reason="ADDRESS_IN_USE", field=field)
    return InvalidInputError(message, reason="ADDRESS_UNUSABLE", field=field)


def _try_address(host: str, port: int, *, address: str) -> None:
    """Take every address that the host stands for, for a moment: gRPC is content with one of them."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise cannot_listen(address, OSError(errno.EADDRNOTAVAIL, str(error))) from error
    refusals = [refusal for refusal in (_refusal(one) for one in found) if refusal is not None]
    serious = [error for error in refusals if error.errno not in _NOT_OF_THIS_KIND]
    if serious or len(refusals) == len(found):
        raise cannot_listen(address, (serious or refusals)[0])


def _refusal(found: tuple[int, int, int, str, object]) -> OSError | None:
    family, kind, protocol, _, place = found
    try:
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gRPC does
            trial.bind(place)  # type: ignore[arg-type]  # typed by its family
    except OSError as error:
        return error
    return None
