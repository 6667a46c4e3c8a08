"""Ablation and patching, against finite facts and files edited by hand (see also tests/engine/test_resumption.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

import inspector
from inspector import Class, Unit
from inspector.engine.resumption import Resumption
from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.types.results.figure import Figure
from inspector.types.results.table import Table
from tests.support.graphs import model, node
from tests.support.small_cnn import images, small_cnn
from tests.support.toys import toy_cnn, toy_image
from tests.support.zoo import Zoo

TOLERANCE = 1e-5


def rows_of(figure: Figure) -> dict[Any, dict[str, Any]]:
    table = figure["channels"]
    assert isinstance(table, Table)
    return {row.cells[0]: dict(zip(table.columns, row.cells, strict=True)) for row in table.rows}


def softmax(scores: np.ndarray) -> np.ndarray:
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def scores_by_hand(data: bytes, x: np.ndarray, layer: str, change: Any) -> np.ndarray:
    """Return the toy's scores where a layer is what `change` makes of it, by ONNX's reference, in two parts."""
    whole = onnx.ModelProto.FromString(data)
    exposed = onnx.ModelProto.FromString(data)
    exposed.graph.output.append(onnx.helper.make_tensor_value_info(layer, onnx.TensorProto.FLOAT, None))
    values = ReferenceEvaluator(exposed).run([layer], {"x": x})[0]
    after = onnx.ModelProto.FromString(data)
    made = next(index for index, one in enumerate(whole.graph.node) if layer in one.output)
    del after.graph.node[: made + 1]
    del after.graph.input[:]
    after.graph.input.append(onnx.helper.make_tensor_value_info(layer, onnx.TensorProto.FLOAT, None))
    return ReferenceEvaluator(after).run(["scores"], {layer: change(values.copy())})[0]


@pytest.mark.parametrize("layer", ["relu1", "pool1", "relu2"])
@pytest.mark.parametrize("value", ["zero", "mean", 0.75])
def test_changes_are_those_of_the_model_cut_in_two(layer: str, value: Any) -> None:
    data, x = toy_cnn(), np.stack([toy_image(1), toy_image(2)])
    ours = inspector.load(data, device="cpu")
    found = rows_of(ours.ablate(x, layer=layer, value=value))
    before = softmax(scores_by_hand(data, x, layer, lambda v: v))
    winners = before.argmax(axis=1)
    whole = ours.activations(x, layers=[layer])[layer]
    put = {"zero": 0.0, "mean": whole.mean(axis=(0, 2, 3))}.get(value, value)

    for channel in [*range(whole.shape[1]), "all"]:
        index = slice(None) if channel == "all" else channel

        def change(values: np.ndarray, index: Any = index) -> np.ndarray:
            new = np.broadcast_to(np.reshape(put, (-1, 1, 1)), values.shape)
            values[:, index] = new[:, index]
            return values

        after = softmax(scores_by_hand(data, x, layer, change))
        rows = np.arange(2)
        changes = after[rows, winners] - before[rows, winners]
        assert found[channel]["change"] == pytest.approx(changes.mean(), abs=TOLERANCE)
        assert found[channel]["largest change"] == pytest.approx(
            changes[np.abs(changes).argmax()], abs=TOLERANCE
        )
        whole_scores = scores_by_hand(data, x, layer, change)[rows, winners]
        moved = whole_scores - scores_by_hand(data, x, layer, lambda v: v)[rows, winners]
        assert found[channel]["score"] == pytest.approx(moved.mean(), abs=1e-4)
        assert found[channel]["answers changed"] == pytest.approx((after.argmax(axis=1) != winners).mean())


def test_those_that_act_most_come_first_and_all_together_before_them() -> None:
    ours = inspector.load(toy_cnn(), device="cpu")
    table = ours.ablate(toy_image(), layer="relu2")["channels"]
    assert isinstance(table, Table)
    names: list[Any] = [row.cells[0] for row in table.rows]
    sizes = [abs(float(row.cells[1] or 0)) for row in table.rows[1:]]
    assert names[0] == "all"
    assert sorted(names[1:]) == list(range(8))
    assert sizes == sorted(sizes, reverse=True)


def dead_and_alive() -> bytes:
    """Return a model whose channel 1 is dead, with a way around its layer."""
    rng = np.random.default_rng(0)
    weights: dict[str, Any] = {
        "w": rng.standard_normal((3, 1, 3, 3)).astype(np.float32),
        "b": np.asarray([0, -30, 0], np.float32),
        "v": rng.standard_normal((3, 4)).astype(np.float32),
    }
    nodes = [
        node("Conv", ["x", "w", "b"], "conv", pads=[1, 1, 1, 1]),
        node("Relu", ["conv"], "relu"),
        node("Mul", ["relu", "relu"], "branch"),
        node("Add", ["branch", "conv"], "sum"),
        node("GlobalAveragePool", ["sum"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("MatMul", ["flat", "v"], "scores"),
    ]
    return model(nodes, shape=("n", 1, 8, 8), weights=weights).SerializeToString()


def test_a_dead_channel_changes_nothing_and_only_that_tensor_is_replaced() -> None:
    """The convolution's own way around the rectifier stays: all channels of the rectifier leave its sum with it."""
    x = np.random.default_rng(1).standard_normal((1, 1, 8, 8)).astype(np.float32)
    ours = inspector.load(dead_and_alive(), device="cpu")
    found = rows_of(ours.ablate(x, layer="relu", target=Class(2)))
    assert found[1]["change"] == 0
    assert found[0]["change"] != 0
    conv = ours.activations(x, layers=["conv"])["conv"]
    weights = {
        one.name: onnx.numpy_helper.to_array(one)
        for one in onnx.ModelProto.FromString(dead_and_alive()).graph.initializer
    }
    alone = softmax(conv.mean(axis=(2, 3)) @ weights["v"])[0, 2]
    before = ours.predict(x, top=4)[0]
    own = next(one.probability for one in before.classes if one.index == 2)
    assert found["all"]["change"] == pytest.approx(alone - own, abs=TOLERANCE)


