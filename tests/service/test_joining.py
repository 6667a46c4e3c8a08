"""Calls of several callers that share runs in a worker: each its own answer, and its own end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.client.client import Client
from inspector.engine import sharing
from inspector.engine.engine import Engine
from inspector.errors import CancelledError
from inspector.service.server import Server
from tests.support.server import running_server
from tests.support.small_cnn import images, small_cnn

CALLERS = 12


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many calls each joined run had; runs take long enough for others to come."""
    noted: list[int] = []
    together, run = sharing._together, Engine.run_forward

    def spy(engine: Engine, parts: Sequence[np.ndarray], *given: Any, **more: Any) -> Any:
        noted.append(len(parts))
        return together(engine, parts, *given, **more)

    def slowly(self: Engine, *given: Any, **more: Any) -> Any:
        time.sleep(0.1)
        return run(self, *given, **more)

    monkeypatch.setattr(sharing, "_together", spy)
    monkeypatch.setattr(Engine, "run_forward", slowly)
    return noted


@pytest.fixture
def server(tmp_path: Path, joined: list[int]) -> Iterator[Server]:
    with running_server(
        tmp_path, workers=CALLERS, running_per_model=CALLERS, waiting_per_model=CALLERS, joining="all"
    ) as started:
        with Client(started.address) as client:
            client.upload(small_cnn(head="Softmax"), name="small")
        yield started


def test_callers_who_come_together_each_get_their_own_answer(server: Server, joined: list[int]) -> None:
    x = images(CALLERS)
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as local:
        expected = [local.predict(x[row : row + 1])[0] for row in range(CALLERS)]
        vectors = local.features(x)
    before = threading.Barrier(CALLERS)

    def call(row: int) -> tuple[Any, np.ndarray]:
        with Client(server.address) as client:
            model = client.model("small")
            before.wait(30)
            return model.predict(x[row : row + 1])[0], np.asarray(model.features(x[row : row + 1]))[0]

    with ThreadPoolExecutor(CALLERS) as pool:
        found = list(pool.map(call, range(CALLERS)))

    assert max(joined) > 1
    for row, (answer, vector) in enumerate(found):
        assert [one.index for one in answer.classes] == [one.index for one in expected[row].classes]
        ours, own = (
            np.array([one.probability for one in each.classes], np.float64)
            for each in (answer, expected[row])
        )
        np.testing.assert_allclose(ours, own, atol=1e-6)
        np.testing.assert_allclose(vector, vectors[row], atol=1e-6 * np.abs(vectors).max())
        assert answer.notes == expected[row].notes


def test_one_callers_deadline_ends_his_call_alone(server: Server, joined: list[int]) -> None:
    x, before = images(CALLERS), threading.Barrier(CALLERS)

    def call(row: int) -> Any:
        with Client(server.address, retries=0) as client:
            model = client.model("small")
            before.wait(30)
            return model.predict(x[row : row + 1], timeout=0.15 if row % 3 == 0 else 30)[0]

    with ThreadPoolExecutor(CALLERS) as pool:
        futures = [pool.submit(call, row) for row in range(CALLERS)]
        errors = [future.exception(60) for future in futures]

    for row, error in enumerate(errors):
        assert error is None or (row % 3 == 0 and isinstance(error, CancelledError)), error
    assert max(joined) > 1
