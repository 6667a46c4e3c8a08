"""The models of a folder on a Ray cluster: replicas on its nodes, asked through Ray Serve's gRPC proxy.

Clients stay as they are: Ray's proxy speaks inspector.v1 with the services that SERVICERS names, and takes each call to
the replica with the fewest. Models are loaded as the replicas start; there are no uploads and no collections.

    serve.start(grpc_options=gRPCOptions(port=50051, grpc_servicer_functions=SERVICERS))
    serve.run(inspection("models", replicas=4))

The folder holds one folder per model, as a server's repository does, and lies on every node under the same path.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from ray import serve
from ray.serve.grpc_util import RayServegRPCContext

import inspector
from inspector.errors import InspectorError, unknown_name
from inspector.service.status import code_of
from inspector.types.control import Cancellation, Control
from inspector.types.served_model import ServedModel
from inspector.v1 import model_service_pb2
from inspector.wire.calls import SERVICE, Rpc, rpc_named
from inspector.wire.models import model_id, model_to_message
from inspector.wire.requests import request_of_message
from inspector.wire.results import response_of

SERVICERS = [
    "inspector.v1.inspection_service_pb2_grpc.add_InspectionServiceServicer_to_server",
    "inspector.v1.model_service_pb2_grpc.add_ModelServiceServicer_to_server",
]
"""What Ray's proxy is told to speak. A call that `Inspection` does not have is UNIMPLEMENTED."""


class Inspection:
    """All models of a folder, in one process, answering the calls of InspectionService and GetModel."""

    def __init__(self, repository: str) -> None:
        """Load the models, before Ray says that this replica is ready."""
        files = sorted(Path(repository).glob("*/*.onnx"))
        self._models = {file.parent.name: inspector.load(file, device="auto") for file in files}

    async def GetModel(self, request: Any, grpc_context: RayServegRPCContext) -> Message:  # noqa: N802
        """Tell what is known of a model."""
        with _telling(grpc_context):
            name = model_id(request.name)
            model = self._model(name)
            info = await asyncio.to_thread(lambda: model.info)
            served = ServedModel(name=name, state="ready", failure="", info=info)
            return model_service_pb2.GetModelResponse(model=model_to_message(served))

    def _model(self, name: str) -> inspector.Model:
        if name not in self._models:
            raise unknown_name("model", name, self._models)
        return self._models[name]

    async def _ask(self, call: Rpc, message: Any, context: RayServegRPCContext) -> Message:
        """Answer in a thread; a caller that leaves ends the run."""
        token = Cancellation()

        def work() -> Message:
            model = self._model(model_id(message.model))
            result = model.backend.ask(request_of_message(message, call), Control(cancellation=token))
            return response_of(call, result=result)

        with _telling(context):
            try:
                return await asyncio.to_thread(work)
            except asyncio.CancelledError:
                token.cancel("the caller left")
                raise


@contextmanager
def _telling(context: RayServegRPCContext) -> Iterator[None]:
    """Let an error have the code and the message that a server of our own answers with; Ray sends no details."""
    try:
        yield
    except InspectorError as error:
        context.set_code(code_of(error))
        context.set_details(error.message)
        raise


def _answering(call: Rpc) -> Callable[..., Any]:
    """Return the method for a call of InspectionService; a stream has the result alone, without progress."""

    async def one(self: Inspection, request: Any, grpc_context: RayServegRPCContext) -> Message:
        return await self._ask(call, request, grpc_context)

    async def stream(
        self: Inspection, request: Any, grpc_context: RayServegRPCContext
    ) -> AsyncIterator[Message]:
        yield await self._ask(call, request, grpc_context)

    return stream if call.is_stream else one


for _method in SERVICE.methods:
    if not _method.name.startswith("List"):
        setattr(Inspection, _method.name, _answering(rpc_named(_method.name)))


def inspection(
    repository: str, *, replicas: int, cpus: int = 1, per_node: int | None = None
) -> serve.Application:
    """Return the application: so many replicas, each with so many cores, at most `per_node` on one node."""
    deployment = serve.deployment(
        num_replicas=replicas,
        max_ongoing_requests=8,
        max_replicas_per_node=per_node,
        ray_actor_options={
            "num_cpus": cpus,
            # Ray counts cores and pins nothing: without this every replica takes all of its node's.
            "runtime_env": {"env_vars": {"INSPECTOR_THREADS": str(cpus)}},
        },
    )(Inspection)
    return deployment.bind(repository)
