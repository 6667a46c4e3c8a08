"""Messages as packets: what is short goes through the socket, what is long through shared memory.

A packet is four bytes with the length of the head, the head, and the body. A long body lies in a memory file (memfd)
whose descriptor travels with the packet: no name that could be left behind, and nothing to clean up after a crash. What
comes is read, never mapped: the other side could make a mapped file shorter, and reading that ends a process.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

from inspector.isolation.heads import Head, head_of_bytes, head_to_bytes

LONG = 32 << 10
"""Bytes of a body from which on it travels in shared memory."""
MOST_HEAD = 160 << 10
"""Bytes of a head with a short body; beyond, a packet would not fit through a socket of the usual size."""

_LENGTH = struct.Struct("<I")
_RECEIVED = MOST_HEAD + LONG + _LENGTH.size


class Packet(NamedTuple):
    """A message, ready to be sent."""

    data: bytes
    memory: int | None
    """The descriptor of the memory that holds the body."""

    def close(self) -> None:
        """Give the memory back, once it was sent: the receiver has a descriptor of its own."""
        if self.memory is not None:
            os.close(self.memory)


class TooLongError(ValueError):
    """What is to be sent, or was, is longer than is allowed."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two ends that keep the borders of packets."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            end.setsockopt(socket.SOL_SOCKET, option, 4 * _RECEIVED)
    return ends


def pack(head: Head, body: bytes = b"", *, memory: int | None = None) -> Packet:
    """Return a message as a packet; a long body is copied into shared memory, at about 3 GB/s.

    `memory` is the descriptor of a memory file to write over, of which the packet gets a descriptor of its own.
    """
    if len(body) < LONG:
        return Packet(_joined(head_to_bytes(head), body), None)
    data = _joined(head_to_bytes(head, size=len(body)), b"")
    own = os.memfd_create("inspector", os.MFD_CLOEXEC) if memory is None else os.dup(memory)
    try:
        written = 0
        while written < len(body):
            written += os.pwrite(own, memoryview(body)[written:], written)
    except BaseException:
        os.close(own)
        raise
    return Packet(data, own)


def send(end: socket.socket, packet: Packet) -> None:
    """Send a packet, and give its memory back; BlockingIOError keeps it, for another try."""
    if packet.memory is None:
        end.sendmsg([packet.data])
        return
    socket.send_fds(end, [packet.data], [packet.memory])
    packet.close()


class Received(NamedTuple):
    """A message as it came: its body may still lie in shared memory."""

    head: Head
    short: bytes
    memory: int | None
    size: int

    def body(self) -> bytes:
        """Return the body, and give its memory back; call it once."""
        if self.memory is None:
            return self.short
        try:
            return _read(self.memory, self.size)
        finally:
            os.close(self.memory)

    def drop(self) -> None:
        """Give the memory of a body that nobody wants back."""
        if self.memory is not None:
            os.close(self.memory)


def receive(end: socket.socket, *, most: int) -> Received | None:
    """Return the next message, with a body of at most so many bytes; None where the other end is closed.

    ValueError (TooLongError among them) where what came is no message.
    """
    data, memories, _, _ = socket.recv_fds(end, _RECEIVED, 4)
    if not data:
        _close(memories)
        return None
    try:
        return _parsed(data, memories, most=most)
    except BaseException:
        _close(memories)
        raise


def _parsed(data: bytes, memories: Sequence[int], *, most: int) -> Received:
    if len(data) < _LENGTH.size:
        raise ValueError("A packet has no head.")
    (length,) = _LENGTH.unpack_from(data)
    end = _LENGTH.size + length
    head, size = head_of_bytes(data[_LENGTH.size : end])
    if size is None:
        if memories:
            raise ValueError("A packet brings memory that its head does not tell of.")
        return Received(head, data[end:], None, len(data) - end)
    if len(memories) != 1:
        raise ValueError("A packet brings no memory, or too much.")
    if size > most:
        raise TooLongError(f"A body has {size:,} bytes; at most {most:,} are taken.")
    return Received(head, b"", memories[0], size)


def _joined(head: bytes, body: bytes) -> bytes:
    if len(head) > MOST_HEAD:
        raise TooLongError(f"A head has {len(head):,} bytes; at most {MOST_HEAD:,} can be sent.")
    return _LENGTH.pack(len(head)) + head + body


def _read(memory: int, size: int) -> bytes:
    data = os.pread(memory, size, 0)
    while len(data) < size:  # a read ends at 2 GiB
        more = os.pread(memory, size - len(data), len(data))
        if not more:
            raise ValueError(f"A body has {len(data):,} bytes; its head says {size:,}.")
        data += more
    return data


def _close(memories: Sequence[int]) -> None:
    for memory in memories:
        os.close(memory)
