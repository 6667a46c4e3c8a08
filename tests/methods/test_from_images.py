"""Pictures that start from images: inversion, dreams, accentuation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

import inspector
from inspector import Class, Unit
from inspector.errors import CancelledError, InvalidInputError, NotFoundError
from inspector.graph.synthesis.objectives import Likeness
from inspector.methods.synthesis import invert as inversion
from inspector.types.control import Cancellation, Progress
from inspector.types.requests.accentuate import AccentuateRequest
from inspector.types.requests.dream import DreamRequest
from inspector.types.requests.invert import InvertRequest
from tests.methods.test_integer_inputs import net
from tests.support.graphs import model, node
from tests.support.in_process import results_of
from tests.support.pictures import by_role, ids
from tests.support.small_cnn import small_cnn
from tests.support.toys import toy_cnn, toy_image, toy_photo

PHOTO = toy_photo(height=16, width=16)
SMOOTH = np.stack(
    [np.add.outer(np.arange(16) * a, np.arange(16) * b) for a, b in ((6, 9), (9, 4), (3, 12))], 2
)
SMOOTH = (SMOOTH + 20).astype(np.uint8)


@pytest.fixture(scope="module")
def toy() -> inspector.Model:
    return inspector.load(toy_cnn(), device="cpu", preprocessing="0..1")


def exact(one: Any) -> np.ndarray:
    found: np.ndarray = one.values
    return found


# --- inversion


def test_a_layer_that_keeps_all_gives_the_image_back(toy: inspector.Model) -> None:
    """The first layer has 6 maps for 3 colors, and can be solved for the image: by least squares, and by steps."""
    result = toy.invert(SMOOTH, layers=["conv1"], steps=400)

    (found,) = by_role(result, "inversion")
    assert found.measures["psnr_db"] > 30
    assert found.measures["relative_error"] < 0.03
    square = ((found.pixels.astype(np.float64) - SMOOTH) ** 2).mean() / 255**2
    assert abs(-10 * np.log10(square) - found.measures["psnr_db"]) < 0.5  # but for rounding to 8 bits


def test_the_error_is_that_of_the_exact_input(toy: inspector.Model) -> None:
    result = toy.invert([SMOOTH, PHOTO], layers=["relu2", "conv1"], steps=30)

    assert [one.role for one in result.images] == ["original", "inversion", "inversion"] * 2
    for image in range(2):
        original, *inversions = result.images[3 * image : 3 * image + 3]
        for layer, found in zip(("relu2", "conv1"), inversions, strict=True):
            given = np.stack([exact(original), exact(found)])
            wanted, own = toy.activations(given, layers=[layer])[layer].astype(np.float64)
            error = np.linalg.norm(own - wanted) / np.linalg.norm(wanted)
            np.testing.assert_allclose(found.measures["relative_error"], error, rtol=1e-3)
            assert error < found.measures["relative_error_of_gray"]


def test_pixels_under_total_variation_are_smoother(toy: inspector.Model) -> None:
    def roughness(weight: float) -> float:
        result = toy.invert(PHOTO, layers=["conv2"], preset="pixels", steps=60, total_variation=weight)
        (found,) = by_role(result, "inversion")
        return float(np.abs(np.diff(found.pixels.astype(int), axis=0)).mean())

    assert roughness(1.0) < 0.7 * roughness(0.0)


def test_values_of_no_picture_span_their_own_range(toy: inspector.Model) -> None:
    x = 5 * toy_image()
    result = toy.invert(x, layers=["conv1"], steps=300)

    (found,) = by_role(result, "inversion")
    assert "beyond_pictures" in ids(result)
    assert found.measures["relative_error"] < 0.2
    assert found.values.max() > 2


def test_what_comes_no_nearer_is_told(toy: inspector.Model) -> None:
    assert "not_nearer" in ids(toy.invert(PHOTO, layers=["relu2"], steps=1, rate=1e6))


def test_a_silent_layer_is_told() -> None:
    weights = {"w": -np.ones((2, 1, 3, 3), np.float32), "v": np.ones((2 * 2 * 2, 3), np.float32)}
    nodes = [
        node("Conv", ["x", "w"], "c"), node("Relu", ["c"], "r"),
        node("Flatten", ["r"], "flat"), node("Gemm", ["flat", "v"], "scores"),
    ]  # fmt: skip
    proto = model(nodes, shape=("n", 1, 4, 4), weights=weights)
    with inspector.load(proto.SerializeToString(), device="cpu") as own:
        result = own.invert(PHOTO[:4, :4, 0], layers=["r"], steps=2)

    assert "silent_layer" in ids(result)


def test_steps_that_go_the_wrong_way_are_seen(toy: inspector.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: what is to be near is to be far."""

    class Unlike(Likeness):
        def write(self, w: Any, values: Any, rows: int) -> Any:
            return w.op("Neg", super().write(w, values, rows))

    monkeypatch.setattr(inversion, "Likeness", Unlike)
    with pytest.raises(AssertionError):
        test_a_layer_that_keeps_all_gives_the_image_back(toy)