def test_the_same_channels_of_the_source_bring_its_answer_along() -> None:
    """Everything passes relu2: with all of it the image answers as the source does."""
    x = np.stack([toy_image(1), toy_image(2), toy_image(3)])
    ours = inspector.load(toy_cnn(), device="cpu")
    figure = ours.patch(x, layer="relu2", source=1)
    found = rows_of(figure)
    assert found["all"]["restored"] == pytest.approx(1, abs=1e-4)
    index = ours.predict(x[1])[0].classes[0].index
    likely = [
        next(one.probability or 0 for one in each.classes if one.index == index)
        for each in ours.predict(x, top=5)
    ]
    change = np.mean([likely[1] - likely[0], likely[1] - likely[2]])
    assert found["all"]["change"] == pytest.approx(change, abs=TOLERANCE)
    itself = rows_of(ours.patch(np.stack([x[0], x[0]]), layer="relu2"))
    assert all(row["change"] == 0 for row in itself.values())


def test_one_channel_patched_is_that_of_the_model_cut_in_two() -> None:
    data, x = toy_cnn(), np.stack([toy_image(1), toy_image(2)])
    ours = inspector.load(data, device="cpu")
    found = rows_of(ours.patch(x, layer="pool1", target=3, source=0, channels=4))
    source = ours.activations(x[0], layers=["pool1"])["pool1"][0]

    def change(values: np.ndarray) -> np.ndarray:
        values[:, 4] = source[4]
        return values

    before, after = (
        softmax(scores_by_hand(data, x[1:], "pool1", one))[0, 3] for one in (lambda v: v, change)
    )
    assert list(found) == [4]
    assert found[4]["change"] == pytest.approx(after - before, abs=TOLERANCE)


