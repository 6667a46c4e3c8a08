"""Memory goes back to the system after large calls, and not after each."""

from __future__ import annotations

import asyncio

from inspector.service.observing.trimming import LARGE, Trimming, trim
from inspector.service.record import CallRecord
from tests.support.ahead import run_ahead


def ended(*, received: int = 0, sent: int = 0) -> CallRecord:
    return CallRecord(id="1", method="/a.B/C", request_bytes=received, response_bytes=sent)


def trims_after(*records: CallRecord) -> int:
    done: list[None] = []

    async def run() -> None:
        trimming = Trimming(pause=0.05, give_back=lambda: done.append(None))
        for record in records:
            trimming.ended(record)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)

    run_ahead(run())
    return len(done)


def test_many_large_calls_are_followed_by_one_trim() -> None:
    assert trims_after(*[ended(received=LARGE)] * 3) == 1
    assert trims_after(ended(sent=LARGE)) == 1


def test_small_calls_are_followed_by_none() -> None:
    assert trims_after(*[ended(received=1000, sent=1000)] * 3) == 0


def test_it_does_nothing_that_fails() -> None:
    trim()
