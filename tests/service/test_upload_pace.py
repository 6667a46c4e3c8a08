"""Uploads that come too slowly: by the clock of the test, without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inspector.errors import InvalidInputError
from inspector.service.upload import Pace, Upload
from inspector.v1.model_service_pb2 import UploadChunk, UploadHeader, UploadModelRequest

PACE = Pace(stall_seconds=30, seconds=3600, bytes_per_second=1000)


@pytest.mark.parametrize(
    ("spent", "received", "left"),
    [
        (0, 0, 30),
        (40, 0, 20),  # the least rate counts from the beginning on
        (60, 0, 0),
        (100, 100_000, 30),
        (100, 45_000, 5),
        (100, 1_000_000, 30),
        (3595, 10**9, 5),
        (3601, 10**9, -1),
    ],
)
def test_what_is_left_for_the_next_message(spent: float, received: int, left: float) -> None:
    assert PACE.left(spent, received=received) == left


@pytest.mark.parametrize(
    ("spent", "received", "reason", "told"),
    [
        (40, 100_000, "UPLOAD_STALLED", "30 s"),
        (61, 1, "UPLOAD_TOO_SLOW", "1,000 a second"),
        (3600, 10**9, "UPLOAD_TOO_SLOW", "3600 s"),
    ],
)
def test_the_refusal_says_which_bound_it_was(spent: float, received: int, reason: str, told: str) -> None:
    refusal = PACE.refusal(spent, received=received)
    assert refusal.reason == reason
    assert told in refusal.message


async def drip(*, pause: float) -> AsyncIterator[UploadModelRequest]:
    yield UploadModelRequest(header=UploadHeader(model_id="slow", size=1 << 20))
    for offset in range(1 << 20):
        await asyncio.sleep(pause)
        yield UploadModelRequest(chunk=UploadChunk(offset=offset, data=b"x"))


@pytest.mark.parametrize(
    "pace", [{"bytes_per_second": 1e6, "seconds": 1e6}, {"bytes_per_second": 1e-6, "seconds": 0.3}]
)
def test_a_byte_at_a_time_comes_to_an_end(pace: dict[str, float], tmp_path: Path) -> None:
    async def receive() -> None:
        upload = Upload(drip(pause=0.02), max_bytes=1 << 30, stall_seconds=0.3, **pace)
        await upload.receive(await upload.header(), tmp_path)

    with pytest.raises(InvalidInputError) as caught:
        asyncio.run(receive())
    assert caught.value.reason == "UPLOAD_TOO_SLOW"
