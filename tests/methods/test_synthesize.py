"""The verb synthesize: what grows, which parts compose, what is honest and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Direction, Element, Region, Unit
from inspector.errors import InspectorError, InvalidInputError
from inspector.methods.synthesis.drawing import total_variation
from inspector.methods.synthesis.recipes import PRESETS
from inspector.methods.synthesis.spectra import natural_magnitude
from inspector.types.requests.synthesize import SynthesizeRequest
from inspector.types.results.images import Images
from inspector.types.targets import Target
from tests.support.in_process import results_of
from tests.support.toys import SIDE, toy_cnn
from tests.support.zoo import Zoo

SHORT: dict[str, Any] = {"steps": 12}


@pytest.fixture(scope="module")
def toy() -> inspector.Model:
    return inspector.load(toy_cnn())


def inputs_of(found: Images) -> np.ndarray:
    """Return what the model takes of the pictures, (N, *image)."""
    values = [one.values for one in found.images if one.values is not None]
    assert len(values) == len(found.images)
    return np.stack(values)


def value_of(model: inspector.Model, pixels: np.ndarray, target: Target) -> float:
    return model.attribute(pixels, target=target).targets[0].value


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_raises_its_class(toy: inspector.Model, preset: Any) -> None:
    found = toy.synthesize(target=3, preset=preset, **SHORT)
    (picture,) = found.images
    gray = np.full((SIDE, SIDE, 3), 128, np.uint8)
    assert picture.value is not None
    assert picture.value > value_of(toy, gray, Class(3))
    assert picture.pixels.shape == (SIDE, SIDE, 3)
    assert picture.role == "synthesis"
    assert picture.measures["probability"] == pytest.approx(
        toy.predict(picture.values)[0].classes[0].probability
    )
    assert picture.measures["total variation"] > 0
    assert next(note.id for note in found.notes) == "synthetic"


TARGETS: dict[str, Target] = {
    "a class": Class(1),
    "a unit": Unit("conv2", 4, (2, 3)),
    "a channel": Unit("conv2", 4),
    "a direction": Direction("flat", tuple(np.linspace(-1, 1, 288))),
    "an element": Element("scores", (2,)),
    "a region": Region("relu1", (slice(0, 2), slice(3, 9))),
    "a sum": Region("conv1", (slice(1, 3),), reduce="sum"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_kind_of_target_grows(toy: inspector.Model, name: str) -> None:
    target = TARGETS[name]
    early, late = (toy.synthesize(target=target, preset="naive", steps=steps).images[0] for steps in (1, 15))
    assert late.value is not None
    assert early.value is not None
    assert late.value > early.value
    if not isinstance(target, Unit):
        assert late.values is not None
        shown = toy.attribute(late.values, target=target).targets[0].value
        assert late.value == pytest.approx(shown, rel=1e-3, abs=1e-4)


def test_a_unit_without_a_position_is_its_whole_map(toy: inspector.Model) -> None:
    (picture,) = toy.synthesize(target=Unit("conv2", 4), steps=3).images
    assert picture.values is not None
    maps = toy.activations(picture.values, layers=["conv2"])["conv2"]
    assert picture.value == pytest.approx(float(maps[0, 4].mean()), rel=1e-4)
    assert "channel 4" in picture.caption


def test_the_own_norm_of_a_layer_grows(toy: inspector.Model) -> None:
    (picture,) = toy.synthesize(target=Direction("conv2"), preset="naive", steps=15).images
    assert picture.values is not None
    maps = toy.activations(picture.values, layers=["conv2"])["conv2"]
    assert picture.value == pytest.approx(float(np.linalg.norm(maps)), rel=1e-4)
    (first,) = toy.synthesize(target=Direction("conv2"), preset="naive", steps=1).images
    assert (picture.value or 0) > (first.value or 0)


def test_a_picture_is_the_same_in_any_company_and_every_time(toy: inspector.Model) -> None:
    given: dict[str, Any] = {"steps": 6, "preset": "crops"}
    alone = toy.synthesize(target=Class(3), **given)
    again = toy.synthesize(target=Class(3), **given)
    among = toy.synthesize(target=[Class(0), Class(3)], **given)
    assert np.array_equal(inputs_of(alone), inputs_of(again))
    assert np.allclose(inputs_of(alone)[0], inputs_of(among)[1], atol=1e-3)
    other = toy.synthesize(target=Class(3), seed=1, **given)
    assert not np.allclose(inputs_of(alone), inputs_of(other), atol=0.05)


def test_samples_differ_more_where_they_are_to(toy: inspector.Model) -> None:
    def likeness(diversity: float) -> float:
        found = toy.synthesize(
            target=2, samples=3, diversity=diversity, layer="conv2", preset="naive", steps=30
        )
        maps = toy.activations(inputs_of(found), layers=["conv2"])["conv2"]
        flat = maps.reshape(3, 8, -1).astype(np.float64)
        grams = (flat @ flat.transpose(0, 2, 1)).reshape(3, -1)
        units = grams / np.linalg.norm(grams, axis=1, keepdims=True)
        return float((units @ units.T)[np.triu_indices(3, 1)].mean())

    assert likeness(100.0) < likeness(0.0) - 0.01


def test_weights_make_one_picture_of_several_targets(toy: inspector.Model) -> None:
    found = toy.synthesize(target=[Class(0), Unit("conv2", 1)], weights=(1.0, -0.5), preset="naive", steps=15)
    (picture,) = found.images
    assert picture.values is not None
    score = toy.predict(picture.values, top=5)[0]
    logit = next(one.score for one in score.classes if one.index == 0)
    maps = toy.activations(picture.values, layers=["conv2"])["conv2"]
    assert picture.value == pytest.approx(logit - 0.5 * float(maps[0, 1].mean()), rel=1e-3)


def test_regularizers_do_what_they_are_for(toy: inspector.Model) -> None:
    rough, smooth = (
        toy.synthesize(target=3, preset="naive", total_variation=weight, steps=25).images[0].measures
        for weight in (0.0, 200.0)
    )
    assert smooth["total variation"] < 0.7 * rough["total variation"]
    far, near = (
        toy.synthesize(target=3, preset="naive", lp_norm=weight, rate=0.5, steps=25).images[0].pixels
        for weight in (0.0, 3000.0)
    )
    assert np.abs(near.astype(float) - 127.5).max() < np.abs(far.astype(float) - 127.5).max()


def test_open_rectifiers_reach_a_unit_that_is_shut() -> None:
    """Of a unit behind a closed rectifier nothing is known, until the gradient passes it."""
    model = inspector.load(_shut())
    given: dict[str, Any] = {"target": Unit("relu1", 0), "preset": "naive", "steps": 20, "rate": 1.0}
    assert model.synthesize(**given, open_steps=0).images[0].value == 0
    for found in (model.synthesize(**given, open_steps=6), freed := model.synthesize(**given)):
        assert found.images[0].value is not None
        assert found.images[0].value > 0
    assert "opened" in [note.id for note in freed.notes]


def _shut() -> bytes:
    from tests.support.graphs import model, node  # noqa: PLC0415

    nodes = [
        node("Conv", ["x", "w", "b"], "conv1", kernel_shape=[3, 3]),
        node("Relu", ["conv1"], "relu1"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "w": np.full((1, 3, 3, 3), 0.05, np.float32),
        "b": np.asarray([-0.9], np.float32),
    }
    return model(nodes, shape=("batch", 3, SIDE, SIDE), weights=weights).SerializeToString()


def test_a_spectrum_comes_from_photographs(toy: inspector.Model) -> None:
    flat = np.full((SIDE, SIDE, 3), 90, np.uint8)
    flat[:, ::2] = 160  # one frequency, along the width
    picture, natural = toy.synthesize([flat], target=3, preset="spectrum", steps=4).images
    assert natural.role == "natural"
    spectrum = np.abs(np.fft.rfft2(picture.pixels.mean(axis=2) - picture.pixels.mean()))
    assert spectrum[0, SIDE // 2] > 5 * np.delete(spectrum.reshape(-1), SIDE // 2).max()


def test_the_natural_spectrum_has_the_spread_it_says() -> None:
    magnitude = natural_magnitude(3, (32, 48), decorrelated=True)
    phases = np.random.default_rng(0).uniform(-np.pi, np.pi, magnitude.shape)
    pictures = np.fft.irfft2(magnitude * np.exp(1j * phases), s=(32, 48))
    assert np.allclose(pictures.std(axis=(1, 2)), (1.6, 1.1, 1.0), rtol=0.1)


def test_progress_tells_steps_with_pictures(toy: inspector.Model) -> None:
    *partials, last = results_of(toy, SynthesizeRequest(targets=(Class(0), Class(1)), samples=3, steps=4))
    known = [one for one in partials if one is not None]
    assert len(known) == 8
    assert [len(one.images) for one in known] == [3] * 4 + [6] * 4
    assert isinstance(last, Images)
    assert not np.array_equal(known[0].images[0].pixels, known[3].images[0].pixels)


def test_other_models_judge(toy: inspector.Model, tmp_path: Path) -> None:
    path = tmp_path / "judge.onnx"
    path.write_bytes(toy_cnn())
    found = toy.synthesize(target=[3, 4], models=[str(path)], steps=20, preset="naive")
    for index, picture in zip((3, 4), found.images, strict=True):
        classes = toy.predict(picture.pixels, top=5)[0].classes
        rank = [one.index for one in classes].index(index)
        assert picture.measures["rank in judge"] == rank + 1
        assert picture.measures["probability in judge"] == pytest.approx(classes[rank].probability, rel=1e-3)
    assert "judged_by_index" in [note.id for note in found.notes]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no target": ({}, "targets"),
    "a class without a name": ({"target": Class()}, "targets[0].output_class.index"),
    "a unit without a channel": ({"target": Unit("conv2")}, "targets[0].unit.channel"),
    "no such class": ({"target": 5}, "targets[0].output_class.index"),
    "no such channel": ({"target": Unit("conv2", 8)}, "targets[0].unit.channel"),
    "no steps": ({"target": 0, "steps": 0}, "steps"),
    "no samples": ({"target": 0, "samples": 0}, "samples"),
    "too many crops": ({"target": 0, "crops": 65}, "crops"),
    "a crop larger than the picture": ({"target": 0, "crop": (1.5,)}, "crop"),
    "a rate of nothing": ({"target": 0, "rate": 0.0}, "rate"),
    "another size": ({"target": 0, "size": 20}, "size"),
    "weights for others": ({"target": 0, "weights": (1.0, 2.0)}, "weights"),
    "no such preset": ({"target": 0, "preset": "clean"}, "preset"),
    "a negative seed": ({"target": 0, "seed": -1}, "seed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense_is_named(toy: inspector.Model, name: str) -> None:
    given, field = WRONG[name]
    with pytest.raises(InspectorError) as caught:
        toy.synthesize(**given)
    assert caught.value.field == field


ZOO: dict[str, tuple[Target, dict[str, Any]]] = {
    "mnist_8_ort": (Class(3), {}),  # gray, a fixed batch
    "cifar10_large_keras_vnncomp": (Class(4), {}),  # NHWC
    "squeezenet_fp16_winml": (Class(130), {}),  # float16
    "cifar10_tinymobilenet_int8": (Class(2), {}),  # quantized
    "mobilenet_v2_quant_nnstreamer": (Class(131), {}),  # codes as its input
    "selfie_segmentation_landscape": (Class(0), {}),  # a map of one class
    "ultraface_rfb320": (Class(1), {}),  # boxes
    "super_resolution_10": (Class(0), {}),  # a picture
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_any_exported_network_makes_a_picture_or_says_why_not(zoo: Zoo, name: str) -> None:
    target, given = ZOO[name]
    with inspector.load(zoo.model(name)) as model:
        early, late = (
            model.synthesize(target=target, preset="naive", steps=steps, **given).images[0]
            for steps in (1, 10)
        )
    assert early.value is not None
    assert late.value is not None
    assert late.value > early.value
    assert late.pixels.std() > 0


def test_an_input_that_is_a_volume_is_refused() -> None:
    from tests.support.graphs import model, node  # noqa: PLC0415

    nodes = [node("Conv", ["x", "w"], "conv1", kernel_shape=[3, 3, 3])]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((2, 1, 3, 3, 3), np.float32)}
    volume = inspector.load(model(nodes, shape=(1, 1, 6, 8, 8), weights=weights).SerializeToString())
    with pytest.raises(InvalidInputError, match="volume"):
        volume.synthesize(target=Unit("conv1", 0))


def test_a_signal_is_drawn_as_a_curve() -> None:
    from tests.support.graphs import model, node  # noqa: PLC0415

    nodes = [node("Conv", ["x", "w"], "conv1", kernel_shape=[5])]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.asarray([[[1, -1, 1, -1, 1]]], np.float32)}
    signal = inspector.load(model(nodes, shape=(1, 1, 40), weights=weights).SerializeToString())
    found = signal.synthesize(target=Unit("conv1", 0), rotate=0, steps=20)
    assert found.images[0].values is not None
    assert found.images[0].values.shape == (1, 40)
    assert found.images[0].value is not None
    assert found.images[0].value > 0
    assert "assumed_range" in [note.id for note in found.notes]


def test_total_variation_is_the_mean_step() -> None:
    picture = np.zeros((1, 2, 3))
    picture[0, 1] = 1
    assert total_variation(picture) == pytest.approx(1.0)


def test_natural_top_images_stand_beside_a_synthesis(toy: inspector.Model) -> None:
    generator = np.random.default_rng(0)
    photos = [generator.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8) for _ in range(12)]
    found = toy.synthesize(photos, target=[Class(1), Unit("conv2", 3)], steps=1)
    of_class, of_channel = (
        [one for one in found.images[2:] if what in one.caption] for what in ("class 1", "channel 3")
    )
    scores = [value_of(toy, photo, Class(1)) for photo in photos]
    order = np.argsort(scores)[::-1][:9]
    assert [one.caption for one in of_class] == [f"class 1, image {index}" for index in order]
    assert np.allclose([one.value or 0 for one in of_class], np.sort(scores)[::-1][:9], rtol=1e-4)
    assert np.array_equal(of_class[0].pixels, photos[order[0]])
    peaks = np.sort(toy.activations(photos, layers=["conv2"])["conv2"][:, 3].max(axis=(1, 2)))[::-1][:9]
    assert np.allclose([one.value or 0 for one in of_channel], peaks, rtol=1e-4)
    assert {one.role for one in found.images[2:]} == {"natural"}