# --- dreams


@pytest.mark.parametrize("target", [Unit("conv1"), Unit("relu2", 3), Class(2), None])
def test_a_dream_raises_what_it_dreams_of(toy: inspector.Model, target: Any) -> None:
    result = toy.dream(PHOTO, target=target, octaves=1, steps=20)

    original, dreamt = result.images
    assert dreamt.measures["after"] > 1.1 * dreamt.measures["before"]
    if target == Unit("conv1"):
        given = np.stack([exact(original), exact(dreamt)])
        norms = [np.linalg.norm(one) for one in toy.activations(given, layers=["conv1"])["conv1"]]
        np.testing.assert_allclose([dreamt.measures["before"], dreamt.measures["after"]], norms, rtol=1e-4)
    assert ("chosen_layer" in ids(result)) == (target is None)


def test_a_fixed_input_dreams_at_larger_sizes_too(toy: inspector.Model) -> None:
    usual, given = toy.dream(PHOTO, octaves=3, steps=2), toy.dream(PHOTO, octaves=2, steps=2, size=(40, 24))

    assert usual.images[1].pixels.shape == (31, 31, 3)
    assert given.images[1].pixels.shape == (40, 24, 3)
    assert given.images[1].values is None  # the model takes no such input


def test_a_free_input_dreams_at_the_size_of_the_photograph() -> None:
    photo = toy_photo(height=90, width=70)
    with inspector.load(small_cnn(height="h", width="w"), device="cpu") as own:
        result = own.dream(photo, target=Unit("relu1"), octaves=3, steps=3)
        channel = own.dream(photo, target=Unit("relu1", 2), octaves=3, steps=3)

    for one in (result, channel):
        assert one.images[1].measures["after"] > one.images[1].measures["before"]
    assert result.images[1].pixels.shape == photo.shape
    assert result.images[1].measures["after"] > result.images[1].measures["before"]
    assert np.array_equal(result.images[0].pixels, photo)


# --- accentuation


def test_accentuation_raises_the_target_and_stays_near(toy: inspector.Model) -> None:
    near, far = (
        toy.accentuate(PHOTO, target=1, steps=40, closeness=weight, jitter=0, scale=0, rotate=0)
        for weight in (3000.0, 0.0)
    )

    moved = []
    for result in (near, far):
        before, after, change = result.images
        assert [before.role, after.role, change.role] == ["original", "accentuated", "change"]
        assert after.measures["after"] > after.measures["before"]
        assert after.measures["p_after"] > after.measures["p_before"]
        answer = {
            one.index: one.probability or 0.0
            for one in toy.predict(after.values, top=5).predictions[0].classes
        }
        np.testing.assert_allclose(after.measures["p_after"], answer[1], rtol=1e-4)
        levels = 255 * (exact(after).astype(np.float64) - exact(before))
        np.testing.assert_allclose(after.measures["largest_change"], np.abs(levels).max(), rtol=1e-3)
        np.testing.assert_allclose(after.measures["rms_change"], np.sqrt((levels**2).mean()), rtol=1e-3)
        moved.append(after.measures["rms_change"])
    assert moved[0] < 0.5 * moved[1]


