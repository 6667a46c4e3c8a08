"""How a call runs is the same here and over the wire: steps, progress, cancellation, time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.client import Client
from inspector.errors import CancelledError, ConflictError, DeadlineExceededError, InvalidInputError
from inspector.face.load import load
from inspector.face.model import Model
from inspector.types.control import Cancellation, Progress
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.requests.predict import PredictRequest
from inspector.types.results.predictions import Predictions
from inspector.types.results.sweep import Sweep
from tests.congruence.test_congruence import assert_same
from tests.support.patience import PATIENCE, eventually
from tests.support.server import ready_model, running_server
from tests.support.toys import BRIGHT, toy_cnn, toy_endless, toy_image, toy_photo

LONG = AttributeRequest(images=toy_photo(), method="rise", options={"masks": 10**15})
"""Tells its progress often, and never ends by itself."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_server(tmp_path_factory.mktemp("models")) as server, Client(server.address) as made:
        made.upload(toy_cnn(), name="toy")
        made.upload(toy_endless(), name="endless")
        yield made


@pytest.fixture(scope="module", params=["here", "there"])
def side(request: pytest.FixtureRequest, client: Client) -> Iterator[Callable[[str], Model]]:
    if request.param == "there":
        yield client.model
        return
    with load(toy_cnn(), device="cpu") as toy, load(toy_endless(), device="cpu") as endless:
        yield {"toy": toy, "endless": endless}.__getitem__


@pytest.fixture
def toy(side: Callable[[str], Model]) -> Model:
    return side("toy")


@pytest.fixture
def endless(side: Callable[[str], Model]) -> Model:
    return side("endless")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert eventually(lambda: not working())


def working() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "inspector-steps"]


def test_the_steps_end_with_the_result(toy: Model) -> None:
    request = OccludeRequest(images=toy_photo(), size=(4,), stride=(3,), batch=2)
    *told, last = toy.steps(request)
    assert told
    assert all(isinstance(step, Progress) for step in told)
    assert [step.done for step in told] == sorted({step.done for step in told})
    assert isinstance(last, Sweep)
    assert last.done.all()
    assert_same(last, toy.ask(request))
    for step in told:
        assert isinstance(step, Progress)
        assert isinstance(step.partial, Sweep)
        assert step.partial.done.sum() == step.done


def test_the_steps_come_without_what_is_known_so_far_where_nobody_wants_it(toy: Model) -> None:
    *told, _ = toy.steps(OccludeRequest(images=toy_photo(), size=(4,), batch=2), partial=False)
    assert told
    assert all(isinstance(step, Progress) and step.partial is None for step in told)


def test_a_verb_of_one_step_has_only_its_result(toy: Model) -> None:
    (only,) = toy.steps(PredictRequest(images=toy_photo()))
    assert isinstance(only, Predictions)


def test_an_error_comes_where_the_steps_are_looked_at(toy: Model) -> None:
    steps = toy.steps(OccludeRequest(images=toy_photo(), size=(99,)))
    with pytest.raises(InvalidInputError) as caught:
        next(steps)
    assert caught.value.field == "size"
    assert list(steps) == []


def test_who_leaves_the_steps_stops_this_run_and_no_other(toy: Model) -> None:
    token = Cancellation()
    steps = toy.steps(LONG, cancellation=token)
    assert isinstance(next(steps), Progress)
    steps.close()
    assert not working()
    assert not token.cancelled
    assert len(toy.predict(toy_photo(), cancellation=token)) == 1


def test_steps_that_nobody_looks_at_start_nothing(toy: Model) -> None:
    steps = toy.steps(LONG)
    assert not working()
    steps.close()


def test_who_forgets_the_steps_stops_the_run(toy: Model) -> None:
    steps = toy.steps(LONG)
    next(steps)
    del steps
    assert eventually(lambda: not working())


def test_steps_that_are_cancelled_while_nobody_looks_end_with_the_error(toy: Model) -> None:
    token = Cancellation()
    steps = toy.steps(LONG, cancellation=token)
    next(steps)
    token.cancel("enough")
    with pytest.raises(CancelledError, match="enough"):
        list(steps)


