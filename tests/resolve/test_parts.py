"""Any part of any output or layer: against plain NumPy on ONNX's reference evaluator, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

import inspector
from inspector import Class, Direction, Element, Region, Unit
from inspector.errors import InvalidInputError, NotFoundError
from inspector.types.targets import Span, Target
from tests.support.graphs import model, node
from tests.support.many_outputs import many_outputs, pictures
from tests.support.numeric import to_float64

X = pictures(1)
TENSORS = ("scores", "boxes", "masks", "embedding", "tanh1", "logits", "raw")
CHECKS = np.indices((12, 10)).sum(axis=0) % 2 == 0
VECTOR = (1.0, -2.0, 0.5, 0.0, 3.0, -1.0)
Tensors = Mapping[str, np.ndarray]


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(many_outputs().SerializeToString(), device="cpu") as loaded:
        yield loaded


@pytest.fixture(scope="module")
def forward() -> Callable[[np.ndarray], Tensors]:
    wide = to_float64(many_outputs())
    del wide.graph.output[:]
    wide.graph.output.extend(onnx.ValueInfoProto(name=name) for name in TENSORS)
    session = ReferenceEvaluator(wide)

    def run(x: np.ndarray) -> Tensors:
        found = session.run(list(TENSORS), {"x": x.astype(np.float64)})
        return {name: tensor[0] for name, tensor in zip(TENSORS, found, strict=True)}

    return run


@dataclass(frozen=True)
class Part:
    """A target, and the number that it means; `at` are the tensors of the image that chooses, `t` of any other."""

    target: Target
    number: Callable[[Tensors, Tensors], float]
    words: str


def where_wins(at: Tensors, index: int) -> np.ndarray:
    return at["masks"].argmax(axis=0) == index


PARTS = {
    "an element of an output": Part(
        Element("boxes", (7, 2)), lambda at, t: t["boxes"][7, 2], "element (7, 2) of boxes"
    ),
    "an element of a hidden layer": Part(
        Element("tanh1", (5, 3, 4)), lambda at, t: t["tanh1"][5, 3, 4], "element (5, 3, 4) of tanh1"
    ),
    "an element after a Softmax is the probability": Part(
        Element("scores", (4, 1)), lambda at, t: t["scores"][4, 1], "element (4, 1) of scores"
    ),
    "the largest element": Part(
        Element("boxes"), lambda at, t: t["boxes"].flat[at["boxes"].argmax()], "of boxes"
    ),
    "a patch": Part(
        Region("masks", np.s_[2, 3:9, :5]),
        lambda at, t: t["masks"][2, 3:9, :5].mean(),
        "mean of 30 elements of masks[2, 3:9, 0:5]",
    ),
    "the sum of some boxes": Part(
        Region("boxes", (slice(2, 5),), "sum"),
        lambda at, t: t["boxes"][2:5].sum(),
        "sum of 12 elements of boxes[2:5, 0:4]",
    ),
    "a whole layer": Part(Region("tanh1"), lambda at, t: t["tanh1"].mean(), "mean of 960 elements of tanh1"),
    "a channel under a mask": Part(
        Region("masks", 1, mask=CHECKS), lambda at, t: t["masks"][1][CHECKS].mean(), "mean of 60 elements"
    ),
    "the largest of a region": Part(
        Region("logits", (slice(1, 3),), "max"),
        lambda at, t: t["logits"][1:3].flat[at["logits"][1:3].argmax()],
        "of logits",
    ),
    "the norm of an embedding": Part(
        Direction("embedding"), lambda at, t: float(np.linalg.norm(t["embedding"])), "direction of embedding"
    ),
    "an embedding along another": Part(
        Direction("embedding", VECTOR),
        lambda at, t: float(t["embedding"] @ VECTOR / np.linalg.norm(VECTOR)),
        "direction of embedding",
    ),
    "a class of boxes": Part(
        Class(1), lambda at, t: t["raw"][at["scores"][:, 1].argmax(), 1], "class 1 bee at ("
    ),
    "a class of one box": Part(
        Class(2, position=(4,)), lambda at, t: t["raw"][4, 2], "class 2 cat at (4,)"
    ),
    "a class of pixels": Part(
        Class(2, "masks"),
        lambda at, t: t["logits"][2][where_wins(at, 2)].mean(),
        "class 2 where it wins (",
    ),
    "a class of one pixel": Part(
        Class(3, "masks", (5, 6)), lambda at, t: t["logits"][3, 5, 6], "class 3 at (5, 6)"
    ),
    "a number of an output without classes": Part(
        Class(5, "embedding"), lambda at, t: t["embedding"][5], "element (5) of embedding"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def labeled() -> Iterator[inspector.Model]:
    labels = ["ant", "bee", "cat"]
    data = many_outputs().SerializeToString()
    with inspector.load(data, device="cpu", labels=labels) as loaded:
        yield loaded


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_the_value_and_its_slope(labeled: inspector.Model, forward: Callable[..., Any], part: Part) -> None:
    found = labeled.attribute(X, target=part.target)
    at = forward(X)

    (target,) = found.targets
    assert target.value == pytest.approx(part.number(at, at), rel=1e-5)
    assert part.words in str(target)
    gradient = found.maps[0].astype(np.float64)
    for seed in range(3):
        direction = np.random.default_rng(seed).standard_normal(X.shape)
        above, below = (part.number(at, forward(X + sign * 1e-5 * direction)) for sign in (1, -1))
        slope = (above - below) / 2e-5
        assert np.sum(gradient * direction[0]) == pytest.approx(
            slope, abs=2e-5 * float(np.linalg.norm(gradient))
        )


def test_a_wrong_part_fails_the_check(labeled: inspector.Model, forward: Callable[..., Any]) -> None:
    """One row too many is seen both in the value and in the slope."""
    right, at = PARTS["a patch"], forward(X)
    found = labeled.attribute(X, target=Region("masks", np.s_[2, 3:9, :6]))

    assert found.targets[0].value != pytest.approx(right.number(at, at), rel=1e-3)
    direction = np.random.default_rng(0).standard_normal(X.shape)
    above, below = (right.number(at, forward(X + sign * 1e-5 * direction)) for sign in (1, -1))
    gradient = found.maps.astype(np.float64)
    assert np.sum(gradient * direction) != pytest.approx(
        (above - below) / 2e-5, abs=1e-2 * float(np.linalg.norm(gradient))
    )


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("deconvnet", {}),
        ("guided", {}),
        ("gradient_x_input", {}),
        ("integrated_gradients", {"steps": 40}),
        ("smoothgrad", {"samples": 2}),
        ("lrp", {}),
        ("gradcam", {"layer": "tanh1"}),
        ("guided_gradcam", {"layer": "tanh1"}),
        ("rise", {"masks": 3}),
    ],
)
def test_every_method_explains_every_part(
    labeled: inspector.Model, part: Part, method: str, options: dict[str, Any]
) -> None:
    found = labeled.attribute(X, target=part.target, method=method, **options)

    assert np.isfinite(found.maps).all()
    assert str(found.targets[0]) == str(labeled.attribute(X, target=part.target).targets[0])
    if method == "integrated_gradients":
        assert abs(found.completeness_gap[0]) < 0.02 * max(1, np.abs(found.maps).max())


def test_what_was_chosen_is_told(labeled: inspector.Model) -> None:
    (patch,) = labeled.attribute(X, target=Region("masks", np.s_[2, 3:9, :5])).targets
    (best,) = labeled.attribute(X, target=Class(2, "masks")).targets

    assert (patch.kind, patch.tensor, patch.output, patch.layer) == ("region", "masks", "masks", None)
    assert (patch.spans, patch.elements, patch.reduce) == (((2, 3), (3, 9), (0, 5)), 30, "mean")
    assert (patch.channel, patch.position, patch.label) == (None, (), None)
    assert (best.kind, best.tensor, best.output, best.channel) == ("class", "logits", "masks", 2)
    assert best.reduce == "mean"
    assert best.spans[0] == Span(2, 3)


def test_a_class_that_wins_nowhere_is_explained_where_it_is_strongest(forward: Callable[..., Any]) -> None:
    proto = many_outputs()
    (bias,) = [t for t in proto.graph.initializer if t.name == "b2"]
    values = onnx.numpy_helper.to_array(bias).copy()
    values[1] = -9
    bias.CopyFrom(onnx.numpy_helper.from_array(values, "b2"))

    with inspector.load(proto.SerializeToString(), device="cpu") as model:
        (target,) = model.attribute(X, target=Class(1, "masks")).targets
        answers = model.activations(X, layers=["masks"])["masks"][0, 1]

    assert (target.elements, target.reduce) == (1, None)
    assert target.position == np.unravel_index(answers.argmax(), answers.shape)


def test_the_most_probable_class_of_pixels_wins_at_most(
    ours: inspector.Model, forward: Callable[..., Any]
) -> None:
    (target,) = ours.attribute(X, target=Class(output="masks")).targets

    winners = forward(X)["masks"].argmax(axis=0)
    assert target.channel == np.bincount(winners.ravel()).argmax()
    assert target.elements == np.bincount(winners.ravel()).max()


def test_each_image_has_its_own(ours: inspector.Model) -> None:
    x = pictures(3)
    targets = (Element("boxes"), Class(output="masks"), Region("tanh1", reduce="max"), Direction("embedding"))
    for target in targets:
        together = ours.attribute(x, target=target)
        for row in range(3):
            alone = ours.attribute(x[row : row + 1], target=target)
            assert together.targets[row].spans == alone.targets[0].spans
            np.testing.assert_allclose(together.maps[row], alone.maps[0], atol=1e-6)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_fixed_batches_give_the_same(ours: inspector.Model, batch: int) -> None:
    x = pictures(3)
    with inspector.load(many_outputs(batch=batch).SerializeToString(), device="cpu") as fixed:
        for target in (Class(1), Region("masks", 2, "sum"), Element("boxes", (3, 1)), Direction("embedding")):
            np.testing.assert_allclose(
                fixed.attribute(x, target=target).maps, ours.attribute(x, target=target).maps, atol=1e-5
            )


def test_a_class_is_of_the_first_output_of_floats() -> None:
    proto = many_outputs()
    proto.graph.node.append(node("ArgMax", ["embedding"], "answer", axis=1, keepdims=0))
    answer = onnx.helper.make_tensor_value_info("answer", onnx.TensorProto.INT64, None)
    outputs = [answer, *proto.graph.output]
    del proto.graph.output[:]
    proto.graph.output.extend(outputs)
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        assert loaded.attribute(X).targets[0].output == "scores"


@pytest.mark.parametrize(
    "target", [Class(), Class(0), Element("y"), Element("y", ()), Region("y"), Direction("y", (1,))], ids=str
)
@pytest.mark.parametrize("method", ["saliency", "integrated_gradients", "rise"])
def test_an_output_of_one_number_per_image(target: Target, method: str) -> None:
    data = model([node("ReduceMean", ["x"], "y", axes=[1, 2, 3], keepdims=0)], shape=("n", 3, 20, 17))
    x = np.random.default_rng(1).standard_normal((2, 3, 20, 17)).astype(np.float32)
    with inspector.load(data.SerializeToString(), device="cpu") as loaded:
        found = loaded.attribute(x, target=target, method=method)

    for row in range(2):
        assert (found.targets[row].elements, found.targets[row].spans) == (1, ())
        assert found.targets[row].value == pytest.approx(x[row].mean(), abs=1e-6)
        if method == "saliency":
            np.testing.assert_allclose(found.maps[row], 1 / 1020, rtol=1e-5)


def test_parts_of_several_tensors_go_with_one_image(ours: inspector.Model) -> None:
    targets: list[Target] = [
        Element("boxes", (1, 1)),
        Region("masks", 2),
        Class(0),
        Unit("tanh1", 3),
        Direction("embedding"),
    ]

    found = ours.attribute(X, target=targets)

    assert [target.kind for target in found.targets] == ["element", "region", "class", "unit", "direction"]
    for target, values in zip(targets, found.maps, strict=True):
        np.testing.assert_allclose(values, ours.attribute(X, target=target).maps[0], atol=1e-6)


def test_a_layers_values_and_an_outputs_ones_start_a_deconvnet(ours: inspector.Model) -> None:
    hidden = ours.attribute(X, method="deconvnet", target=Element("tanh1", (2, 4, 4)))
    unit = ours.attribute(X, method="deconvnet", target=Unit("tanh1", 2, (4, 4)))
    output = ours.attribute(X, method="deconvnet", target=Element("embedding", (2,)))
    saliency = ours.attribute(X, target=Element("embedding", (2,)))

    np.testing.assert_array_equal(hidden.maps, unit.maps)
    np.testing.assert_array_equal(output.maps, saliency.maps)  # there is no rectifier


@pytest.mark.parametrize(
    "target", [Class(2, "masks"), Class(1), Region("boxes", 3, "sum"), Element("scores", (2, 1))], ids=str
)
def test_occlusion_measures_the_same_part_everywhere(
    ours: inspector.Model, forward: Callable[..., Any], target: Target
) -> None:
    found = ours.occlude(X, target=target, size=(6, 5), stride=(6, 5), fill=0.0)

    at = forward(X)
    numbers: dict[Target, Callable[[Mapping[str, np.ndarray]], float]] = {
        Class(2, "masks"): lambda t: t["masks"][2][where_wins(at, 2)].mean(),
        Class(1): lambda t: t["scores"][at["scores"][:, 1].argmax(), 1],
        Region("boxes", 3, "sum"): lambda t: t["boxes"][3].sum(),
        Element("scores", (2, 1)): lambda t: t["scores"][2, 1],
    }
    number = numbers[target]
    assert found.baseline_probability == pytest.approx(number(at), rel=1e-5)
    for (row, column), value in np.ndenumerate(found.probability):
        x = X.copy()
        x[:, :, 6 * row : 6 * row + 6, 5 * column : 5 * column + 5] = 0
        t = forward(x)
        assert value == pytest.approx(number(t), rel=1e-4, abs=1e-6)
        if isinstance(target, Class) and target.output:
            assert found.label[row, column] == np.bincount(t["masks"].argmax(axis=0).ravel()).argmax()
        else:
            assert found.label[row, column] == t["scores"].max(axis=0).argmax()


def test_a_mask_of_one_class_is_where_it_is_more_probable_than_not() -> None:
    weights = {
        "w": np.full((1, 3, 1, 1), 300, np.float32)
    }  # so that the Sigmoid's exponential would overflow
    nodes = [node("Conv", ["x", "w"], "logits"), node("Sigmoid", ["logits"], "mask")]
    with inspector.load(model(nodes, weights=weights).SerializeToString(), device="cpu") as loaded:
        x = np.random.default_rng(1).standard_normal((1, 3, 20, 17)).astype(np.float32)
        (target,) = loaded.attribute(x).targets
        logits, mask = loaded.activations(x, layers=["logits", "mask"]).values()
        found = loaded.occlude(x, size=10, stride=10, fill=-1.0)

    assert (target.kind, target.tensor, target.elements) == ("class", "logits", (logits > 0).sum())
    assert target.value == pytest.approx(logits[logits > 0].mean(), rel=1e-5)
    assert found.baseline_probability == pytest.approx(mask[logits > 0].mean(), rel=1e-6)
    assert found.probability.min() < found.baseline_probability


def test_predictions_of_boxes_are_their_strongest(
    labeled: inspector.Model, forward: Callable[..., Any]
) -> None:
    (prediction,) = labeled.predict(X, top=3)

    expected = forward(X)["scores"].max(axis=0)
    assert {one.index: pytest.approx(one.probability, rel=1e-5) for one in prediction.classes} == dict(
        enumerate(expected)
    )


WRONG = {
    "an unknown output of a class": (
        Class(0, "score"),
        "OUTPUT_NOT_FOUND",
        "no output 'score'.*boxes.*masks",
    ),
    "an unknown tensor": (Element("bxes", (0,)), "TENSOR_NOT_FOUND", "Outputs: scores, boxes.*mean 'boxes'"),
    "a class of boxes out of range": (Class(3), "CLASS_NOT_FOUND", "output 'scores' .*has 3, from 0 to 2"),
    "a box out of range": (Class(0, position=(30,)), "POSITION_NOT_FOUND", r"places of the shape \(30,\)"),
    "a pixel for a box": (Class(0, position=(3, 4)), "RANK_MISMATCH", "has 2 numbers"),
    "an index of another rank": (Element("boxes", (1,)), "RANK_MISMATCH", r"has 1 parts.*\(30, 4\): give 2"),
    "an index out of range": (Element("boxes", (1, 4)), "ELEMENT_NOT_FOUND", "no element 4 along axis 1"),
    "a negative index": (Element("boxes", (-1, 0)), "ELEMENT_NOT_FOUND", "from 0 to 29"),
    "too many spans": (Region("boxes", (1, 2, 3)), "RANK_MISMATCH", "at most 2"),
    "a span out of range": (Region("masks", np.s_[0, 3:13]), "ELEMENT_NOT_FOUND", "3:13 along axis 1"),
    "an empty span": (Region("masks", np.s_[0, 5:5]), "EMPTY_REGION", "5:5 along axis 1"),
    "an empty mask": (Region("masks", 0, mask=CHECKS & ~CHECKS), "EMPTY_REGION", "keeps none"),
    "a mask of another shape": (Region("masks", 0, mask=CHECKS.T), "DIMENSION_MISMATCH", r"\(10, 12\)"),
    "a vector of another length": (Direction("embedding", (1.0, 2.0)), "DIMENSION_MISMATCH", "has 2 numbers"),
}


@pytest.mark.parametrize(("target", "reason", "message"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused_with_what_would(
    ours: inspector.Model, target: Target, reason: str, message: str
) -> None:
    with pytest.raises((InvalidInputError, NotFoundError), match=message) as error:
        ours.attribute(X, target=target)
    assert error.value.reason == reason
    assert error.value.field is not None
    assert error.value.field.startswith("targets[0].")
