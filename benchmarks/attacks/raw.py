"""HTTP/2 by hand: any frame at any time, and nothing read that is not asked for."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from typing import Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.settings import SettingCodes

_READ = 1 << 16
_SOURCE = "127.0.0.2"


class RawConnection:
    """One connection; with a `window` of 0 the server may send no byte of any answer."""

    def __init__(self, address: str, *, window: int | None = None, patience: float = 30) -> None:
        """Connect; to the server, from another host than the bystander's."""
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection(
            (host, int(port)), timeout=patience, source_address=(_SOURCE, 0)
        )
        self.http = H2Connection(
            H2Configuration(
                client_side=True,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
            )
        )
        self.http.initiate_connection()
        if window is not None:
            self.http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self._events: dict[int, list[Event]] = {}
        self.ended = ""
        """Why the server ended the connection; empty while it has not."""
        self.flush()

    def flush(self) -> None:
        """Send what is to be sent; a server that wants no more has ended the connection."""
        if data := self.http.data_to_send():
            try:
                self._socket.sendall(data)
            except OSError as error:
                self.ended = self.ended or type(error).__name__

    def pump(self, seconds: float = 0) -> None:
        """Read for so long."""
        until = time.monotonic() + seconds
        while not self.ended:
            self._socket.settimeout(max(1e-3, until - time.monotonic()))
            try:
                data = self._socket.recv(_READ)
            except TimeoutError:
                data = None
            except OSError as error:
                self.ended = type(error).__name__
                return
            if data == b"":
                self.ended = self.ended or "closed"
                return
            for event in self.http.receive_data(data) if data else ():
                if isinstance(event, ConnectionTerminated):
                    self.ended = f"GOAWAY {event.error_code}"
                if stream := getattr(event, "stream_id", None):
                    self._events.setdefault(stream, []).append(event)
            self.flush()
            if time.monotonic() >= until:
                return

    def start(
        self,
        path: str,
        *,
        extra: Sequence[tuple[str, str]] = (),
        ends: bool = False,
    ) -> int:
        """Send the headers of a call, and return its stream."""
        stream = self.http.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "x"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            *extra,
        ]
        self.http.send_headers(stream, headers, end_stream=ends)
        return stream

    def send(self, stream: int, body: bytes, *, ends: bool = True, patience: float = 30) -> bool:
        """Send bytes as flow control lets them out; False where the server ended the stream before."""
        until = time.monotonic() + patience
        offset = 0
        while offset < len(body):
            room = min(
                self.http.local_flow_control_window(stream),
                self.http.max_outbound_frame_size,
                len(body) - offset,
            )
            if room <= 0:
                self.flush()
                self.pump(0.02)
                if self.ended or self._closed(stream) or time.monotonic() > until:
                    return False
                continue
            offset += room
            self.http.send_data(stream, body[offset - room : offset], end_stream=ends and offset == len(body))
        self.flush()
        return True

    def call(
        self,
        method: str,
        message: bytes,
        *,
        flag: int = 0,
        extra: Sequence[tuple[str, str]] = (),
    ) -> int:
        """Make a whole call, and return its stream."""
        stream = self.start(method, extra=extra)
        self.flush()
        self.send(stream, framed(message, flag=flag))
        return stream

    def status(self, stream: int, *, patience: float = 10) -> str:
        """Return the status code of a call as a number, or what else came of it."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.pump(0.02)
            for event in self._events.get(stream, ()):
                if isinstance(event, ResponseReceived | TrailersReceived):
                    headers = {_text(name): _text(value) for name, value in event.headers}
                    if "grpc-status" in headers:
                        return headers["grpc-status"]
                    if headers.get(":status", "200") != "200":
                        return f"HTTP {headers[':status']}"
                if isinstance(event, StreamReset):
                    return f"reset {event.error_code}"
            if self.ended:
                return self.ended
        return "nothing"

    def _closed(self, stream: int) -> bool:
        return any(isinstance(event, StreamEnded | StreamReset) for event in self._events.get(stream, ()))

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def framed(message: bytes, *, flag: int = 0) -> bytes:
    """Return a message with gRPC's prefix; flag 1 says that it is compressed."""
    return struct.pack(">BI", flag, len(message)) + message


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