def test_what_a_channel_holds_already_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channel 1 of the rectifier is off: zero is there already."""
    ran: list[int] = []
    resumed = Resumption.__call__

    def counted(resumption: Resumption, variants: np.ndarray) -> dict[str, np.ndarray]:
        ran.append(len(variants))
        return resumed(resumption, variants)

    monkeypatch.setattr(Resumption, "__call__", counted)
    x = np.random.default_rng(1).standard_normal((1, 1, 8, 8)).astype(np.float32)
    ours = inspector.load(dead_and_alive(), device="cpu")
    maps = ours.activations(x, layers=["relu"])["relu"][0]
    alive = [bool(one.any()) for one in maps]
    found = rows_of(ours.ablate(x, layer="relu", target=Class(2)))
    assert sum(ran) == 2 + sum(alive) < 2 + len(maps)  # as it is, and all together
    for channel, is_alive in enumerate(alive):
        assert (found[channel]["change"] != 0) is is_alive


@pytest.mark.parametrize("batch", [1, 4, "n"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_whatever_the_batch_and_the_layout(batch: int | str, layout: str) -> None:
    expected = rows_of(
        inspector.load(small_cnn(), device="cpu").ablate(images(3, seed=5), layer="relu1", target=1)
    )
    ours = inspector.load(small_cnn(batch=batch, layout=layout), device="cpu")
    found = rows_of(ours.ablate(images(3, layout=layout, seed=5), layer="relu1", target=1))
    for channel, row in expected.items():
        assert found[channel]["change"] == pytest.approx(row["change"], abs=TOLERANCE)


def test_other_targets_are_their_values() -> None:
    x = toy_image(1)
    ours = inspector.load(toy_cnn(), device="cpu")
    found = rows_of(ours.ablate(x, layer="pool1", target=Unit("conv2", 3, (1, 2)), channels=[0, 2]))
    raw = ours.activations(x, layers=["conv2"])["conv2"][0, 3, 1, 2]
    w2 = {
        one.name: onnx.numpy_helper.to_array(one)
        for one in onnx.ModelProto.FromString(toy_cnn()).graph.initializer
    }["w2"]
    pool = ours.activations(x, layers=["pool1"])["pool1"][0]
    share = (w2[3, 2] * pool[2, 1:4, 2:5]).sum()
    assert np.isfinite(raw)
    assert found[2]["change"] == pytest.approx(-share, abs=TOLERANCE)


def test_progress_is_told_in_order_and_ends_at_all() -> None:
    told: list[tuple[int, int]] = []
    ours = inspector.load(toy_cnn(), device="cpu")
    ours.ablate(
        [toy_image(1), toy_image(2)], layer="relu2", progress=lambda done, total: told.append((done, total))
    )
    assert told == sorted(told)
    assert told[-1] == (18, 18)


@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        ({"layer": "relu9"}, NotFoundError, "layer"),
        ({"layer": "relu1", "channels": [99]}, NotFoundError, "channels"),
        ({"layer": "relu1", "channels": -1}, InvalidInputError, "channels"),
        ({"layer": "relu1", "value": "noise"}, InvalidInputError, "value"),
        ({"target": 99}, NotFoundError, "target.output_class.index"),
    ],
)
def test_what_is_refused(given: dict[str, Any], error: type[InspectorError], field: str) -> None:
    ours = inspector.load(toy_cnn(), device="cpu")
    with pytest.raises(error) as raised:
        ours.ablate(toy_image(), **given)
    assert raised.value.field == field


def test_patching_needs_two_images_and_a_source_among_them() -> None:
    ours = inspector.load(toy_cnn(), device="cpu")
    with pytest.raises(InvalidInputError, match="at least one other"):
        ours.patch(toy_image(), layer="relu2")
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        ours.patch([toy_image(), toy_image()], layer="relu2", source=2)


def test_codes_are_told_of_and_a_photograph_shows_where_channels_fire(zoo: Zoo) -> None:
    ours = inspector.load(zoo.model("cifar10_tinymobilenet_int8"), device="cpu")
    layer = [one for one in ours.layers() if (one.channels or 0) > 4][3]
    figure = ours.ablate(zoo.image("dog_winml.jpg"), layer=layer.name, channels=[0, 1, 2])
    assert rows_of(figure)[0]["change"] is not None
    assert figure.pictures()
