"""`inspector.record`: what a model takes and answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from PIL import Image

import inspector
from inspector.errors import ConflictError, InvalidInputError, LimitExceededError, NotFoundError
from inspector.types.golden import read_golden
from tests.checks.golden.recordings import checked, images, outcomes, toy, two_outputs
from tests.support.graphs import model, node
from tests.support.quantized_cnn import quantized_cnn
from tests.support.small_cnn import small_cnn
from tests.support.toys import toy_cnn, toy_photo


def test_inputs_and_outputs_are_those_that_the_runtime_takes_and_gives(tmp_path: Path) -> None:
    data = two_outputs().SerializeToString()
    golden = inspector.record(data, images(), device="cpu")
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": images()})
    np.testing.assert_array_equal(golden.inputs["x"], images())
    assert list(golden.outputs) == ["scores", "flat"]
    for found, wanted in zip(golden.outputs.values(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_the_header_says_of_which_model_and_how(tmp_path: Path) -> None:
    path = tmp_path / "toy.onnx"
    path.write_bytes(toy_cnn())
    Image.fromarray(toy_photo()).save(tmp_path / "photo.png")
    golden = inspector.record(path, [tmp_path / "photo.png"], layers="conv1", device="cpu")
    header = read_golden(golden.save(tmp_path / "golden.npz")).header
    assert header["model"] == {"name": "toy", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert set(header["versions"]) == {"inspector", "onnxruntime", "numpy"}
    with inspector.load(path, device="cpu") as opened:
        assert header["preprocessing"] == json.loads(json.dumps(opened.info.preprocessing.to_json()))
    assert (header["inputs"], header["outputs"], header["layers"]) == (["x"], ["scores"], ["conv1"])
    assert header["precision"] == "float32"
    assert (header["data"], header["device"], header["optimization"]) == (["photo.png"], "cpu", "all")


def test_pictures_are_recorded_as_the_model_takes_them() -> None:
    with inspector.load(toy_cnn(), device="cpu") as opened:
        golden = inspector.record(opened, [toy_photo(1), toy_photo(2)])
        assert golden.inputs["x"].shape == (2, 3, 16, 16)
        again = opened.check(golden.inputs["x"], select=["golden"], **golden.options)
        assert again.findings == ()


def test_a_recording_begins_from_any_npz(tmp_path: Path) -> None:
    for name in ("input/x", "x", "arr_0", "input/of_another_export"):
        arrays: dict[str, Any] = {name: images()}
        np.savez(tmp_path / "inputs.npz", **arrays)
        golden = inspector.record(toy_cnn(), tmp_path / "inputs.npz", device="cpu")
        np.testing.assert_array_equal(golden.inputs["x"], images())
    golden.save(tmp_path / "golden.npz")
    again = inspector.record(toy_cnn(), str(tmp_path / "golden.npz"), device="cpu")
    np.testing.assert_array_equal(again.outputs["scores"], golden.outputs["scores"])


def test_an_npz_of_another_models_inputs_is_refused(tmp_path: Path) -> None:
    for arrays, why in (
        ({"a": images(), "b": images()}, "holds the inputs 'a', 'b', and this model takes one, 'x'"),
        ({"x": images()[:, :, :5]}, "shape"),
    ):
        given: dict[str, Any] = arrays
        np.savez(tmp_path / "inputs.npz", **given)
        with pytest.raises(InvalidInputError, match=why) as caught:
            inspector.record(toy_cnn(), tmp_path / "inputs.npz", device="cpu")
        assert caught.value.field == "data"
    (tmp_path / "inputs.npz").write_bytes(b"nothing")
    with pytest.raises(InvalidInputError, match="is no NPZ file of inputs") as caught:
        inspector.record(toy_cnn(), tmp_path / "inputs.npz", device="cpu")
    assert caught.value.field == "data"


def test_layers_are_recorded_by_name_and_a_wrong_one_is_named() -> None:
    golden = inspector.record(toy_cnn(), images(), layers=["relu2", "conv1"], device="cpu")
    assert {name: values.shape for name, values in golden.layers.items()} == {
        "conv1": (4, 6, 16, 16),
        "relu2": (4, 8, 6, 6),
    }
    with pytest.raises(NotFoundError, match="relu1") as caught:
        inspector.record(toy_cnn(), images(), layers=["conv1", "relu"], device="cpu")
    assert caught.value.field == "layers[1]"
    with pytest.raises(InvalidInputError, match="give names of layers"):
        inspector.record(toy_cnn(), images(), layers=3, device="cpu")  # type: ignore[arg-type]


def test_no_more_is_recorded_than_a_golden_file_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.checks.golden.record.MOST_BYTES", 10_000)
    with pytest.raises(LimitExceededError, match="more than 10,000 bytes; give fewer images"):
        inspector.record(toy_cnn(), images(), layers="all", device="cpu")
    inputs = images()
    assert inputs.nbytes > 10_000  # the answers alone are few: a file that held these would not be read again
    with pytest.raises(LimitExceededError, match="more than 10,000 bytes; give fewer images"):
        inspector.record(toy_cnn(), inputs, device="cpu")


def test_images_of_several_sizes_are_no_one_recording() -> None:
    nodes = [node("Conv", ["x", "w"], "conv"), node("GlobalAveragePool", ["conv"], "mean")]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((2, 3, 3, 3), np.float32)}
    free = model(nodes, shape=("n", 3, "h", "w"), weights=weights)
    data = [images(1)[0], images(1)[0, :, :9]]
    with pytest.raises(InvalidInputError, match="one image at a time|of one size"):
        inspector.record(free.SerializeToString(), data, device="cpu")


def test_a_closed_model_and_one_that_runs_elsewhere_cannot_be_recorded() -> None:
    with inspector.load(toy_cnn(), device="cpu") as opened:
        pass
    with pytest.raises(ConflictError):
        inspector.record(opened, images())
    elsewhere = inspector.Model(object(), name="far")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="record it where its file is"):
        inspector.record(elsewhere, images())


def without_batch() -> onnx.ModelProto:
    """Return a model that takes one image without an axis for several."""
    nodes = [
        node("Unsqueeze", ["x", "axis"], "one"),
        node("Conv", ["one", "w"], "conv"),
        node("GlobalAveragePool", ["conv"], "mean"),
        node("Flatten", ["mean"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "axis": np.array([0]),
        "w": np.random.default_rng(1).standard_normal((4, 3, 3, 3)).astype(np.float32),
    }
    return model(nodes, shape=(3, 16, 12), weights=weights)


def of_codes() -> onnx.ModelProto:
    """Return a model that takes and gives uint8 codes."""
    nodes = [
        node("DequantizeLinear", ["x", "s", "z"], "real"),
        node("Conv", ["real", "w"], "conv"),
        node("GlobalAveragePool", ["conv"], "mean"),
        node("QuantizeLinear", ["mean", "s", "z"], "codes"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "s": np.float32(0.05),
        "z": np.uint8(128),
        "w": np.random.default_rng(1).standard_normal((4, 3, 3, 3)).astype(np.float32),
    }
    return model(nodes, shape=("n", 3, 16, 12), weights=weights, dtype=onnx.TensorProto.UINT8)


OF_EVERY_KIND: Mapping[str, Callable[[], onnx.ModelProto]] = {
    "layout": lambda: onnx.load_from_string(small_cnn(layout="NHWC")),
    "fixed batch": lambda: onnx.load_from_string(small_cnn(batch=2)),
    "free sizes": lambda: onnx.load_from_string(small_cnn(height="h", width="w")),
    "probabilities": lambda: onnx.load_from_string(small_cnn(head="Softmax")),
    "no batch": without_batch,
    "codes": of_codes,
    "quantized": lambda: quantized_cnn(side=16),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", OF_EVERY_KIND)
def test_models_of_every_kind_agree_with_what_was_recorded_of_them(
    tmp_path: Path, kind: str, count: int
) -> None:
    proto = OF_EVERY_KIND[kind]()
    shape = [one.dim_value or 16 for one in proto.graph.input[0].type.tensor_type.shape.dim]
    size = shape if kind == "no batch" else shape[1:]
    noise = np.random.default_rng(3)
    data: Any = noise.standard_normal((count, *size)).astype(np.float32)
    if kind == "codes":
        data = noise.integers(0, 256, (count, *size)).astype(np.uint8)
    given = list(data) if kind == "no batch" else data
    golden = inspector.record(proto.SerializeToString(), given, device="cpu")
    again = read_golden(golden.save(tmp_path / "golden.npz"))
    assert set(outcomes(checked(proto, again)).values()) <= {"passed", "skipped"}
    # What the runtime itself gives is as good, and what differs is found.
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    if kind not in ("no batch", "fixed batch"):
        (found,) = session.run(None, {session.get_inputs()[0].name: data})
        raw = replace(again, outputs={session.get_outputs()[0].name: found})
        assert outcomes(checked(proto, raw))["golden-values"] == "passed"
    (name, values), *_ = again.outputs.items()
    off = replace(again, outputs={name: values + np.float32(np.ptp(values) + 1)})
    assert outcomes(checked(proto, off))["golden-values"] == "found"


def test_what_no_npz_holds_is_recorded_in_float32() -> None:
    proto = toy()
    proto.graph.node.append(
        onnx.helper.make_node("Cast", ["scores"], ["short"], to=onnx.TensorProto.BFLOAT16)
    )
    proto.graph.output[0].name = "short"
    proto.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.BFLOAT16
    golden = inspector.record(proto.SerializeToString(), images(), device="cpu")
    assert golden.outputs["short"].dtype == np.float32
    assert set(outcomes(checked(proto, golden)).values()) <= {"passed", "skipped"}
    near = replace(
        golden, outputs={"short": golden.outputs["short"] * np.float32(1 + 2**-9)}
    )  # half a rounding
    assert outcomes(checked(proto, near))["golden-values"] == "passed"
