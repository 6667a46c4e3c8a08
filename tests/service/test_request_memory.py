"""Nothing keeps a request once it is answered: not until the garbage collector comes, which is rare and late."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from benchmarks.attacks.wire import Stubs, attempt, image
from inspector.client import Client
from inspector.service.server import Server
from inspector.v1.inspection_service_pb2 import PredictRequest
from tests.support.patience import eventually
from tests.support.server import running_server
from tests.support.toys import toy_cnn

LARGE = 1 << 20
"""Bytes: beyond all that the server itself keeps."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("models")) as started:
        with Client(started.address) as client:
            client.upload(toy_cnn(), name="toy")
        yield started


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector away, as it is between two of its rounds."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def holders(size: int) -> list[str]:
    """Return what holds bytes of that length."""
    return [
        repr(type(holder))
        for holder in gc.get_objects()
        for held in gc.get_referents(holder)
        if type(held) is bytes and len(held) == size
    ]


@pytest.mark.parametrize(
    ("model", "shape", "code"),
    [
        ("none", (1, 3, 600, 600), "NOT_FOUND"),
        ("toy", (1, 3, 601, 600), "INVALID_ARGUMENT"),
        ("toy", (512, 3, 16, 16), "OK"),
    ],
    ids=["refused by the server", "refused by the worker", "served"],
)
def test_a_request_is_gone_once_it_is_answered(
    server: Server, tmp_path: Path, model: str, shape: tuple[int, ...], code: str
) -> None:
    request = PredictRequest(model=f"models/{model}", images=[image(np.ones(shape, np.float32))])
    size = request.ByteSize()
    assert size > LARGE
    with Stubs(server.address) as stubs, uncollected():
        answer = attempt(stubs.inspection.Predict, request)
        assert answer.code == code, answer.message
        assert eventually(lambda: not holders(size)), holders(size)


def test_what_holds_bytes_is_found() -> None:
    held = [bytes(LARGE + 1)]
    assert holders(LARGE + 1) == ["<class 'list'>"]
    held.clear()
    assert holders(LARGE + 1) == []
