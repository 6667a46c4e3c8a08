"""inspector.v1.CollectionService: requests pass as bytes to the worker that has the store."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import grpc

from inspector.collections.viewer import Viewer
from inspector.service.calls import Calls
from inspector.service.gate import Gate
from inspector.service.hosting import Models
from inspector.service.names import MODELS, name_of
from inspector.service.record import note_ran, phase
from inspector.service.security.access import owner_for
from inspector.service.security.caller import current_caller
from inspector.service.settings import Settings
from inspector.service.workers.home import Home
from inspector.service.workers.pool import Pool
from inspector.service.workers.worker import Answer, Worker
from inspector.types.control import Deadline
from inspector.v1 import collection_service_pb2
from inspector.wire.peek import peek

log = logging.getLogger(__name__)

SERVICE = collection_service_pb2.DESCRIPTOR.services_by_name["CollectionService"]

COMPUTING = frozenset({"FindNeighbors", "ComputePca"})
"""Calls that go over a whole collection."""


class CollectionServicer:
    """Collections of vectors, and what is near in them; they live in a worker of their own, while it lives.

    `gate` is for what computes over a whole collection, `quick` for the rest, which thus never waits for it, nor, in
    threads of its own, for a model. A call has one deadline for all its steps.
    """

    def __init__(self, calls: Calls, models: Models, pool: Pool, *, settings: Settings) -> None:
        self._calls = calls
        self._models = models
        self._settings = settings
        self._gate = Gate("the collections", running=1, waiting=settings.waiting_per_model)
        self._quick = Gate("the collections' store", running=1, waiting=settings.max_concurrent_rpcs)
        self._opened = False
        self._home = Home(
            pool,
            prepare=self._prepare,
            most_crashes=settings.max_crashes,
            lost=_nothing,
            away=_nothing,
            back=_nothing,
        )

    def handlers(self) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
        """Return gRPC's handlers by the names of the calls: of bytes, which nobody parses here."""
        return {
            method.name: grpc.unary_unary_rpc_method_handler(self._asking(method.name))
            for method in SERVICE.methods
        }

    async def close(self) -> None:
        """End the worker, and with it what only it knows."""
        await self._home.close()

    def _asking(self, name: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
        descriptor = SERVICE.methods_by_name[name].input_type

        async def handle(request: bytes, context: Any) -> bytes:
            peek(request, descriptor)
            deadline = self._calls.deadline(context)
            about = {
                "call": name,
                "size": len(request),
                "most_items": self._settings.max_images,
                "viewer": asdict(self._viewer()),
            }
            # Images are first told of, so that none waits behind a model for the store, nor the other way round.
            answer = await self._asked(about, request, deadline, quick=name not in COMPUTING)
            if "planned" in answer.about:
                more, vectors = await self._made(answer, deadline)
                answer = await self._asked(
                    {**about, **more}, vectors + request, deadline, quick=name not in COMPUTING
                )
            return answer.body

        return handle

    def _viewer(self) -> Viewer:
        """Return whose eyes look at the collections in this call."""
        caller = current_caller()
        most = None if caller.is_admin else self._settings.caller_collections
        return Viewer(owner=owner_for(caller), sees_all=caller.is_admin, most=most)

    async def _made(self, needed: Answer, deadline: Deadline) -> tuple[dict[str, Any], bytes]:
        """Let the model that a collection is bound to make vectors, behind its own gate; what made them is told."""
        identifier = str(needed.about["model"])
        self._models.ready(identifier)
        info = self._models.get(identifier).info
        digest = "" if info is None else info.sha256
        more = {"planned": needed.about["planned"], "sha256": digest}
        if needed.about["sha256"] not in (
            "",
            digest,
        ):  # which is an error, and told as one before anything is run
            return more, b""
        limits = {"most_images": self._settings.max_images, "most_bytes": self._settings.max_message_bytes}
        answer = await self._calls.on_model(
            name_of(MODELS, identifier),
            "inspect",
            {"call": "Features", **limits},
            needed.body,
            deadline=deadline,
        )
        return more, answer.body

    async def _asked(self, about: dict[str, Any], body: bytes, deadline: Deadline, *, quick: bool) -> Answer:
        gate = self._quick if quick else self._gate
        async with gate.passed(deadline, phase="queue"):
            await self._home.open()
            with phase("worker"):
                # The store lives in the worker: it is not ended for a call that is slow to stop.
                answer = await self._home.ask(
                    "collections", {**about, "quick": quick}, body, deadline=deadline, kills=False
                )
            note_ran(answer.about)
            return answer

    async def _prepare(self, worker: Worker) -> Answer:
        if self._opened:
            log.error("The worker of the collections was started again: those in memory are gone")
        self._opened = True
        settings = self._settings
        return await worker.ask(
            "open_collections", {"store": settings.collections_store, "bytes": settings.collections_bytes}
        )


def _nothing(*_: object) -> None:
    return None
