"""The calls on collections, without gRPC: one deadline for all steps, work that stops, queries of one collection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message

from inspector.collections import neighbors
from inspector.collections.domain import Collections
from inspector.collections.store import Block, Summary
from inspector.collections.stores.memory import MemoryStore
from inspector.errors import ConflictError, DeadlineExceededError
from inspector.service.calls import Calls
from inspector.service.collection_servicer import CollectionServicer
from inspector.service.settings import Settings
from inspector.service.workers.pool import Pool
from inspector.service.workers.starting import Bounds
from inspector.types.collections import Item
from inspector.v1 import collection_service_pb2 as pb
from inspector.wire.tensors import tensor_to_message
from inspector.worker.thread import start_thread

MIB = 2**20
NAME = "collections/all"
VECTOR = tensor_to_message(np.ones(2, np.float32))


class Caller:
    """A call without a deadline of its own."""

    def time_remaining(self) -> float | None:
        return None


class Slow(MemoryStore):
    """Takes its time for each look, and ten seconds for its blocks; may be made anew at a look."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.looks_until_remade = 0

    def info(self, name: str) -> Summary | None:
        time.sleep(self.seconds)
        if self.looks_until_remade:
            self.looks_until_remade -= 1
            if self.looks_until_remade == 0:
                self.delete(name)
                fill(self)
        return super().info(name)

    def blocks(self, name: str) -> Generator[Block, None, None]:
        for block in super().blocks(name):
            for _ in range(200 if self.seconds else 0):
                time.sleep(0.05)
                yield Block(first=0, ids=(), vectors=block.vectors[:0])
            yield block


def fill(store: MemoryStore) -> None:
    Collections(store).add("all", [Item(id=name, vector=np.ones(2)) for name in "ab"])


@asynccontextmanager
async def servicer(
    folder: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, *, max_seconds: float
) -> AsyncIterator[Callable[[str, Message], Awaitable[bytes]]]:
    """Give what asks a call, of collections in that store."""

    def made(*, max_bytes: int) -> MemoryStore:
        return store

    monkeypatch.setattr("inspector.worker.operations.collections.store_named", lambda _name: made)
    models: Any = None  # what is asked here has vectors
    pool = Pool(
        start_thread,
        folder=folder,
        bounds=Bounds(threads=1, memory=0, answer=MIB),
        kill_seconds=1,
        spare=False,
    )
    found = CollectionServicer(Calls(models, max_seconds=max_seconds), models, pool, settings=Settings())
    handlers: Any = found.handlers()

    async def ask(name: str, request: Message) -> bytes:
        answer: bytes = await handlers[name].unary_unary(request.SerializeToString(), Caller())
        return answer

    try:
        yield ask
    finally:
        await found.close()
        await pool.close()


def test_all_steps_of_a_call_share_its_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with servicer(tmp_path, Slow(seconds=0.3), monkeypatch, max_seconds=0.5) as ask:
            request = pb.AddItemsRequest(collection=NAME, items=[pb.Item(id="a", vector=VECTOR)])
            with pytest.raises(DeadlineExceededError, match=r"after 0\.5 s"):
                await ask("AddItems", request)

    asyncio.run(main())


@pytest.mark.parametrize("verb", ["FindNeighbors", "ComputePca"])
def test_a_late_search_stops_and_frees_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    assert callable(neighbors.nearest)  # imported now, which takes seconds
    store = Slow()
    fill(store)
    store.seconds = 0.001
    requests = {
        "FindNeighbors": pb.FindNeighborsRequest(collection=NAME, queries=[pb.Query(vector=VECTOR)]),
        "ComputePca": pb.ComputePcaRequest(collection=NAME, components=1),
    }

    async def main() -> None:
        async with servicer(tmp_path, store, monkeypatch, max_seconds=0.3) as ask:
            began = time.monotonic()
            with pytest.raises(DeadlineExceededError):
                await ask(verb, requests[verb])
            assert time.monotonic() - began < 5

    asyncio.run(main())


def test_queries_made_for_a_collection_are_not_answered_by_its_successor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Slow()
    fill(store)
    request = pb.FindNeighborsRequest(collection=NAME, queries=[pb.Query(vector=VECTOR)])

    async def main() -> None:
        async with servicer(tmp_path, store, monkeypatch, max_seconds=30) as ask:
            await ask("FindNeighbors", request)
            store.looks_until_remade = 2  # the first look is for the binding, the second for the search
            with pytest.raises(ConflictError) as caught:
                await ask("FindNeighbors", request)
            assert caught.value.reason == "COLLECTION_REPLACED"

    asyncio.run(main())
