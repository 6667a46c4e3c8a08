"""The calls on collections, without gRPC: one deadline for all steps, work that stops, queries of one collection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pytest

from inspector.collections.domain import Collections
from inspector.collections.store import Block, Summary
from inspector.collections.stores.memory import MemoryStore
from inspector.errors import ConflictError, DeadlineExceededError
from inspector.service.calls import Calls
from inspector.service.collection_servicer import CollectionServicer
from inspector.service.executor import Executor
from inspector.service.gate import Gate
from inspector.types.collections import Item
from inspector.v1 import collection_service_pb2 as pb
from inspector.wire.tensors import tensor_to_message

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


@pytest.fixture
def executor() -> Iterator[Executor]:
    made = Executor(workers=1)
    yield made
    made.close()


def servicer(executor: Executor, store: MemoryStore, *, max_seconds: float) -> CollectionServicer:
    models: Any = None  # what is asked here has vectors
    calls = Calls(models, executor, max_seconds=max_seconds)
    gates = [Gate(name, running=1, waiting=1) for name in ("long", "quick")]
    return CollectionServicer(calls, store, gate=gates[0], quick=gates[1], max_items=10)


def test_all_steps_of_a_call_share_its_deadline(executor: Executor) -> None:
    store = Slow(seconds=0.3)

    async def main() -> None:
        made = servicer(executor, store, max_seconds=0.5)
        request = pb.AddItemsRequest(collection=NAME, items=[pb.Item(id="a", vector=VECTOR)])
        with pytest.raises(DeadlineExceededError, match=r"after 0\.5 s"):
            await made.AddItems(request, Caller())

    asyncio.run(main())


@pytest.mark.parametrize("verb", ["FindNeighbors", "ComputePca"])
def test_a_late_search_stops_and_frees_its_thread(executor: Executor, verb: str) -> None:
    store = Slow()
    fill(store)
    store.seconds = 0.001
    requests = {
        "FindNeighbors": pb.FindNeighborsRequest(collection=NAME, queries=[pb.Query(vector=VECTOR)]),
        "ComputePca": pb.ComputePcaRequest(collection=NAME, components=1),
    }

    async def main() -> None:
        made = servicer(executor, store, max_seconds=0.3)
        began = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            await getattr(made, verb)(requests[verb], Caller())
        assert time.monotonic() - began < 5

    asyncio.run(main())


def test_queries_made_for_a_collection_are_not_answered_by_its_successor(executor: Executor) -> None:
    store = Slow()
    fill(store)
    request = pb.FindNeighborsRequest(collection=NAME, queries=[pb.Query(vector=VECTOR)])

    async def main() -> None:
        made = servicer(executor, store, max_seconds=30)
        await made.FindNeighbors(request, Caller())
        store.looks_until_remade = 2  # the first look is for the binding, the second for the search
        with pytest.raises(ConflictError) as caught:
            await made.FindNeighbors(request, Caller())
        assert caught.value.reason == "COLLECTION_REPLACED"

    asyncio.run(main())
