"""Calls of an attacker: any message, any bytes, and what came back in words that can be compared."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import grpc
import numpy as np
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from inspector.v1 import (
    collection_service_pb2_grpc,
    image_pb2,
    inspection_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
    tensor_pb2,
)

_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
)
_DATATYPES = {"float32": "FP32", "float64": "FP64", "uint8": "UINT8", "int64": "INT64", "bool": "BOOL"}


@dataclass(frozen=True)
class Answer:
    """What a call came to."""

    code: str
    """The name of its status code."""
    reason: str
    """That of ErrorInfo; empty where there is none."""
    field: str
    message: str
    seconds: float
    retry: float | None = None
    """Seconds of RetryInfo."""
    response: Any = None

    def __str__(self) -> str:
        return f"{self.code} {self.reason}".strip()


class Stubs:
    """All services of one server over one connection."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address, options=list(_OPTIONS))
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)
        self.inspection = inspection_service_pb2_grpc.InspectionServiceStub(self.channel)
        self.collections = collection_service_pb2_grpc.CollectionServiceStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def raw(self, method: str) -> Any:
        """Return a call that takes and gives bytes, by its path below inspector.v1."""
        return self.channel.unary_unary(
            f"/inspector.v1.{method}", request_serializer=_same, response_deserializer=_same
        )

    def serving(self, service: str = "", *, timeout: float = 10) -> bool:
        """Return whether health says SERVING."""
        request = health_pb2.HealthCheckRequest(service=service)
        answer = attempt(self.health.Check, request, timeout=timeout)
        return (
            answer.response is not None and answer.response.status == health_pb2.HealthCheckResponse.SERVING
        )

    def close(self) -> None:
        """End the connection."""
        self.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _same(data: bytes) -> bytes:
    return data


def attempt(call: Callable[..., Any], request: Any, *, timeout: float = 60, **given: Any) -> Answer:
    """Return what a call comes to; the last message of one that answers with a stream."""
    began = time.perf_counter()
    try:
        response = call(request, timeout=timeout, **given)
        if isinstance(response, Iterator):
            *_, response = [None, *response]
    except grpc.RpcError as error:
        return answer_of(error, seconds=time.perf_counter() - began)
    return Answer("OK", "", "", "", time.perf_counter() - began, response=response)


def settled(future: Any, *, within: float) -> Answer:
    """Return what a call begun earlier comes to; NOTHING where it does not end in so many seconds."""
    began = time.perf_counter()
    try:
        response = future.result(timeout=within)
    except grpc.FutureTimeoutError:
        return Answer("NOTHING", "", "", f"no answer in {within:g} s", within)
    except grpc.FutureCancelledError:
        return Answer("CANCELLED", "", "", "cancelled here", time.perf_counter() - began)
    except grpc.RpcError as error:
        return answer_of(error, seconds=time.perf_counter() - began)
    return Answer("OK", "", "", "", time.perf_counter() - began, response=response)


def answer_of(error: Any, *, seconds: float) -> Answer:
    """Return the answer that a failed call is."""
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        status = None
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for packed in status.details if status is not None else ():
        packed.Unpack(info)
        packed.Unpack(retry)
    wait = retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None
    return Answer(
        error.code().name,
        info.reason,
        info.metadata.get("field", ""),
        error.details() or "",
        seconds,
        retry=wait,
    )


def upload_messages(
    data: bytes, model_id: str, *, labels: Sequence[str] = (), chunk: int = 1 << 20, **header: Any
) -> Iterator[model_service_pb2.UploadModelRequest]:
    """Yield the messages of an upload; what is given of the header is sent as given."""
    said: dict[str, Any] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} | header
    yield model_service_pb2.UploadModelRequest(
        header=model_service_pb2.UploadHeader(model_id=model_id, labels=labels, **said)
    )
    for offset in range(0, len(data), chunk):
        yield model_service_pb2.UploadModelRequest(
            chunk=model_service_pb2.UploadChunk(offset=offset, data=data[offset : offset + chunk])
        )


def tensor(array: np.ndarray) -> tensor_pb2.Tensor:
    """Return an array as it travels."""
    array = np.ascontiguousarray(array)
    return tensor_pb2.Tensor(datatype=_DATATYPES[array.dtype.name], shape=array.shape, raw=array.tobytes())


def image(array: np.ndarray) -> image_pb2.Image:
    """Return an array as an image."""
    return image_pb2.Image(tensor=tensor(array))
