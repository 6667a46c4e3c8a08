"""The metrics and the state of a server over HTTP, on a port of its own: /metrics, /livez, /readyz."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from inspector.service.observing.metrics import Metrics
from inspector.service.preflight import cannot_listen, split_address

TEXT = "text/plain; charset=utf-8"
METRICS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
FIELD = "metrics_address"
_MOST = 16
"""Readers at once; more are closed as they come."""
_SECONDS = 5.0
"""How long one may take to ask, and to read."""

State = Callable[[], bool]


class Page:
    """Answers from threads of its own, so that it answers also where the event loop does not."""

    def __init__(self, address: str, metrics: Metrics, *, alive: State, ready: State) -> None:
        """Listen; ConflictError or InvalidInputError where the address cannot be had."""
        host, port = split_address(address, field=FIELD)
        try:
            self._server = _server(host.strip("[]"), port, _handler(metrics, alive=alive, ready=ready))
        except UnicodeError as error:  # a name that no host can have
            raise cannot_listen(address, OSError(errno.EADDRNOTAVAIL, str(error)), field=FIELD) from error
        except OSError as error:
            raise cannot_listen(address, error, field=FIELD) from error
        self.address = f"{host}:{self._server.server_address[1]}"
        """host:port with the real port."""
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _server(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingTCPServer:
    family, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]

    class Server(ThreadingTCPServer):
        address_family = family
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False
        free = threading.BoundedSemaphore(_MOST)

        def process_request(self, request: Any, client_address: Any) -> None:
            if self.free.acquire(blocking=False):
                super().process_request(request, client_address)
            else:
                self.shutdown_request(request)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                self.free.release()

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of readers that leave."""

    return Server(place, handler)  # type: ignore[arg-type]  # typed by its family


def _handler(metrics: Metrics, *, alive: State, ready: State) -> type[BaseHTTPRequestHandler]:
    def state(holds: State, *, well: str, ill: str) -> tuple[HTTPStatus, str, bytes]:
        if holds():
            return HTTPStatus.OK, TEXT, f"{well}\n".encode()
        return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"{ill}\n".encode()

    pages: dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]] = {
        "/metrics": lambda: (HTTPStatus.OK, METRICS_TEXT, metrics.text()),
        "/livez": lambda: state(alive, well="alive", ill="the event loop is held up"),
        "/readyz": lambda: state(ready, well="ready", ill="not ready"),
    }

    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS
        server_version = "inspector"
        sys_version = ""

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            if page is None:
                self.send_error(HTTPStatus.NOT_FOUND, f"There are {', '.join(pages)}")
                return
            status, kind, body = page()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the library's name
            """Tell nothing of each look."""

    return Handler
