"""ModelInfer answers what ONNX Runtime itself does, to the last bit; pictures and layers beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from PIL import Image

import inspector
from inspector.engine.engine import Engine
from inspector.errors import (
    CancelledError,
    InspectorError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
)
from inspector.inference.infer import infer
from inspector.inference.inference_service_pb2 import InferParameter, ModelInferRequest
from inspector.types.arrays import Array
from inspector.types.control import Cancellation, Control
from tests.inference.own_answers import own_answer
from tests.inference.requests import arrays_of, picture_request, raw_request
from tests.support.graphs import Exposed, model, node
from tests.support.in_process import engine_of, prepared
from tests.support.toys import SIDE, toy_cnn
from tests.support.zoo import Zoo


@pytest.fixture(scope="module")
def toy() -> Iterator[inspector.Model]:
    with inspector.load(toy_cnn(), device="cpu") as loaded:
        yield loaded


@pytest.fixture
def engine(toy: inspector.Model) -> Engine:
    return engine_of(toy)


def noise(*shape: int) -> Array:
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


def picture(*, value: int, side: int = SIDE) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (side, side), (value, 20, 200 - value)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("images", [1, 3, 70])
def test_the_answer_is_the_runtimes_to_the_last_bit(engine: Engine, images: int) -> None:
    x = noise(images, 3, SIDE, SIDE)
    response = infer(engine, raw_request(x))
    (expected,) = own_answer(toy_cnn(), x)
    assert (response.model_name, response.model_version, response.id) == ("toy", "1", "7")
    assert [(one.name, one.datatype, list(one.shape)) for one in response.outputs] == [
        ("scores", "FP32", [images, 5])
    ]
    if images <= 64:  # that many images fit into one run
        assert response.raw_output_contents[0] == expected.tobytes()
    np.testing.assert_allclose(arrays_of(response)["scores"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "derived_squeezenet1.0_fp32",
        "derived_mobilenetv2_fp32_op15",
        "squeezenet_fp16_winml",
        "yunet_n_dynamic",
    ],
)
def test_trained_models_answer_the_same_to_the_last_bit(zoo: Zoo, name: str) -> None:
    path = zoo.model(name)
    with inspector.load(path, device="cpu") as loaded:
        one = loaded.info.input
        sides = {"N": 1, "C": 3, "H": 224, "W": 224}
        shape = [
            size if isinstance(size, int) else sides[axis]
            for axis, size in zip(one.layout, one.shape, strict=True)
        ]
        x = noise(*shape).astype(one.dtype)
        response = infer(engine_of(loaded), raw_request(x, name=one.name))
    for raw, expected in zip(response.raw_output_contents, own_answer(str(path), x), strict=True):
        assert raw == expected.tobytes()


def test_typed_contents_are_as_good_as_raw_ones(engine: Engine) -> None:
    x = noise(2, 3, SIDE, SIDE)
    request = raw_request(x)
    raw = infer(engine, request)
    request.ClearField("raw_input_contents")
    request.inputs[0].contents.fp32_contents.extend(x.reshape(-1).tolist())
    assert infer(engine, request) == raw


def test_layers_come_by_their_names_and_by_their_tensors(engine: Engine) -> None:
    x = noise(2, 3, SIDE, SIDE)
    found = arrays_of(infer(engine, raw_request(x, outputs=["scores", "pool1", "relu2"])))
    assert list(found) == ["scores", "pool1", "relu2"]
    expected = Exposed(onnx.ModelProto.FromString(toy_cnn()), list(found)).run(x)
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-5)
    assert list(arrays_of(infer(engine, raw_request(x, outputs=["relu1"])))) == ["relu1"]


def test_who_may_not_look_inside_gets_outputs_alone(engine: Engine) -> None:
    x = noise(1, 3, SIDE, SIDE)
    with pytest.raises(PermissionDeniedError, match="'relu1' is a layer's") as refusal:
        infer(engine, raw_request(x, outputs=["scores", "relu1"]), gives_layers=False)
    assert refusal.value.field == "outputs[1].name"
    assert infer(engine, raw_request(x, outputs=["scores"]), gives_layers=False).outputs


@pytest.mark.parametrize("raw", [True, False])
def test_pictures_are_prepared_as_the_model_asks(toy: inspector.Model, raw: bool) -> None:
    pictures = [picture(value=30), picture(value=170)]
    response = infer(engine_of(toy), picture_request(pictures, raw=raw))
    (expected,) = own_answer(toy_cnn(), prepared(toy, list(pictures)))
    np.testing.assert_allclose(arrays_of(response)["scores"], expected, rtol=1e-5, atol=1e-5)
    assert "assumed" in response.parameters["note_assumed_preprocessing"].string_param


def test_one_picture_is_the_same_tensor_to_the_last_bit(toy: inspector.Model) -> None:
    engine = engine_of(toy)
    by_picture = infer(engine, picture_request([picture(value=60)]))
    by_tensor = infer(engine, raw_request(prepared(toy, picture(value=60))))
    assert list(by_picture.raw_output_contents) == list(by_tensor.raw_output_contents)


def test_pictures_fill_a_fixed_batch_and_tensors_must() -> None:
    with inspector.load(toy_cnn(batch=4), device="cpu") as loaded:
        engine = engine_of(loaded)
        found = arrays_of(infer(engine, picture_request([picture(value=value) for value in (1, 90, 200)])))
        assert found["scores"].shape == (3, 5)
        four = noise(4, 3, SIDE, SIDE)
        assert arrays_of(infer(engine, raw_request(four)))["scores"].shape == (4, 5)
        with pytest.raises(InvalidInputError, match=r"the model takes \[4, 3, 16, 16\]") as refusal:
            infer(engine, raw_request(noise(3, 3, SIDE, SIDE)))
        assert refusal.value.field == "inputs[0].shape"


def test_pictures_of_a_size_that_does_not_run_are_resized() -> None:
    nodes = [
        node("MaxPool", ["x"], "half", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["half", "w"], "conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Resize", ["conv", "", "scales"], "twice"),
        node("Add", ["twice", "x"], "sum"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "w": np.ones((3, 3, 3, 3), np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    source = model(nodes, shape=(1, 3, "height", "width"), weights=weights).SerializeToString()
    with inspector.load(source, device="cpu") as loaded:
        response = infer(engine_of(loaded), picture_request([picture(value=9, side=21)]))
        assert "note_resized_to_run" in response.parameters
        with pytest.raises(InvalidInputError, match="multiples of 2"):
            infer(engine_of(loaded), raw_request(noise(1, 3, 21, 21)))


def test_an_input_without_a_batch_axis_is_fed_as_it_is() -> None:
    nodes = [node("Relu", ["x"], "y")]
    source = model(nodes, shape=(3, 8, 8)).SerializeToString()
    x = noise(3, 8, 8)
    with inspector.load(source, device="cpu") as loaded:
        found = arrays_of(infer(engine_of(loaded), raw_request(x)))
    np.testing.assert_array_equal(found["y"], np.maximum(x, 0))


def test_a_batch_that_must_not_be_parted_and_does_not_fit_is_refused() -> None:
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1]),
        node("ReduceMean", ["conv"], "mean", axes=[0], keepdims=1),
        node("Sub", ["conv", "mean"], "centered"),
    ]
    weights = {"w": np.ones((2, 3, 1, 1), np.float32)}
    source = model(nodes, shape=("N", 3, 8, 8), weights=weights).SerializeToString()
    with inspector.load(source, device="cpu") as loaded:
        x = noise(64, 3, 8, 8)
        (expected,) = own_answer(source, x)
        found = arrays_of(infer(engine_of(loaded), raw_request(x)))
        np.testing.assert_array_equal(
            found["centered"], expected
        )  # the mean is that of all images, as was asked
        with pytest.raises(LimitExceededError, match="64 fit into one run"):
            infer(engine_of(loaded), raw_request(noise(65, 3, 8, 8)))


@pytest.mark.parametrize(
    ("dtype", "onnx_type"), [("float16", TensorProto.FLOAT16), ("uint8", TensorProto.UINT8)]
)
def test_other_types_than_float32_keep_theirs(dtype: str, onnx_type: int) -> None:
    nodes = [node("MaxPool", ["x"], "y", kernel_shape=[2, 2])]
    source = model(nodes, shape=(1, 3, 4, 4), dtype=onnx_type).SerializeToString()
    x = np.arange(48).astype(dtype).reshape(1, 3, 4, 4)
    with inspector.load(source, device="cpu") as loaded:
        found = arrays_of(infer(engine_of(loaded), raw_request(x)))
    np.testing.assert_array_equal(found["y"], x[:, :, 1:, 1:])
    assert found["y"].dtype == dtype


def test_values_that_are_not_finite_are_the_models_own_business(engine: Engine) -> None:
    x = np.full((1, 3, SIDE, SIDE), np.nan, np.float32)
    (expected,) = own_answer(toy_cnn(), x)
    np.testing.assert_array_equal(arrays_of(infer(engine, raw_request(x)))["scores"], expected)


Change = Callable[[ModelInferRequest], object]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda one: (one.inputs.pop(), one.raw_input_contents.pop()), "inputs"),
        (lambda one: setattr(one.inputs[0], "name", "z"), "inputs[0].name"),
        (lambda one: (one.inputs.add(name="x"), one.raw_input_contents.append(b"")), "inputs[1].name"),
        (lambda one: setattr(one.inputs[0], "datatype", "INT32"), "inputs[0].datatype"),
        (lambda one: setattr(one.inputs[0], "datatype", "FP31"), "inputs[0].datatype"),
        (lambda one: one.inputs[0].shape.append(1), "inputs[0].shape"),
        (lambda one: one.inputs[0].shape.append(-1), "inputs[0].shape"),
        (lambda one: one.inputs[0].shape.append(2**62), "inputs[0].shape"),
        (lambda one: one.raw_input_contents.__setitem__(0, b"abc"), "raw_input_contents[0]"),
        (lambda one: one.inputs[0].contents.fp32_contents.append(1), "inputs[0].contents"),
        (lambda one: one.outputs.add(name="scorse"), "outputs[0].name"),
        (lambda one: one.outputs.extend([one.outputs.add(name="scores")]), "outputs[1].name"),
        (lambda one: [one.outputs.add(name=str(index)) for index in range(1001)], "outputs"),
        (
            lambda one: one.parameters["sequence_id"].MergeFrom(InferParameter(int64_param=1)),
            "parameters[sequence_id]",
        ),
        (
            lambda one: (
                one.outputs.add(name="scores").parameters["classification"].MergeFrom(InferParameter())
            ),
            "outputs[0].parameters[classification]",
        ),
        (
            lambda one: one.inputs[0].parameters["shared_memory_region"].MergeFrom(InferParameter()),
            "inputs[0].parameters[shared_memory_region]",
        ),
    ],
)
def test_what_does_not_fit_is_named(engine: Engine, change: Change, field: str) -> None:
    request = raw_request(noise(1, 3, SIDE, SIDE))
    change(request)
    with pytest.raises(InspectorError) as refusal:
        infer(engine, request)
    assert isinstance(refusal.value, InvalidInputError | NotFoundError | LimitExceededError)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("pictures", "field"),
    [([], "inputs[0].shape"), ([picture(value=1), b"no picture"], "inputs[0][1]")],
)
def test_a_picture_that_is_none_is_named(engine: Engine, pictures: list[bytes], field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        infer(engine, picture_request(pictures))
    assert refusal.value.field == field


def test_a_result_without_room_is_refused(engine: Engine) -> None:
    request = raw_request(noise(4, 3, SIDE, SIDE), outputs=["relu1"])
    with pytest.raises(LimitExceededError):
        infer(engine, request, control=Control(max_result_bytes=1000))
    infer(engine, raw_request(noise(4, 3, SIDE, SIDE)), control=Control(max_result_bytes=1000))


def test_a_caller_that_left_gets_no_run(engine: Engine) -> None:
    token = Cancellation()
    token.cancel()
    with pytest.raises(CancelledError):
        infer(engine, raw_request(noise(1, 3, SIDE, SIDE)), control=Control(cancellation=token))


def test_pictures_go_by_what_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "toy.onnx").write_bytes(toy_cnn())
    (tmp_path / "inspector.json").write_text('{"preprocessing": {"scale": 1.0}}')
    with inspector.load(tmp_path / "toy.onnx", device="cpu") as loaded:
        (expected,) = own_answer(toy_cnn(), prepared(loaded, picture(value=77)))
        response = infer(engine_of(loaded), picture_request([picture(value=77)]))
    assert response.raw_output_contents[0] == expected.tobytes()