def test_each_image_has_its_own_class_by_default(toy: inspector.Model) -> None:
    photos = [PHOTO, SMOOTH]
    result = toy.accentuate(photos, steps=2)

    winners = [one.classes[0].index for one in toy.predict(photos).predictions]
    captions = [one.caption for one in by_role(result, "accentuated")]
    assert all(f"class {index}" in caption for index, caption in zip(winners, captions, strict=True))


def test_several_targets_on_one_image(toy: inspector.Model) -> None:
    result = toy.accentuate(PHOTO, target=[1, Unit("conv2"), Unit("conv1", 2)], steps=2)

    captions = [one.caption for one in by_role(result, "accentuated")]
    assert [caption.partition(":")[0] for caption in captions] == [
        "class 1",
        "norm of conv2",
        "channel 2 of conv1",
    ]


def test_what_is_not_raised_is_told(toy: inspector.Model) -> None:
    assert "not_raised" in ids(toy.accentuate(PHOTO, target=1, steps=9, rate=0.5, closeness=1e9))


# --- all of them

ASKED: dict[str, dict[str, Any]] = {
    "invert": {"layers": ["{layer}"], "steps": 2},
    "dream": {"steps": 2, "octaves": 2},
    "accentuate": {"steps": 2},
}


def options(verb: str, *, layer: str) -> dict[str, Any]:
    found = dict(ASKED[verb])
    if verb == "invert":
        found["layers"] = [layer]
    elif verb == "dream":
        found["target"] = Unit(layer)
    else:
        found["target"] = 1
    return found


def half_cnn() -> bytes:
    rng = np.random.default_rng(0)
    weights = {
        "w": rng.standard_normal((4, 3, 3, 3)).astype(np.float16),
        "v": rng.standard_normal((4, 3)).astype(np.float16),
    }
    nodes = [
        node("Conv", ["x", "w"], "conv1"), node("Relu", ["conv1"], "relu"),
        node("GlobalAveragePool", ["relu"], "mean"), node("Flatten", ["mean"], "flat"),
        node("MatMul", ["flat", "v"], "scores"),
    ]  # fmt: skip
    proto = model(nodes, shape=("n", 3, 16, 16), weights=weights, dtype=TensorProto.FLOAT16)
    return proto.SerializeToString()


KINDS: dict[str, Any] = {
    "of a fixed batch": lambda: inspector.load(toy_cnn(batch=3), device="cpu"),
    "in NHWC": lambda: inspector.load(small_cnn(layout="NHWC"), device="cpu"),
    "of half floats": lambda: inspector.load(half_cnn(), device="cpu"),
    "of codes": lambda: net("uint8"),
}


@pytest.mark.parametrize("verb", ASKED)
@pytest.mark.parametrize("kind", KINDS)
def test_any_model_answers(verb: str, kind: str) -> None:
    with KINDS[kind]() as own:
        layer = next(one.name for one in own.layers() if one.op_type == "Conv")
        result = getattr(own, verb)([PHOTO, SMOOTH], **options(verb, layer=layer))

        dtype = own.info.input.dtype
    assert len(result.images) >= 4
    for one in result.images:
        assert one.values is None or one.values.dtype == dtype
        assert all(np.isfinite(value) for value in one.measures.values())


@pytest.mark.parametrize("verb", ASKED)
def test_the_same_seed_gives_the_same_pictures(toy: inspector.Model, verb: str) -> None:
    first, again, other = (
        getattr(toy, verb)(PHOTO, **options(verb, layer="conv1"), seed=seed) for seed in (0, 0, 1)
    )
    for one, same in zip(first.images, again.images, strict=True):
        assert np.array_equal(one.pixels, same.pixels)
    assert not all(
        np.array_equal(one.pixels, new.pixels) for one, new in zip(first.images, other.images, strict=True)
    )


REQUESTS = {
    "invert": (InvertRequest(images=[PHOTO, PHOTO], layers=("conv1", "relu2"), steps=3), 12),
    "dream": (DreamRequest(images=[PHOTO, PHOTO], steps=3, octaves=2), 12),
    "accentuate": (AccentuateRequest(images=[PHOTO, PHOTO], steps=3), 6),
}


