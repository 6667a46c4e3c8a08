"""Models that end or hold the process that runs them: the server stays, and so do the models of others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inspector import Cancellation
from inspector.client import Client
from inspector.errors import (
    CancelledError,
    ConflictError,
    InspectorError,
    InvalidModelError,
    LimitExceededError,
    ServerUnavailableError,
)
from tests.support.killers import HARMFUL, HARMLESS, KILLERS, Killer
from tests.support.patience import PATIENCE
from tests.support.server import server_process
from tests.support.toys import toy_cnn

GIB = 2**30
BLACK = np.zeros((1, 3, 16, 16), np.float32)
PASSING = [killer for killer in KILLERS.values() if not killer.by_zeros]
"""Those that the first look, with an image of zeros, cannot know of."""
ENDING = [killer for killer in PASSING if killer.ends in ("crash", "memory")]
HOLDING = [killer for killer in PASSING if killer.ends == "time"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server with a model that does no harm, and all that do."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "good").mkdir()
    (folder / "good" / "model.onnx").write_bytes(toy_cnn())
    settings = {"load": "good", "worker_memory_bytes": 2 * GIB, "max_crashes": 2, "max_own_workers": 3}
    with server_process(folder, **settings) as (_, address), Client(address, timeout=2 * PATIENCE) as made:
        for killer in PASSING:
            made.upload(killer.build(), name=named(killer))
        yield made


def named(killer: Killer) -> str:
    return killer.name.replace("_", "-")


def ask(client: Client, killer: Killer, value: float, token: Cancellation | None = None) -> None:
    model = client.model(named(killer))
    model.activations(killer.image(value), layers=[layer_of(client, killer)], cancellation=token)


def state(client: Client, killer: Killer) -> str:
    """Return what a model can do once it is about to do nothing else."""
    for _ in range(int(PATIENCE * 10)):
        found = client.served(named(killer)).state
        if found != "loading":
            break
        time.sleep(0.1)
    return found


def layer_of(client: Client, killer: Killer) -> str:
    layers = client.model(named(killer)).layers()
    return next((layer.name for layer in layers if layer.output == killer.output), layers[-1].name)


@pytest.mark.slow
@pytest.mark.parametrize("killer", [killer for killer in KILLERS.values() if killer.by_zeros], ids=named)
def test_what_the_first_look_shows_is_refused(client: Client, killer: Killer) -> None:
    with pytest.raises(InvalidModelError) as caught:
        client.upload(killer.build(), name=named(killer))
    assert caught.value.reason == "MODEL_CRASHES"


@pytest.mark.slow
@pytest.mark.parametrize("killer", ENDING, ids=named)
def test_a_model_that_ends_its_worker_is_answered_and_comes_back(client: Client, killer: Killer) -> None:
    with pytest.raises((ServerUnavailableError, LimitExceededError)) as caught:
        ask(client, killer, HARMFUL)
    assert caught.value.reason == ("OUT_OF_MEMORY" if killer.ends == "memory" else "WORKER_CRASHED")
    assert client.model("good").predict(BLACK)
    ask(client, killer, HARMLESS)
    assert state(client, killer) == "ready"


@pytest.mark.slow
@pytest.mark.parametrize("killer", HOLDING, ids=named)
def test_a_node_that_runs_for_minutes_is_ended_with_its_call(client: Client, killer: Killer) -> None:
    token = Cancellation()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ask, client, killer, HARMFUL, token)
        threading.Event().wait(0.5)
        token.cancel()
        # One that is also large may come to its end by the bound on memory first.
        with pytest.raises((CancelledError, LimitExceededError)):
            running.result(PATIENCE)
    began = time.monotonic()
    ask(client, killer, HARMLESS)
    assert time.monotonic() - began < PATIENCE
    assert client.model("good").predict(BLACK)


@pytest.mark.slow
def test_a_model_that_ends_its_worker_again_and_again_is_failed(client: Client) -> None:
    killer = KILLERS["division"]
    ask(client, killer, HARMLESS)
    # Where another call of the worker may be to blame, the client asks once more by itself: then it is failed already.
    for refused in (ServerUnavailableError, (ServerUnavailableError, ConflictError)):
        with pytest.raises(refused):
            ask(client, killer, HARMFUL)
    assert state(client, killer) == "failed"
    served = client.served(named(killer))
    assert "in a row" in served.failure
    with pytest.raises(ConflictError, match="in a row"):
        ask(client, killer, HARMLESS)
    client.load(named(killer))
    ask(client, killer, HARMLESS)
    assert client.model("good").predict(BLACK)


def test_an_override_that_cannot_be_leaves_the_model_as_it_was(client: Client) -> None:
    for given in ({"layout": "X"}, {"std": [0.0, 0.0, 0.0]}):
        with pytest.raises(InspectorError):
            client.load("good", preprocessing=given)
        assert client.served("good").state == "ready"
        assert client.model("good").predict(BLACK)
