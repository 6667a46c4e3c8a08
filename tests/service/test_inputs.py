"""What a call is about to take is looked at before it is taken."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.errors import CancelledError, LimitExceededError
from inspector.face.load import load
from inspector.runtime.cancel import Cancellation
from inspector.service.inputs import prepared, require_layers_fit, require_maps_fit
from tests.support.toys import toy_cnn, toy_image, toy_photo


@pytest.fixture(scope="module")
def toy():
    with load(toy_cnn(), device="cpu") as model:
        yield model


def test_images_are_prepared_as_the_model_does(toy):
    images = [toy_photo(1), toy_image(), toy_photo(2)]
    assert np.array_equal(prepared(toy, images, Cancellation()), toy.prepare(images))
    assert np.array_equal(prepared(toy, images[0], Cancellation()), toy.prepare(images[0]))


def test_between_two_images_a_cancelled_call_ends(toy):
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledError):
        prepared(toy, [toy_photo(1), toy_photo(2)], cancellation)


@pytest.mark.parametrize(("images", "fits"), [(10, True), (11, False)])
def test_layers_are_measured_before_they_are_computed(toy, images, fits):
    layers = [toy.model.layer("conv1"), toy.model.layer("scores")]
    limit = 10 * 4 * (6 * 16 * 16 + 5)
    if fits:
        require_layers_fit(layers, images=images, limit=limit)
    else:
        with pytest.raises(LimitExceededError) as caught:
            require_layers_fit(layers, images=images, limit=limit)
        assert caught.value.reason == "RESPONSE_TOO_LARGE"


@pytest.mark.parametrize(("maps", "fits"), [(3, True), (4, False)])
def test_maps_are_measured_before_they_are_computed(maps, fits):
    inputs = toy_image()[None]
    if fits:
        require_maps_fit(inputs, maps=maps, limit=4 * inputs.nbytes)
    else:
        with pytest.raises(LimitExceededError):
            require_maps_fit(inputs, maps=maps, limit=4 * inputs.nbytes)