@pytest.mark.parametrize("verb", REQUESTS)
def test_steps_are_told_with_the_pictures_so_far(toy: inspector.Model, verb: str) -> None:
    request, total = REQUESTS[verb]
    told = [one for one in toy.steps(request) if isinstance(one, Progress)]

    assert [one.total for one in told] == [total] * len(told)
    assert told[-1].done == total
    for part in results_of(toy, request):
        assert part.images


@pytest.mark.parametrize("verb", ASKED)
def test_it_stops_between_steps(toy: inspector.Model, verb: str) -> None:
    token = Cancellation()
    given = options(verb, layer="conv1") | {"steps": 100_000}
    with pytest.raises(CancelledError):
        getattr(toy, verb)(PHOTO, **given, cancellation=token, progress=lambda *_: token.cancel())


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "no layers": ("invert", {}, "layers"),
    "no such layer": ("invert", {"layers": ["cnv1"]}, "layers[0]"),
    "no steps to invert": ("invert", {"layers": ["conv1"], "steps": 0}, "steps"),
    "no rate": ("invert", {"layers": ["conv1"], "rate": 0}, "rate"),
    "a variation below zero": ("invert", {"layers": ["conv1"], "total_variation": -1}, "total_variation"),
    "an unknown preset": ("invert", {"layers": ["conv1"], "preset": "magic"}, "preset"),
    "no octaves": ("dream", {"octaves": 0}, "octaves"),
    "octaves that do not grow": ("dream", {"octave_scale": 1.0}, "octave_scale"),
    "a size below the model's": ("dream", {"size": 8}, "size"),
    "a size of three numbers": ("dream", {"size": (20, 20, 20)}, "size"),
    "a dream of no class": ("dream", {"target": 99}, "target.output_class.index"),
    "a dream of no channel": ("dream", {"target": Unit("conv1", 99)}, "target.unit.channel"),
    "a scale of one": ("accentuate", {"scale": 1.0}, "scale"),
    "no closeness": ("accentuate", {"closeness": -1}, "closeness"),
    "a second target of no class": ("accentuate", {"target": [1, 99]}, "targets[1].output_class.index"),
    "too many steps": ("accentuate", {"steps": 10**6}, "steps"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(toy: inspector.Model, case: tuple[str, dict[str, Any], str]) -> None:
    verb, given, field = case
    with pytest.raises((InvalidInputError, NotFoundError, inspector.errors.LimitExceededError)) as caught:
        getattr(toy, verb)(PHOTO, **given)
    assert caught.value.field == field


def test_a_signal_is_answered_too() -> None:
    rng = np.random.default_rng(0)
    weights = {
        "w": rng.standard_normal((4, 2, 5)).astype(np.float32),
        "v": rng.standard_normal((4, 3)).astype(np.float32),
    }
    nodes = [
        node("Conv", ["x", "w"], "conv1"), node("Relu", ["conv1"], "relu"),
        node("GlobalAveragePool", ["relu"], "mean"), node("Flatten", ["mean"], "flat"),
        node("MatMul", ["flat", "v"], "scores"),
    ]  # fmt: skip
    proto = model(nodes, shape=("n", 2, 40), weights=weights)
    x = rng.standard_normal((1, 2, 40)).astype(np.float32)
    with inspector.load(proto.SerializeToString(), device="cpu") as own:
        fooled = own.fool(x, bound=0.5)
        found = own.invert(x, layers=["conv1"], steps=200)
        dreamt = own.dream(x, target=Unit("conv1"), octaves=2)
        accentuated = own.accentuate(x, target=1, steps=9, rotate=0)

    assert fooled.images[1].values is not None
    assert found.images[1].measures["relative_error"] < 0.2
    assert dreamt.images[1].measures["after"] > dreamt.images[1].measures["before"]
    assert accentuated.images[1].measures["after"] > accentuated.images[1].measures["before"]
    assert all(result.pictures() for result in (fooled, found, dreamt, accentuated))
