"""One file in chunks: received to disk, with order, size and digest checked."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from inspector.errors import InvalidInputError, LimitExceededError
from inspector.service.names import require_id
from inspector.service.repository import MODEL_FILE, storing
from inspector.service.threads import beside, in_thread
from inspector.v1 import model_service_pb2
from inspector.wire.counts import require_few

Message = model_service_pb2.UploadModelRequest

MAX_LABELS = 100_000
"""Of one model; the largest sets of classes have a fifth of it."""
MAX_HEADER_BYTES = 8 << 20
"""Of an upload's first message."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How slow an upload may be."""

    stall_seconds: float
    """The longest pause between two messages; it may fall behind the least rate by two of them."""
    seconds: float
    """The longest of all."""
    bytes_per_second: float
    """The least rate, from the beginning on."""

    def left(self, spent: float, *, received: int) -> float:
        """Return how many seconds the next message may take; 0 or less where it is too late for it already."""
        return min(self.stall_seconds, self.seconds - spent, self._latest(received) - spent)

    def refusal(self, spent: float, *, received: int) -> InvalidInputError:
        """Return the error of an upload for which nothing was left."""
        if spent >= self.seconds:
            return InvalidInputError(
                f"The upload took longer than {self.seconds:g} s, with {received:,} bytes received. Ask whoever runs "
                "the server to put the model into its repository, and register it.",
                reason="UPLOAD_TOO_SLOW",
            )
        if spent >= self._latest(received):
            return InvalidInputError(
                f"The upload is too slow: {received:,} bytes in {spent:.3g} s; it must have "
                f"{self.bytes_per_second:,} a second. Send it again, over a faster line.",
                reason="UPLOAD_TOO_SLOW",
            )
        return InvalidInputError(
            f"The upload stalled: no message came for {self.stall_seconds:g} s. Send it again.",
            reason="UPLOAD_STALLED",
        )

    def _latest(self, received: int) -> float:
        """Return after how many seconds that many bytes are too few."""
        return received / self.bytes_per_second + 2 * self.stall_seconds


class Upload:
    """The messages of one upload, read in order, while it goes on well."""

    def __init__(
        self,
        messages: AsyncIterator[Message],
        *,
        max_bytes: int,
        stall_seconds: float,
        seconds: float,
        bytes_per_second: float,
    ) -> None:
        """A file has at most `max_bytes`; see Pace for how slow it may come."""
        self._messages = messages
        self._max_bytes = max_bytes
        self._pace = Pace(stall_seconds=stall_seconds, seconds=seconds, bytes_per_second=bytes_per_second)
        self._began = time.monotonic()
        self._received = 0

    async def header(self) -> model_service_pb2.UploadHeader:
        """Return the first message's header, checked."""
        message = await self._next()
        if message is None or message.WhichOneof("part") != "header":
            raise InvalidInputError(
                "The first message must be the header.", reason="OUT_OF_ORDER", field="header"
            )
        header = message.header
        # First what is counted at once: what follows takes each label in hand.
        require_few(len(header.labels), most=MAX_LABELS, field="header.labels")
        if (size := header.ByteSize()) > MAX_HEADER_BYTES:
            raise LimitExceededError(
                f"The header has {size:,} bytes; with its labels it may have {MAX_HEADER_BYTES:,}. Shorten the labels.",
                field="header.labels",
            )
        require_id(header.model_id, field="header.model_id")
        if header.size < 1:
            raise InvalidInputError(
                f"header.size is {header.size}; a model has at least one byte.", field="header.size"
            )
        if header.size > self._max_bytes:
            raise LimitExceededError(
                f"header.size is {header.size:,} bytes; this server takes at most {self._max_bytes:,}. Put larger "
                "models into its repository folder, and register them.",
                field="header.size",
            )
        if header.sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", header.sha256):
            raise InvalidInputError("header.sha256 must be 64 hexadecimal digits.", field="header.sha256")
        return header

    async def receive(self, header: model_service_pb2.UploadHeader, folder: Path) -> str:
        """Write the chunks into `folder`, durably, and return their SHA-256 in hex."""
        digest = hashlib.sha256()
        written = 0
        with storing():
            async with beside(partial((folder / MODEL_FILE).open, "wb", buffering=0)) as file:
                while (message := await self._next()) is not None:
                    data = _chunk(message, written=written, size=header.size)
                    await in_thread(_append, file.fileno(), data, digest)
                    written += len(data)
                await in_thread(os.fsync, file.fileno())
        if written != header.size:
            raise InvalidInputError(
                f"The upload ended after {written:,} of {header.size:,} bytes. Send it again.",
                reason="SIZE_MISMATCH",
                field="header.size",
            )
        found = digest.hexdigest()
        if header.sha256 and found != header.sha256.lower():
            raise InvalidInputError(
                f"The bytes have the SHA-256 {found}, the header says {header.sha256.lower()}. Send them again.",
                reason="DIGEST_MISMATCH",
                field="header.sha256",
            )
        return found

    async def _next(self) -> Message | None:
        spent = time.monotonic() - self._began
        allowed = self._pace.left(spent, received=self._received)
        try:
            message = await asyncio.wait_for(anext(self._messages, None), allowed)
        except TimeoutError:
            raise self._pace.refusal(time.monotonic() - self._began, received=self._received) from None
        if message is not None:
            self._received += len(message.chunk.data)
        return message


def _chunk(message: Message, *, written: int, size: int) -> bytes:
    if message.WhichOneof("part") != "chunk":
        raise InvalidInputError(
            "After the header only chunks may come.", reason="OUT_OF_ORDER", field="chunk"
        )
    chunk = message.chunk
    if chunk.offset != written:
        raise InvalidInputError(
            f"chunk.offset is {chunk.offset}; the next byte is number {written}. Send the chunks in order.",
            reason="OUT_OF_ORDER",
            field="chunk.offset",
        )
    if not chunk.data:
        raise InvalidInputError("chunk.data is empty.", reason="MISSING", field="chunk.data")
    if written + len(chunk.data) > size:
        raise InvalidInputError(
            f"There are more bytes than the {size:,} that the header says.",
            reason="SIZE_MISMATCH",
            field="header.size",
        )
    return chunk.data


def _append(handle: int, data: bytes, digest: hashlib._Hash) -> None:
    digest.update(data)
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
