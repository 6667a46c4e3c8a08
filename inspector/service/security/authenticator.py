"""Who a call comes from, by its token or by the certificate of its connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from inspector.errors import UnauthenticatedError
from inspector.service.security.caller import OPEN, Caller, Role
from inspector.service.security.callers import Callers, read_callers
from inspector.service.security.roles import role_for
from inspector.service.security.watched import Watched

Metadata = Iterable[tuple[str, str | bytes]]

_SCHEME = "bearer"
_NAMES = ("x509_common_name", "x509_subject_alternative_name")
"""What gRPC tells of the certificate that a client has shown; the connection has checked who signed it."""
_LONGEST_NAME = 256
"""Of longer names none is taken: cut ones could be those of another."""


class Authenticator:
    """Tells callers apart; without a file of callers and without certificates all may do everything."""

    def __init__(self, *, tokens_file: Path | None, takes_certificates: bool) -> None:
        """Read the file of callers; InvalidInputError where it cannot serve."""
        self._takes_certificates = takes_certificates
        self._callers = (
            None
            if tokens_file is None
            else Watched([tokens_file], lambda: read_callers(tokens_file), what="The file of callers")
        )

    @property
    def is_open(self) -> bool:
        """Whether it asks nobody who they are."""
        return self._callers is None and not self._takes_certificates

    def caller(
        self, method: str, metadata: Metadata, *, connection: Mapping[str, Sequence[bytes]], peer: str
    ) -> Caller:
        """Return whose call of a method it is, by its metadata and by what gRPC tells of its connection.

        UnauthenticatedError where it is nobody's, unless the method is for anyone.
        """
        try:
            found = self._known(metadata, connection)
        except UnauthenticatedError:
            if role_for(method) is not Role.ANYONE:
                raise
            found = Caller()
        return found.calling_from(peer)

    def _known(self, metadata: Metadata, connection: Mapping[str, Sequence[bytes]]) -> Caller:
        if self.is_open:
            return OPEN
        callers: Callers | None = None if self._callers is None else self._callers.value
        token = None if callers is None else _token_in(metadata)
        if callers is not None and token is not None:
            return callers.of_token(token)
        names = _names_in(connection) if self._takes_certificates else []
        if callers is None and names:
            return Caller(name=names[0], role=Role.INSPECT)
        found = None if callers is None else callers.of_certificate(names)
        if found is None:
            raise _nobody(takes_certificates=self._takes_certificates)
        return found


def _token_in(metadata: Metadata) -> str | None:
    """Return the token of `authorization: Bearer …`, if there is one; UnauthenticatedError for another scheme."""
    for key, value in metadata:
        if key == "authorization":
            scheme, _, token = (value if isinstance(value, str) else "").partition(" ")
            if scheme.lower() != _SCHEME or not token.strip():
                raise UnauthenticatedError(
                    "The metadata `authorization` holds no token. Send `authorization: Bearer TOKEN`.",
                    reason="TOKEN_MISSING",
                )
            return token.strip()
    return None


def _names_in(connection: Mapping[str, Sequence[bytes]]) -> list[str]:
    found = [name.decode("utf-8", "replace") for key in _NAMES for name in connection.get(key, ())]
    return [name for name in found if 0 < len(name) <= _LONGEST_NAME]


def _nobody(*, takes_certificates: bool) -> UnauthenticatedError:
    certificate = ", or come with a certificate that its file of callers names" if takes_certificates else ""
    return UnauthenticatedError(
        f"This server wants to know who calls: send `authorization: Bearer TOKEN`{certificate} (our own client takes "
        "INSPECTOR_TOKEN, --token or Endpoint(token=…)). Ask whoever runs it for a token.",
        reason="TOKEN_MISSING",
    )