def test_steps_end_when_their_time_is_over(toy: Model) -> None:
    with pytest.raises(DeadlineExceededError) as caught:
        list(toy.steps(LONG, timeout=0.5))
    assert caught.value.reason == "DEADLINE_EXCEEDED"


ASKS: dict[str, Callable[..., Any]] = {
    "once": lambda model, **given: model.predict(BRIGHT, **given),
    "in steps": lambda model, **given: model.occlude(BRIGHT, **given),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_cancelled_token_lets_nothing_start(endless: Model, ask: Callable[..., Any]) -> None:
    token = Cancellation()
    token.cancel("too late")
    started = time.monotonic()
    with pytest.raises(CancelledError, match="too late") as caught:
        ask(endless, cancellation=token)
    assert caught.value.reason == "CANCELLED"
    assert time.monotonic() - started < PATIENCE / 2


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_token_stops_a_run_within_a_step(endless: Model, ask: Callable[..., Any]) -> None:
    token = Cancellation()
    timer = threading.Timer(0.5, token.cancel, ["enough"])
    timer.start()
    with pytest.raises(CancelledError, match="enough") as caught:
        ask(endless, cancellation=token)
    assert type(caught.value) is CancelledError
    assert caught.value.reason == "CANCELLED"
    timer.join()


@pytest.mark.parametrize("timeout", [0.5, 0, -1])
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_time_is_over_for_this_run_and_no_other(
    endless: Model, ask: Callable[..., Any], timeout: float
) -> None:
    token = Cancellation()
    with pytest.raises(DeadlineExceededError) as caught:
        ask(endless, cancellation=token, timeout=timeout)
    assert caught.value.reason == "DEADLINE_EXCEEDED"
    assert not token.cancelled


def test_time_enough_changes_nothing(toy: Model) -> None:
    assert_same(toy.predict(toy_photo()), toy.predict(toy_photo(), timeout=1e6))


def test_what_a_listener_raises_ends_the_run(toy: Model) -> None:
    def fail(done: int, total: int) -> None:
        raise KeyError("no more")

    with pytest.raises(KeyError, match="no more"):
        toy.attribute(toy_photo(), method="rise", masks=10**15, progress=fail)


def test_a_token_is_cancelled_from_the_listener(toy: Model) -> None:
    token = Cancellation()
    with pytest.raises(CancelledError, match="seen enough"):
        toy.attribute(
            toy_photo(),
            method="rise",
            masks=10**15,
            cancellation=token,
            progress=lambda *_: token.cancel("seen enough"),
        )


def test_many_calls_under_one_token_end_together(endless: Model) -> None:
    token, errors = Cancellation(), []

    def work() -> None:
        try:
            endless.predict(BRIGHT, cancellation=token)
        except CancelledError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    token.cancel()
    for thread in threads:
        thread.join(PATIENCE)
    assert len({id(error) for error in errors}) == 4


def test_the_servers_place_is_free_after_a_token_was_cancelled(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, running_per_model=1, waiting_per_model=0) as server,
        Client(server.address) as client,
    ):
        client.upload(toy_endless(), name="endless")
        model, gate = client.model("endless"), ready_model(server, "endless")[1]
        for ask in ASKS.values():
            token = Cancellation()
            timer = threading.Timer(0.3, token.cancel)
            timer.start()
            with pytest.raises(CancelledError):
                ask(model, cancellation=token)
            assert eventually(lambda: gate.inside == 0)
        assert len(model.predict(toy_image() * 0)) == 1


def test_a_closed_side_says_so(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        with Client(server.address) as client:
            client.upload(toy_cnn(), name="toy")
            there = client.model("toy")
        with load(toy_cnn(), device="cpu") as here:
            pass
        for model in (here, there):
            with pytest.raises(ConflictError):
                model.predict(toy_photo())
            with pytest.raises(ConflictError):
                list(model.steps(OccludeRequest(images=toy_photo())))
        with pytest.raises(ConflictError):
            client.models()
