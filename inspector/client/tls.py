"""How a server is known to a client, and the client to it."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import grpc

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import require_text


@dataclass(frozen=True, kw_only=True)
class Tls:
    """How the server is known, and this client to it: paths of PEM files."""

    root_certificates: Path | None = None
    """Whose certificates are trusted; without it, those that gRPC trusts by default."""
    certificate: Path | None = None
    """This client's own, with `key`, where the server asks for one."""
    key: Path | None = None
    server_name: str | None = None
    """The name in the server's certificate, where it is not that of the address: behind a tunnel, on the loopback."""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidInputError(
                "A client's certificate and its key come together: give both, or neither.", field="tls"
            )
        if self.server_name is not None:
            require_text(self.server_name, field="tls.server_name")

    def credentials(self) -> grpc.ChannelCredentials:
        """Return gRPC's credentials; InvalidInputError where a file cannot be read."""
        return grpc.ssl_channel_credentials(
            root_certificates=_read("root_certificates", self.root_certificates),
            private_key=_read("key", self.key),
            certificate_chain=_read("certificate", self.certificate),
        )

    def options(self) -> list[tuple[str, str]]:
        """Return what the channel must be told beside the credentials."""
        if self.server_name is None:
            return []
        return [
            ("grpc.ssl_target_name_override", self.server_name),
            ("grpc.default_authority", self.server_name),
        ]


def _read(name: str, path: Path | None) -> bytes | None:
    if path is None:
        return None
    if not isinstance(path, str | PathLike):
        raise InvalidInputError(
            f"tls.{name} is {in_brief(path, long='a {}')}; give the path of a PEM file.", field=f"tls.{name}"
        )
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(
            f"The file {str(path)[:200]!r} cannot be read: {reason}. Give a PEM file.", field=f"tls.{name}"
        ) from error
    if b"-----BEGIN " not in data:  # gRPC would only say that nobody answers
        raise InvalidInputError(f"The file {str(path)[:200]!r} holds no PEM.", field=f"tls.{name}")
    return data
