"""What a connection may do, as gRPC's own options; and the end of one whose caller does not read.

gRPC's asyncio server has no way to give up a call whose answer the caller does not take: a write that is cancelled goes
on in gRPC's core, a status cannot overtake it, and the call's place is free only once the caller leaves. So the
connection's socket is shut down, which ends all that hangs on it. It is found among this process's descriptors by the
address of its other end.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from inspector.service.settings import Settings

DESCRIPTORS = Path("/proc/self/fd")


BESIDE = 256
"""How far gRPC's own limit on calls is above ours, which says why it refuses: those count there for a moment too."""
_RECEIVED = slice(128, 136)
"""Where Linux keeps tcpi_bytes_received in its struct tcp_info (linux/tcp.h)."""
_IDENTITY, _GZIP = 0b001, 0b101
"""Sets of ways to write a message, as gRPC numbers them; plain is always one."""


def most_calls(settings: Settings) -> int:
    """Return how many calls gRPC may know at once, so that ours is the limit that is met."""
    return settings.max_concurrent_rpcs + settings.max_health_rpcs + BESIDE


def grpc_options(settings: Settings) -> list[tuple[str, int]]:
    """Return gRPC's options for a server: what messages may have, and what connections may do."""

    def milliseconds(seconds: float) -> int:
        return min(round(seconds * 1000), 2**31 - 1)

    return [
        # Otherwise a second server takes the same port in silence, and each gets half of the calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_allowed_incoming_connections", settings.max_connections),
        ("grpc.max_concurrent_streams", settings.max_streams_per_connection),
        ("grpc.server_handshake_timeout_ms", milliseconds(settings.handshake_seconds)),
        # Who is gone without a word is found by a ping that nobody answers.
        ("grpc.keepalive_time_ms", milliseconds(settings.keepalive_seconds)),
        ("grpc.keepalive_timeout_ms", milliseconds(settings.keepalive_answer_seconds)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        # Callers may ping too, as often as a proxy's patience asks for.
        ("grpc.http2.min_ping_interval_without_data_ms", milliseconds(settings.least_ping_seconds)),
        ("grpc.http2.max_ping_strikes", 3),
        ("grpc.max_connection_idle_ms", milliseconds(settings.connection_idle_seconds)),
        ("grpc.max_connection_age_ms", milliseconds(settings.connection_age_seconds)),
        # As long as the longest call that may have begun just before.
        ("grpc.max_connection_age_grace_ms", milliseconds(settings.max_call_seconds)),
        ("grpc.enable_channelz", 0),
        ("grpc.compression_enabled_algorithms_bitset", _GZIP if settings.compressed_requests else _IDENTITY),
    ]


def close_connection(peer: str) -> bool:
    """Shut down the connection of a peer ("ipv4:127.0.0.1:40000"); return whether there was one."""
    with _connection(peer) as found:
        if found is None:
            return False
        try:
            found.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side was faster
            return False
        return True


def received_bytes(peer: str) -> int | None:
    """Return how many bytes have ever come from a peer; None where that is not known."""
    with _connection(peer) as found:
        if found is None or not hasattr(socket, "TCP_INFO"):
            return None
        try:
            told = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.stop)
        except OSError:
            return None
    return int.from_bytes(told[_RECEIVED.start :], sys.byteorder) if len(told) == _RECEIVED.stop else None


@contextmanager
def _connection(peer: str) -> Iterator[socket.socket | None]:
    """Give a socket of one's own for the connection of a peer, for the length of a block; None where there is none."""
    wanted = _address(peer)
    for descriptor in _descriptors() if wanted is not None else ():
        found = _socket(descriptor)
        if found is None:
            continue
        with found:
            if _other_end(found) == wanted:
                yield found
                return
    yield None


def _address(peer: str) -> tuple[str, int] | None:
    family, _, rest = unquote(peer).partition(":")
    host, _, port = rest.rpartition(":")
    if family not in {"ipv4", "ipv6"} or not port.isdecimal():
        return None
    return _plain(host.strip("[]")), int(port)


def _plain(host: str) -> str:
    """Return an address without its scope, and one of IPv4 that is written as one of IPv6 as what it is."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _descriptors() -> list[int]:
    try:
        return [int(path.name) for path in DESCRIPTORS.iterdir()]
    except OSError:
        return []


def _socket(descriptor: int) -> socket.socket | None:
    """Return a socket of one's own for a descriptor; None for what is none, or was closed meanwhile."""
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def _other_end(found: socket.socket) -> tuple[str, int] | None:
    if found.family not in {socket.AF_INET, socket.AF_INET6}:
        return None
    try:
        host, port, *_ = found.getpeername()
    except OSError:  # it listens
        return None
    return _plain(host), port
