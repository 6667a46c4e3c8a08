"""A tensor replaced in the middle: against a file edited by hand, which ONNX Runtime runs as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper, numpy_helper

from inspector.engine.run import Run
from inspector.errors import InspectorError
from inspector.resolve.targets import channel_axis
from inspector.types.layers import Layer
from tests.support.zoo import Zoo, zoo_models
from tests.support.zoo_subjects import Subject, subject

HUGE = 5 * 10**7
PARTS = 3
"""Layers that are tried: early, in the middle, late."""
TOLERANCE = 2e-4
HALF_TOLERANCE = 2e-2


@pytest.fixture(scope="module", params=zoo_models())
def one(request: pytest.FixtureRequest, zoo: Zoo) -> Subject:
    found = subject(zoo, request.param)
    if found.x.size * len(found.engine.model.layers) > HUGE:
        pytest.skip("its runs take seconds")
    return found


def tried(found: Subject) -> list[Layer]:
    """Return some of a model's layers with channels whose output is a tensor of the file as it was exported."""
    names = {name for node in onnx.load(found.file).graph.node for name in node.output}
    known = [
        layer
        for layer in found.engine.model.layers
        if layer.output in names and (layer.channels or 0) > 1 and isinstance(layer.channels, int)
    ]
    return [known[len(known) * part // PARTS] for part in range(PARTS)] if known else []


def edited(path: Path, tensor: str, mask: np.ndarray, fill: np.ndarray) -> ort.InferenceSession:
    """Return the file's own session with `tensor`, for all who read it, masked: zero, or of codes the zero point."""
    model = onnx.load(path)
    graph = model.graph
    made = next(index for index, node in enumerate(graph.node) if tensor in node.output)
    before = f"{tensor}/as_it_was"
    graph.node[made].output[:] = [before if name == tensor else name for name in graph.node[made].output]
    if mask.dtype == np.bool_:
        node = helper.make_node("Where", ["its/mask", before, "its/fill"], [tensor])
        graph.initializer.append(numpy_helper.from_array(fill, "its/fill"))
    else:
        node = helper.make_node("Mul", [before, "its/mask"], [tensor])
    graph.initializer.append(numpy_helper.from_array(mask, "its/mask"))
    graph.node.insert(made + 1, node)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def close(found: np.ndarray, expected: np.ndarray) -> None:
    tolerance = HALF_TOLERANCE if expected.dtype == np.float16 else TOLERANCE
    limit = tolerance * max(float(np.abs(expected.astype(np.float64)).max(initial=0)), 1e-2)
    np.testing.assert_allclose(found.astype(np.float64), expected.astype(np.float64), rtol=0, atol=limit)


def test_channels_of_layers_replaced_as_in_a_file_edited_by_hand(one: Subject) -> None:
    layers = tried(one)
    assert layers, "no layer has channels"
    for layer in layers:
        run = Run(one.engine)
        resumption = run.resume(one.x[:1], tensor=layer.output, tensors=one.outputs, variants=3)
        values = resumption.values
        axis = channel_axis(layer, values.ndim)
        chosen = [0, values.shape[axis] - 1]
        variants = np.stack([values, *(without(values, channel, axis) for channel in chosen)])

        found = resumption(variants)

        plain = run.forward(one.x[:1], one.outputs)
        for name in one.outputs:
            assert len(found[name]) == 3
            close(found[name][0], plain[name][0])
        raw = run.forward(one.x[:1], [layer.output])[layer.output]
        for number, channel in enumerate(chosen, start=1):
            expected = by_hand(one, layer, channel)
            for name, whole in expected.items():
                codes = one.engine.model.codes.get(name)
                real = whole if codes is None else codes.real(whole)
                close(found[name][number], real.reshape(-1, *found[name].shape[1:])[0])
        assert raw.shape[1:] == values.shape


def without(values: np.ndarray, channel: int, axis: int) -> np.ndarray:
    changed = values.copy()
    np.moveaxis(changed, axis, 0)[channel] = 0
    return changed


def by_hand(one: Subject, layer: Layer, channel: int) -> dict[str, np.ndarray]:
    """Return the outputs of the file where a channel of a layer is zero (of codes, the zero point)."""
    model = one.engine.model
    run = Run(one.engine)
    own = run.forward(one.x[:1], [layer.output])[layer.output][0]
    axis = channel_axis(layer, own.ndim)
    codes = model.codes.get(layer.output)
    dtype = own.dtype
    fill = np.zeros((), dtype)
    if codes is not None:
        dtype = np.dtype(model.dtypes[layer.output])
        fill = (
            np.zeros((), dtype)
            if codes.zero is None
            else codes.zero.reshape(-1)[:1].reshape(()).astype(dtype)
        )
    shape = [1] * own.ndim
    shape[axis] = own.shape[axis]
    mask = np.ones(shape, np.bool_ if codes is not None else dtype)
    mask.reshape(-1)[channel] = False
    session = edited(one.file, layer.output, mask, fill)
    x = one.x[:1]
    if model.input.batch_axis is None:
        x = x[0]
    elif model.input.batch:
        x = np.repeat(x, model.input.batch, axis=0)
    return dict(zip(one.outputs, session.run(one.outputs, {model.input.name: x}), strict=True))


def test_what_does_not_depend_on_the_tensor_stays_and_a_layer_that_asks_for_itself_gets_what_was_put_there(
    zoo: Zoo,
) -> None:
    found = subject(zoo, "resnet20_onnc.onnx")
    layer = found.engine.model.layers[10]
    run = Run(found.engine)
    first = found.engine.model.layers[0].output
    resumption = run.resume(found.x[:1], tensor=layer.output, tensors=[first, layer.output], variants=2)
    variants = np.stack([resumption.values, resumption.values * 0])

    result = resumption(variants)

    np.testing.assert_array_equal(result[layer.output], variants)
    np.testing.assert_array_equal(result[first][0], result[first][1])


def test_a_tensor_that_cannot_be_is_an_error(zoo: Zoo) -> None:
    found = subject(zoo, "resnet20_onnc.onnx")
    with pytest.raises(InspectorError):
        Run(found.engine).resume(found.x[:1], tensor="no such", tensors=["no such"], variants=1)
