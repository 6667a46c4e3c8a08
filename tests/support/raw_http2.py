"""A client that does with HTTP/2 what gRPC's own would not: no request, no reading, no leaving."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import h2.config
import h2.connection
import h2.events
import h2.settings

from tests.support.patience import PATIENCE


class RawConnection:
    """One connection."""

    def __init__(self, found: socket.socket, *, window: int | None) -> None:
        """Say hello; with a `window`, no stream may send more bytes than that."""
        self._socket = found
        self._http2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._http2.initiate_connection()
        if window is not None:
            self._http2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self._flush()
        self.closed = False
        self.events: list[h2.events.Event] = []

    def begin(self, path: str) -> int:
        """Send a call's headers, and return the number of its stream."""
        stream = self._http2.get_next_available_stream_id()
        self._http2.send_headers(
            stream,
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":authority", "test"),
                (":path", path),
                ("content-type", "application/grpc"),
                ("te", "trailers"),
            ],
        )
        self._flush()
        return stream

    def send(self, stream: int, message: bytes, *, end: bool = True) -> None:
        """Send a message that fits into one frame."""
        self._http2.send_data(stream, struct.pack(">BI", 0, len(message)) + message, end_stream=end)
        self._flush()

    def end(self, stream: int) -> None:
        """Send nothing more of a call."""
        self._http2.end_stream(stream)
        self._flush()

    def ask(self, path: str, message: bytes = b"request") -> int:
        """Begin a call and send its request."""
        stream = self.begin(path)
        self.send(stream, message)
        return stream

    def pump(self, seconds: float) -> None:
        """Take frames from the network for so long; no window is ever opened."""
        until = time.monotonic() + seconds
        while not self.closed and (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                return
            except OSError:
                data = b""
            if not data:
                self.closed = True
                return
            self.events += self._http2.receive_data(data)
            self._flush()

    def is_closed(self) -> bool:
        """Return whether the other side closes the connection, before patience ends."""
        self.pump(PATIENCE)
        return self.closed

    def status(self, stream: int) -> dict[str, str]:
        """Return a call's trailing metadata, as soon as there are any."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self.closed:
            for event in self.events:
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, (h2.events.TrailersReceived, h2.events.ResponseReceived)):
                    found = {_text(key): _text(value) for key, value in event.headers or ()}
                    if "grpc-status" in found:
                        return found
            self.pump(0.05)
        return {}

    def _flush(self) -> None:
        self._socket.sendall(self._http2.data_to_send())


@contextmanager
def raw_connection(address: str, *, window: int | None = None) -> Iterator[RawConnection]:
    """Give a connection to a server."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as found:
        yield RawConnection(found, window=window)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
