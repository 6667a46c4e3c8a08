"""TLS of the server: its certificate and key, and whose clients' certificates it takes; read again when they change."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from inspector.errors import InvalidInputError
from inspector.service.security.watched import Watched

_MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """Paths of PEM files."""

    certificate: Path
    """The server's, with those between it and the root behind it."""
    private_key: Path
    """The certificate's, without a passphrase."""
    client_ca: Path | None = None
    """Whose certificates clients must show; without it they need none."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that there are."""
        given = (self.certificate, self.private_key, self.client_ca)
        return tuple(path for path in given if path is not None)


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Return credentials for a port; InvalidInputError for files that cannot serve.

    Each new connection sees the files as they are then; connections that stand are not ended.
    """
    watched = Watched(files.paths, lambda: read_tls(files), what="The TLS certificate")
    return grpc.dynamic_ssl_server_credentials(
        watched.value,
        lambda: watched.value,
        require_client_authentication=files.client_ca is not None,
    )


def read_tls(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    """Return what the files hold; InvalidInputError where one is missing or no PEM, or the key is another's."""
    certificate = _read(files.certificate, field="tls_certificate")
    key = _read(files.private_key, field="tls_private_key")
    client_ca = None if files.client_ca is None else _read(files.client_ca, field="tls_client_ca")
    _require_pair(files)
    if files.client_ca is not None:
        _require_authorities(files.client_ca)
    return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=client_ca)


def _read(path: Path, *, field: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _off(f"The file {str(path)!r} cannot be read: {reason}. Give a PEM file.", field) from None
    if b"-----BEGIN " not in data:
        raise _off(f"The file {str(path)!r} holds no PEM.", field)
    return data


def _require_pair(files: TlsFiles) -> None:
    """Raise where certificate and key are none, or not of each other: gRPC would only refuse every handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(files.certificate, files.private_key, password=_no_passphrase)
    except _Protected:
        raise _off(
            f"The key {str(files.private_key)!r} is protected by a passphrase. Give one without, which only the "
            "server's user can read.",
            "tls_private_key",
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _off(
                f"The key {str(files.private_key)!r} is not that of the certificate {str(files.certificate)!r}. "
                "Give the two that were made together.",
                "tls_private_key",
            ) from None
        raise _off(
            f"The certificate {str(files.certificate)!r} and the key {str(files.private_key)!r} cannot be used: "
            f"{error.reason or error}. Give PEM files of a certificate and its key.",
            "tls_certificate",
        ) from None


def _require_authorities(path: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except ssl.SSLError as error:
        raise _off(
            f"The file {str(path)!r} holds no certificates of authorities: {error.reason or error}.",
            "tls_client_ca",
        ) from None


class _Protected(Exception):  # noqa: N818 — a signal, which never leaves this file
    """A key asks for a passphrase."""


def _no_passphrase() -> str:
    raise _Protected


def _off(message: str, field: str) -> InvalidInputError:
    return InvalidInputError(message, reason="TLS_UNUSABLE", field=field)
