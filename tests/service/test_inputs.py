"""What a call is about to take is looked at before it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from inspector import Model
from inspector.engine.run import Run
from inspector.errors import CancelledError, LimitExceededError
from inspector.face.load import load
from inspector.methods.room import require_layers_fit, require_maps_fit
from inspector.model.preprocessing.prepare import prepare
from inspector.types.control import Cancellation, Control
from inspector.types.requests.activations import ActivationsRequest
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.targets import Class
from tests.support.in_process import engine_of
from tests.support.toys import toy_cnn, toy_image, toy_photo


@pytest.fixture(scope="module")
def toy() -> Iterator[Model]:
    with load(toy_cnn(), device="cpu") as model:
        yield model


def run_of(model: Model, *, limit: int) -> Run:
    return Run(engine_of(model), control=Control(max_result_bytes=limit))


def test_images_are_prepared_together_as_they_are_alone(toy: Model) -> None:
    model = engine_of(toy).model
    images = [toy_photo(1), toy_image(), toy_photo(2)]
    together = prepare(model, images).values
    assert np.array_equal(together, np.concatenate([prepare(model, image).values for image in images]))


def test_between_two_images_a_cancelled_call_ends(toy: Model) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledError):
        prepare(engine_of(toy).model, [toy_photo(1), toy_photo(2)], cancellation=cancellation)


@pytest.mark.parametrize(("images", "fits"), [(10, True), (11, False)])
def test_layers_are_measured_before_they_are_computed(toy: Model, images: int, fits: bool) -> None:
    layers = [toy.layer("conv1"), toy.layer("scores")]
    run = run_of(toy, limit=10 * 4 * (6 * 16 * 16 + 5))
    if fits:
        require_layers_fit(run, layers, images=images)
    else:
        with pytest.raises(LimitExceededError) as caught:
            require_layers_fit(run, layers, images=images)
        assert caught.value.reason == "RESPONSE_TOO_LARGE"


@pytest.mark.parametrize(("maps", "fits"), [(3, True), (4, False)])
def test_maps_are_measured_before_they_are_computed(toy: Model, maps: int, fits: bool) -> None:
    inputs = toy_image()[None]
    run = run_of(toy, limit=4 * inputs.nbytes)
    if fits:
        require_maps_fit(run, inputs, maps=maps)
    else:
        with pytest.raises(LimitExceededError):
            require_maps_fit(run, inputs, maps=maps)


@pytest.mark.parametrize(
    "request_",
    [
        ActivationsRequest(images=[toy_image()] * 9, layers=("conv1",)),
        AttributeRequest(images=toy_image(), targets=(Class(0),) * 9),
    ],
    ids=lambda request: request.verb,
)
def test_the_verbs_ask_for_room_before_they_compute(
    toy: Model, request_: ActivationsRequest | AttributeRequest
) -> None:
    control = Control(max_result_bytes=10_000)
    with pytest.raises(LimitExceededError) as caught:
        toy.backend.ask(request_, control)
    assert caught.value.reason == "RESPONSE_TOO_LARGE"
    assert toy.backend.ask(request_, replace(control, max_result_bytes=None)) is not None
