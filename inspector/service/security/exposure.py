"""What a server must have before others than the machine's own programs can reach it."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from inspector.errors import InvalidInputError
from inspector.service.security.callers import read_callers
from inspector.service.security.tls import TlsFiles, read_tls
from inspector.service.settings import Settings


def require_secure(settings: Settings, *, host: str) -> None:
    """Raise InvalidInputError where the settings of security cannot be used, or are too few for this host."""
    files = tls_files(settings)
    if files is not None:
        read_tls(files)
    if settings.tokens_file is not None:
        read_callers(settings.tokens_file)
    if settings.insecure or (missing := _missing(settings, files)) == "" or _is_loopback(host):
        return
    raise InvalidInputError(
        f"The address {settings.address!r} can be reached from other machines, and there {missing}. Give "
        "tls_certificate, tls_private_key, and tokens_file or tls_client_ca; or listen on 127.0.0.1; or say --insecure "
        "(INSPECTOR_INSECURE=true) where a proxy or the network has what is missing.",
        reason="INSECURE_ADDRESS",
        field="address",
    )


def tls_files(settings: Settings) -> TlsFiles | None:
    """Return the files of TLS that the settings name; InvalidInputError where only some are named."""
    certificate, key, client_ca = settings.tls_certificate, settings.tls_private_key, settings.tls_client_ca
    if certificate is not None and key is not None:
        return TlsFiles(certificate=certificate, private_key=key, client_ca=client_ca)
    if certificate is None and key is None and client_ca is None:
        return None
    needed = {"tls_certificate": certificate, "tls_private_key": key}
    absent = [name for name, given in needed.items() if given is None]
    raise InvalidInputError(
        f"TLS takes a certificate and its key; there is no {' and no '.join(absent)}. "
        "Give both, or neither (and no tls_client_ca).",
        reason="TLS_UNUSABLE",
        field=absent[0],
    )


def _missing(settings: Settings, files: TlsFiles | None) -> str:
    """Return what is missing, in words that follow "there"; nothing where all is there."""
    knows_callers = settings.tokens_file is not None or settings.tls_client_ca is not None
    if files is None and not knows_callers:
        return "is no TLS, and nothing by which callers are known"
    if files is None:
        return "is no TLS: tokens could be read on the way"
    return "" if knows_callers else "is nothing by which callers are known"


def _is_loopback(host: str) -> bool:
    """Return whether every address that a host stands for is this machine's own; one that cannot be found is not."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    addresses = {str(place[0]).partition("%")[0] for *_, place in found}
    return bool(addresses) and all(ip_address(address).is_loopback for address in addresses)
