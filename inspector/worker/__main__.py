"""python -m inspector.worker: a worker of the server that started it; it speaks over an inherited socket."""

from __future__ import annotations

import argparse
import logging
import socket

from inspector.worker.confine import confine


def main() -> None:
    """Serve until the server closes its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channel", type=int, required=True, help="the descriptor of the socket")
    parser.add_argument("--server", type=int, required=True, help="the server's process id")
    parser.add_argument("--threads", type=int, required=True, help="operations that run at once")
    parser.add_argument("--memory", type=int, required=True, help="bytes; 0 for no bound")
    parser.add_argument(
        "--file-bytes", type=int, required=True, help="the largest file, or answer, that it may write"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    confine(server=arguments.server, memory=arguments.memory, file_bytes=arguments.file_bytes)
    # Only now: NumPy starts threads as it is imported, and a process with threads is given no namespace of its own.
    from inspector.plugins import load_plugins  # noqa: PLC0415
    from inspector.worker.loop import Loop  # noqa: PLC0415

    load_plugins()
    Loop(socket.socket(fileno=arguments.channel), threads=arguments.threads).run()


if __name__ == "__main__":
    main()
