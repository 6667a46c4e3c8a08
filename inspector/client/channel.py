"""What gRPC is told about a channel."""

from __future__ import annotations

import json
from typing import Any, Literal

import grpc
import grpc.aio
from google.protobuf.message import Message

from inspector.wire.calls import Rpc

Balancing = Literal["pick_first", "round_robin"]
Compression = Literal["none", "gzip"]

COMPRESSIONS = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}

KEEPALIVE_SECONDS = 60.0
LEAST_KEEPALIVE_SECONDS = 30.0
"""A server ends connections on which it is asked more often."""
_KEEPALIVE_ANSWER_MS = 20_000
_RECONNECT_MS = (200, 5_000)
"""Between two attempts to connect, at first and at most: by default a server that was started anew is found only after
up to two minutes."""


def channel_options(
    *, max_message_bytes: int, keepalive_seconds: float | None, balancing: Balancing
) -> list[tuple[str, Any]]:
    """Return the options of a channel; calls come again by `inspector.client.retries`, not by gRPC's own policy."""
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.initial_reconnect_backoff_ms", _RECONNECT_MS[0]),
        ("grpc.max_reconnect_backoff_ms", _RECONNECT_MS[1]),
        ("grpc.service_config", json.dumps({"loadBalancingConfig": [{balancing: {}}]})),
    ]
    if keepalive_seconds is not None:
        options += [
            ("grpc.keepalive_time_ms", round(keepalive_seconds * 1000)),
            ("grpc.keepalive_timeout_ms", _KEEPALIVE_ANSWER_MS),
            ("grpc.http2.max_pings_without_data", 0),  # a call may run for minutes before its answer
        ]
    return options


def method_of(channel: grpc.Channel | grpc.aio.Channel, rpc: Rpc) -> Any:
    """Return what makes a call on a channel."""
    asks = "stream" if rpc.takes_stream else "unary"
    answers = "stream" if rpc.is_stream else "unary"
    return getattr(channel, f"{asks}_{answers}")(
        rpc.path,
        request_serializer=_serialized,
        response_deserializer=rpc.response.FromString,
    )


def _serialized(request: Message | bytes) -> bytes:
    """Return the bytes of a message; of a request to a model, they are made with the question."""
    return request if isinstance(request, bytes) else request.SerializeToString()
