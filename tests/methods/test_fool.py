"""Fooling images: the bound is kept exactly, the step is that of the paper, and what failed is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

import inspector
from inspector import Class, Unit
from inspector.errors import CancelledError, InvalidInputError, NotFoundError
from inspector.methods.synthesis import attack
from inspector.methods.synthesis import fool as verb
from inspector.types.control import Cancellation, Progress
from inspector.types.requests.fool import FoolRequest
from tests.methods.test_integer_inputs import net
from tests.support.graphs import model, node
from tests.support.in_process import results_of
from tests.support.pictures import by_role, ids
from tests.support.small_cnn import small_cnn
from tests.support.toys import toy_cnn, toy_image, toy_photo

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": 1 / 255}
MEAN, STD = (np.asarray(IMAGENET[name], np.float64).reshape(3, 1, 1) for name in ("mean", "std"))
PHOTO = toy_photo(height=16, width=16)


def levels(values: np.ndarray) -> np.ndarray:
    """Undo the preprocessing, in float64."""
    found: np.ndarray = (values.astype(np.float64) * STD + MEAN) * 255
    return found


def only(result: Any, role: str = "fooled") -> Any:
    (one,) = by_role(result, role)
    return one


@pytest.fixture(scope="module")
def toy() -> inspector.Model:
    return inspector.load(toy_cnn(), device="cpu", preprocessing=IMAGENET)


# --- the step


def dense(*, head: str | None = None, dtype: int = TensorProto.FLOAT) -> tuple[bytes, dict[str, np.ndarray]]:
    """Return a network of two dense layers over 1 x 4 x 4 images, and its weights."""
    rng = np.random.default_rng(1)
    kind = np.float16 if dtype == TensorProto.FLOAT16 else np.float32
    weights = {
        "w1": rng.standard_normal((16, 12)).astype(kind),
        "w2": rng.standard_normal((12, 4)).astype(kind),
    }
    nodes = [
        node("Flatten", ["x"], "flat"),
        node("MatMul", ["flat", "w1"], "a"),
        node("Relu", ["a"], "h"),
        node("MatMul", ["h", "w2"], "scores"),
        *([node(head, ["scores"], "answer", axis=-1)] if head else []),
    ]
    proto = model(nodes, shape=("n", 1, 4, 4), weights=weights, dtype=dtype)
    return proto.SerializeToString(), weights


def gradient_by_hand(weights: dict[str, np.ndarray], x: np.ndarray, wanted: int) -> np.ndarray:
    """Return ∂ log p_wanted / ∂x, written out."""
    flat = x.reshape(1, 16).astype(np.float64)
    a = flat @ weights["w1"]
    z = np.maximum(a, 0) @ weights["w2"]
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    back = (np.eye(4)[[wanted]] - p) @ weights["w2"].T
    found: np.ndarray = ((back * (a > 0)) @ weights["w1"].T).reshape(x.shape)
    return found


@pytest.mark.parametrize("head", [None, "Softmax", "LogSoftmax"])
@pytest.mark.parametrize("target", [None, 2])
def test_fgsm_is_that_of_the_paper(head: str | None, target: int | None) -> None:
    data, weights = dense(head=head)
    x = np.random.default_rng(3).standard_normal((1, 1, 4, 4)).astype(np.float32)
    with inspector.load(data, device="cpu") as own:
        won = own.predict(x).predictions[0].classes[0].index
        slope = gradient_by_hand(weights, x, won if target is None else target)
        expected = x + 0.05 * np.sign(slope if target is not None else -slope)

        found = only(own.fool(x, target=target, attack="fgsm", bound=0.05))

    assert won != 2
    np.testing.assert_allclose(found.values, expected[0], atol=1e-6)
    assert found.measures["linf"] <= 0.05
    np.testing.assert_allclose(found.measures["l2"], 0.05 * 4, rtol=1e-5)


def test_a_step_goes_along_the_finite_difference(toy: inspector.Model) -> None:
    x = toy_image()

    def log_p(values: np.ndarray) -> float:
        scores = {one.index: one.score for one in toy.predict(values, top=5).predictions[0].classes}
        z = np.asarray([scores[index] for index in range(5)], np.float64)
        return float(z[1] - np.log(np.exp(z - z.max()).sum()) - z.max())

    found = only(toy.fool(x, target=1, attack="fgsm", bound=0.01, unit="input"))

    way = np.sign(found.values.astype(np.float64) - x)
    rng = np.random.default_rng(0)
    for place in rng.permutation(x.size)[:20]:
        step = np.zeros(x.size, np.float32)
        step[place] = 5e-3
        slope = log_p(x + step.reshape(x.shape)) - log_p(x - step.reshape(x.shape))
        if abs(slope) > 1e-4:
            assert np.sign(slope) == way.reshape(-1)[place]


def test_a_sure_class_of_half_floats_can_still_be_left() -> None:
    data, _ = dense(dtype=TensorProto.FLOAT16)
    x = (20 * np.random.default_rng(3).standard_normal((1, 1, 4, 4))).astype(np.float16)
    with inspector.load(data, device="cpu") as own:
        assert own.predict(x).predictions[0].classes[0].probability == 1.0  # so that 1 − p is 0 in float16

        found = only(own.fool(x, bound=30.0))

    assert found.measures["fooled"] == 1
    assert found.values.dtype == np.float16


# --- the bound


@pytest.mark.parametrize("given", [{}, {"attack": "fgsm", "bound": 7}, {"bound": 0.3, "steps": 5}])
def test_the_bound_is_kept_exactly_and_pixels_stay_pixels(
    toy: inspector.Model, given: dict[str, Any]
) -> None:
    result = toy.fool(PHOTO, target=1, **given)

    before, after = only(result, "original"), only(result)
    change = levels(after.values) - levels(before.values)
    bound = given.get("bound", 2)
    assert 0.9 * bound < np.abs(change).max() <= bound
    assert levels(after.values).min() >= -1e-4
    assert levels(after.values).max() <= 255 + 1e-4
    np.testing.assert_allclose(after.measures["linf"], np.abs(change).max(), rtol=1e-9)
    np.testing.assert_allclose(after.measures["l2"], np.sqrt((change**2).sum()), rtol=1e-9)


def test_half_floats_keep_it_too() -> None:
    data, _ = dense(dtype=TensorProto.FLOAT16)
    spec = {"mean": [0.5], "std": [0.25], "scale": 1 / 255}
    with inspector.load(data, device="cpu", preprocessing=spec) as own:
        result = own.fool(PHOTO[:4, :4, 0], target=1, bound=3)

    before, after = (only(result, role).values.astype(np.float64) for role in ("original", "fooled"))
    assert 2.5 < np.abs(after - before).max() * 0.25 * 255 <= 3


def test_a_bound_that_rounds_outward_is_seen(toy: inspector.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack, "_inward", lambda end, x, **_: end.astype(x.dtype).astype(np.float64))
    with pytest.raises(AssertionError):
        for bound in (2, 7, 0.3):
            test_the_bound_is_kept_exactly_and_pixels_stay_pixels(toy, {"attack": "fgsm", "bound": bound})


def test_integers_are_rounded_and_keep_the_bound() -> None:
    with net("uint8") as own:
        result = own.fool(PHOTO[:10, :10], bound=2.5, step_size=0.2, target=2)

    change = only(result).values.astype(int) - only(result, "original").values.astype(int)
    assert np.abs(change).max() == 2
    assert only(result).measures["linf"] == 2
    assert only(result).measures["p_after"] > only(result).measures["p_before"]
    assert "rounded_inputs" in ids(result)


def test_without_a_picture_the_bound_is_in_the_inputs_units(toy: inspector.Model) -> None:
    x = 5 * toy_image()  # beyond all pixels

    result = toy.fool(x, bound=0.5)

    change = only(result).values.astype(np.float64) - x
    assert 0.49 < np.abs(change).max() <= 0.5
    assert "input_units" in ids(result)
    assert "fooled_in_8_bits" not in only(result).measures
    usual = only(toy.fool(x)).measures["bound"]
    np.testing.assert_allclose(usual, 2 / 255 * np.ptp(x.astype(np.float64)))


def test_values_as_pixels_are_taken_for_them_where_the_preprocessing_is_known(toy: inspector.Model) -> None:
    x = only(toy.fool(PHOTO), "original").values

    assert "input_units" not in ids(toy.fool(x))
    with inspector.load(toy_cnn(), device="cpu") as unknown:
        assert "input_units" in ids(unknown.fool(np.clip(x, 0, 1)))
        assert "input_units" not in ids(unknown.fool(np.clip(x, 0, 1), unit="pixels"))


# --- what came of it


def test_the_pictures_are_what_they_say(toy: inspector.Model) -> None:
    result = toy.fool([PHOTO, toy_photo(9)], target=[1, Class(2)], bound=20)

    assert [one.role for one in result.images] == ["original", "fooled", "change"] * 2
    for before, after, change, target in zip(
        *(by_role(result, role) for role in ("original", "fooled", "change")), (1, 2), strict=True
    ):
        answer = toy.predict(after.values, top=5).predictions[0].classes
        assert after.measures["winner_after"] == answer[0].index
        assert after.measures["target"] == target
        p = {one.index: one.probability or 0.0 for one in answer}
        np.testing.assert_allclose(after.measures["p_after"], p[target], rtol=1e-5)
        assert (answer[0].index == target) == (after.measures["fooled"] == 1)
        assert np.abs(levels(after.values) - np.moveaxis(after.pixels, 2, 0)).max() <= 0.5 + 1e-4
        moved = np.moveaxis(levels(after.values) - levels(before.values), 0, 2)
        np.testing.assert_allclose(change.pixels, 127.5 + 6 * moved, atol=0.51)
        assert "× 6:" in change.caption
        rounded = toy.predict(after.pixels, top=5).predictions[0].classes
        assert after.measures["winner_in_8_bits"] == rounded[0].index
    assert np.array_equal(by_role(result, "original")[0].pixels, PHOTO)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("head", [None, "Softmax", "Sigmoid"])
def test_any_layout_and_any_end(head: str | None, layout: str) -> None:
    with inspector.load(small_cnn(head=head, layout=layout, batch=1), device="cpu") as own:
        left = only(own.fool(PHOTO, bound=80, steps=40))
        won = only(own.fool(PHOTO, bound=80, steps=40, target=2))

    assert left.measures["p_after"] < left.measures["p_before"]
    assert won.measures["p_after"] > won.measures["p_before"]
    assert won.measures["fooled"] == (won.measures["p_after"] > 0.5)


def test_labels_flip_and_a_lone_score_does() -> None:
    rng = np.random.default_rng(0)
    weights = {"w": rng.standard_normal((16, 1)).astype(np.float32)}
    nodes = [
        node("Flatten", ["x"], "flat"),
        node("MatMul", ["flat", "w"], "logit"),
        node("Sigmoid", ["logit"], "p"),
    ]
    proto = model(nodes, shape=("n", 1, 4, 4), weights=weights)
    x = rng.standard_normal((6, 1, 4, 4)).astype(np.float32)
    with inspector.load(proto.SerializeToString(), device="cpu") as own:
        result = own.fool(x, bound=2.0)

    sides = {
        (one.measures["p_before"] > 0.5, one.measures["p_after"] > 0.5) for one in by_role(result, "fooled")
    }
    assert sides == {(True, False), (False, True)}
    assert all(one.measures["fooled"] for one in by_role(result, "fooled"))


def test_a_failure_is_told(toy: inspector.Model) -> None:
    result = toy.fool([PHOTO, PHOTO], target=4, bound=0.01)

    assert "not_fooled" in ids(result)
    assert [one.measures["fooled"] for one in by_role(result, "fooled")] == [0, 0]
    assert all(one.caption.startswith("not fooled") for one in by_role(result, "fooled"))
    assert "images 0, 1" in next(note for note in result.notes if note.id == "not_fooled")


def test_what_rounding_undoes_is_told(toy: inspector.Model) -> None:
    scores = sorted(toy.predict(PHOTO, top=5).predictions[0].classes, key=lambda one: -one.score)
    second = scores[1].index
    for bound in np.linspace(0.1, 0.49, 12):  # under half a level everything rounds back
        photo = np.asarray(PHOTO * 0.2 + 100, np.uint8)
        result = toy.fool(photo, target=second, bound=float(bound))
        rounded = only(result).measures
        assert rounded["winner_in_8_bits"] == rounded["winner_before"]
        assert ("not_after_rounding" in ids(result)) == (rounded["fooled"] > rounded["fooled_in_8_bits"])


def test_rounding_can_undo_it() -> None:
    data, _ = dense()
    rng = np.random.default_rng(0)
    with inspector.load(data, device="cpu", preprocessing="0..255") as own:
        for photo in rng.integers(100, 150, (200, 4, 4), dtype=np.uint8):
            result = own.fool(photo, bound=0.49, steps=3)
            if only(result).measures["fooled"]:
                assert not only(result).measures["fooled_in_8_bits"]
                assert "not_after_rounding" in ids(result)
                return
    pytest.fail("no image was near enough to a border")


def test_without_a_gradient_it_says_so() -> None:
    weights = {"w": np.zeros((16, 3), np.float32), "b": np.arange(3, dtype=np.float32)}
    nodes = [node("Flatten", ["x"], "flat"), node("Gemm", ["flat", "w", "b"], "scores")]
    proto = model(nodes, shape=("n", 1, 4, 4), weights=weights)
    with inspector.load(proto.SerializeToString(), device="cpu") as own:
        result = own.fool(PHOTO[:4, :4, 0])

    assert {"no_gradient", "not_fooled"} <= ids(result)


# --- how it runs


def test_the_start_is_that_of_the_seed(toy: inspector.Model) -> None:
    first, again, other, calm, calm_again = (
        only(toy.fool(PHOTO, steps=3, **given)).values
        for given in (
            {},
            {"seed": 0},
            {"seed": 1},
            {"random_start": False},
            {"random_start": False, "seed": 9},
        )
    )
    assert np.array_equal(first, again)
    assert np.array_equal(calm, calm_again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, calm)


def test_images_do_not_depend_on_their_company(toy: inspector.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [toy_photo(seed) for seed in range(5)]
    together = by_role(toy.fool(photos), "fooled")
    monkeypatch.setattr(verb, "MOST_TOGETHER", 2)
    apart = by_role(toy.fool(photos), "fooled")

    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=1e-5)


def test_it_tells_its_steps_and_what_is_known_so_far(toy: inspector.Model) -> None:
    steps = list(toy.steps(FoolRequest(images=[PHOTO, PHOTO], steps=4, bound=9)))

    assert [(one.done, one.total) for one in steps if isinstance(one, Progress)] == [
        (2, 8),
        (4, 8),
        (6, 8),
        (8, 8),
    ]
    parts = list(results_of(toy, FoolRequest(images=[PHOTO, PHOTO], steps=4, bound=9)))
    assert all(len(one.images) == 6 for one in parts)


def test_it_stops_between_steps(toy: inspector.Model) -> None:
    token = Cancellation()
    with pytest.raises(CancelledError):
        toy.fool(PHOTO, steps=10_000, cancellation=token, progress=lambda *_: token.cancel())


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a unit": ({"target": Unit("conv1", 1)}, "targets[0]"),
    "a class at a place": ({"target": Class(1, position=(0,))}, "targets[0]"),
    "no such class": ({"target": 99}, "targets[0].output_class.index"),
    "no such label": ({"target": "zebra"}, "targets[0].output_class.label"),
    "no bound": ({"bound": 0}, "bound"),
    "an endless bound": ({"bound": float("inf")}, "bound"),
    "no steps": ({"steps": 0}, "steps"),
    "a step backwards": ({"step_size": -1}, "step_size"),
    "steps of one step": ({"attack": "fgsm", "steps": 3}, "steps"),
    "a negative seed": ({"seed": -1}, "seed"),
    "an unknown attack": ({"attack": "cw"}, "attack"),
    "an unknown unit": ({"unit": "percent"}, "unit"),
    "three targets": ({"images": [PHOTO, PHOTO], "target": [1, 2, 3]}, "targets"),
    "levels of no picture": ({"images": 5 * toy_image(), "unit": "pixels"}, "unit"),
    "an output that there is none of": ({"target": Class(1, "other")}, "output"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(toy: inspector.Model, case: tuple[dict[str, Any], str]) -> None:
    given, field = case
    with pytest.raises((InvalidInputError, NotFoundError)) as caught:
        toy.fool(**({"images": PHOTO} | given))
    assert caught.value.field == field


def test_a_row_of_pictures_is_drawn_for_each_image(toy: inspector.Model) -> None:
    drawn = toy.fool([PHOTO, PHOTO], target=1, steps=1).pictures()

    assert len(drawn) == 2
    for picture in drawn:
        pixels = np.asarray(picture)
        assert np.array_equal(pixels[:224:14, :224:14], PHOTO)
        assert picture.width > 3 * 224
