"""The same answers: in a batch, at every level, on every provider, twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import onnx
import pytest

import inspector
from inspector.checks.examination import Examination
from inspector.checks.measures.trials import trials
from inspector.checks.rules.numbers import providers_agree
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import DeviceError
from inspector.runtime import device
from inspector.runtime.device import CPU, Device, compared_devices, resolve_device
from inspector.runtime.providers import Provider
from inspector.types.requests.check import CheckRequest
from tests.checks.numbers.planted import graph, images, toy_with
from tests.support.checked import findings, report, skipped
from tests.support.graphs import node
from tests.support.quantized_cnn import quantized_cnn
from tests.support.toys import toy_cnn, toy_photo


def with_softmax(axis: int, *, batch: int | str = "batch") -> bytes:
    """Return the toy with a Softmax along an axis."""
    proto = onnx.load_from_string(toy_cnn(batch=batch))
    proto.graph.node.append(node("Softmax", ["scores"], "answer", axis=axis))
    proto.graph.output[0].name = "answer"
    return proto.SerializeToString()


def test_a_softmax_over_the_batch_is_found() -> None:
    (one,) = findings(with_softmax(0), "batch-agrees", images=images())
    assert (one.severity, one.subject, one.kind) == ("warning", "answer", "output")
    assert "Beside 3 other images" in one.message
    assert findings(with_softmax(1), "batch-agrees", images=images()) == ()


def test_without_images_pictures_made_in_code_are_compared_and_a_note_says_so() -> None:
    for rule in ("batch-agrees", "levels-agree", "repeats-agree"):
        found = report(with_softmax(0), rule)
        assert [one.id for one in found.findings] == (["batch-agrees"] if rule == "batch-agrees" else [])
        assert any("pictures made in code" in note for note in found.notes)
        assert not any(
            "pictures made in code" in note for note in report(with_softmax(0), rule, images=images()).notes
        )


def of_free_size(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray]) -> bytes:
    proto = onnx.load_from_string(graph(nodes, weights))
    for axis in (2, 3):
        proto.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = f"side{axis}"
    return proto.SerializeToString()


def test_pictures_made_in_code_have_a_size_on_which_the_model_runs() -> None:
    nodes = [
        node("Reshape", ["x", "split"], "split_x"),
        node("ReduceMean", ["split_x"], "mean", axes=[2, 4], keepdims=0),
        node("Flatten", ["mean"], "scores"),
    ]
    data = of_free_size(nodes, {"split": np.array([0, 3, 7, 32, 7, 32])})
    with inspector.load(data, device="cpu") as loaded:
        run = Run(loaded.backend.engine)  # type: ignore[attr-defined]
        shapes = {image.shape for image in trials(Examination(run, CheckRequest()))}
    assert shapes == {(1, 3, 224, 224)}
    assert findings(data, "levels-agree") == ()
    assert findings(data, "repeats-agree") == ()


def test_a_batch_of_a_fixed_size_is_filled_with_other_images_or_with_copies() -> None:
    (one,) = findings(with_softmax(0, batch=3), "batch-agrees", images=images())
    assert "Beside 2 other images" in one.message
    assert findings(with_softmax(1, batch=3), "batch-agrees", images=images()) == ()


def test_normalization_in_training_mode_depends_on_the_batch() -> None:
    ones, zeros = np.ones(3, np.float32), np.zeros(3, np.float32)
    weights = {"scale": ones, "bias": zeros, "mean": zeros, "variance": ones}
    for trains in (1, 0):
        outputs = ["normal", "running.mean", "running.variance"] if trains else ["normal"]
        nodes = [
            node("BatchNormalization", ["x", *weights], outputs, training_mode=trains),
            node("Flatten", ["normal"], "scores"),
        ]
        found = findings(graph(nodes, weights), "batch-agrees", images=images())
        assert [one.subject for one in found] == ["scores"] * trains


def test_dynamic_quantization_is_told_with_its_reason() -> None:
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["codes", "step", "zero"]),
        node("DequantizeLinear", ["codes", "step", "zero"], "real"),
        node("Flatten", ["real"], "scores"),
    ]
    given = images() * np.array([1, 2, 4, 100], np.float32).reshape(4, 1, 1, 1)
    (one,) = findings(graph(nodes), "batch-agrees", images=given)
    assert "ranges of its codes from the whole batch" in one.message


def test_a_mean_over_the_batch_is_found() -> None:
    for axis in (0, 1):
        nodes = [node("ReduceMean", ["x"], "scores", axes=[axis], keepdims=0)]
        found = findings(graph(nodes), "batch-agrees", images=images())
        assert [one.subject for one in found] == ["scores"] * (axis == 0)


def test_what_cannot_be_told_apart_is_not_passed_in_silence() -> None:
    nodes = [
        node("Greater", ["x", "zero"], "bright"),
        node("Compress", ["x", "bright"], "found"),
        node("Flatten", ["x"], "scores"),
    ]
    nodes[0:1] = [node("Greater", ["x", "zero"], "is"), node("Reshape", ["is", "flat"], "bright")]
    weights = {"zero": np.float32(0), "flat": np.array([-1])}
    assert "cannot be told apart" in skipped(graph(nodes[:3], weights), "batch-agrees", images=images())
    both = report(graph(nodes, weights, outputs=["found", "scores"]), "batch-agrees", images=images())
    assert both.findings == ()
    assert any("did not look at 'found'" in note for note in both.notes)


@pytest.mark.parametrize(
    ("data", "given", "why"),
    [
        (toy_cnn(batch=1), images(), "fixed to 1"),
        (toy_cnn(), images(1), "two different images"),
        (toy_cnn(), np.repeat(images(1), 3, axis=0), "two different images"),
    ],
)
def test_where_there_is_no_company_it_is_skipped(data: bytes, given: np.ndarray, why: str) -> None:
    assert why in skipped(data, "batch-agrees", images=given)


def folded_beyond_float32(large: float) -> bytes:
    """Return a convolution whose weights times the scale of the normalization behind it are as large as a square."""
    random = np.random.default_rng(4)
    nodes = [
        node("Mul", ["x", "small"], "scaled"),
        node("Conv", ["scaled", "w"], "conv"),
        node("BatchNormalization", ["conv", "scale", "bias", "mean", "variance"], "normal"),
        node("Mul", ["normal", "back"], "map"),
        node("Flatten", ["map"], "scores"),
    ]
    zeros = np.zeros(4, np.float32)
    weights = {
        "small": np.float32(1 / large),
        "w": (random.standard_normal((4, 3, 3, 3)) * large).astype(np.float32),
        "scale": np.full(4, large, np.float32),
        "bias": zeros,
        "mean": zeros,
        "variance": np.ones(4, np.float32),
        "back": np.float32(1 / large),
    }
    return graph(nodes, weights)


def test_a_level_that_answers_otherwise_is_found() -> None:
    (one,) = findings(folded_beyond_float32(1e25), "levels-agree", images=images())
    assert (one.severity, one.subject, one.kind) == ("warning", "scores", "output")
    assert "'basic'" in one.message
    assert "'extended' and 'all' differ too" in one.message
    assert findings(folded_beyond_float32(1e10), "levels-agree", images=images()) == ()


def test_levels_of_a_quantized_model_are_compared_by_its_steps() -> None:
    assert findings(quantized_cnn().SerializeToString(), "levels-agree") == ()


def dropout(*, trains: bool) -> bytes:
    nodes = [
        node("Dropout", ["x", "ratio", "trains"], "dropped"),
        node("Flatten", ["dropped"], "scores"),
    ]
    return graph(nodes, {"ratio": np.float32(0.5), "trains": np.bool_(trains)})


def test_dropout_in_training_mode_is_found() -> None:
    (one,) = findings(dropout(trains=True), "repeats-agree", images=images())
    assert (one.severity, one.subject, one.kind, one.operator) == ("error", "dropped", "node", "Dropout")
    assert "in training mode" in one.message
    assert findings(dropout(trains=False), "repeats-agree", images=images()) == ()


def test_dropout_that_the_runtime_takes_away_is_found_in_the_file() -> None:
    proto = onnx.load_from_string(toy_cnn())
    for trains in (True, False):
        made = onnx.ModelProto()
        made.CopyFrom(proto)
        made.graph.node[-1].input[0] = "dropped"
        made.graph.node.insert(
            len(made.graph.node) - 1, node("Dropout", ["flat", "ratio", "trains"], "dropped")
        )
        for name, value in (("ratio", np.float32(0.5)), ("trains", np.bool_(trains))):
            made.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))
        found = findings(made.SerializeToString(), "repeats-agree", images=images())
        assert [one.subject for one in found] == ["dropped"] * trains
        assert all("where ONNX Runtime rewrites nothing" in one.message for one in found)


@pytest.mark.parametrize("rule", ["batch-agrees", "levels-agree", "providers-agree"])
def test_what_does_not_repeat_is_not_compared(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers_agree, "_others", lambda own: [CPU])
    assert "repeats-agree" in skipped(dropout(trains=True), rule, images=images())


def test_noise_is_found_and_noise_that_does_not_matter_is_not() -> None:
    nodes = [
        node("RandomNormalLike", ["x"], "noise"),
        node("Add", ["x", "noise"], "noisy"),
        node("Flatten", ["noisy"], "scores"),
    ]
    (one,) = findings(graph(nodes), "repeats-agree", images=images())
    assert (one.subject, one.operator) == ("noise", "RandomNormalLike")
    nodes[1] = node("Mul", ["noise", "none"], "nothing")
    nodes[2:] = [node("Add", ["x", "nothing"], "noisy"), node("Flatten", ["noisy"], "scores")]
    assert findings(graph(nodes, {"none": np.float32(0)}), "repeats-agree", images=images()) == ()


def test_answers_of_nan_are_the_same_twice() -> None:
    nodes = [node("Sqrt", ["x"], "root"), node("Flatten", ["root"], "scores")]
    for rule in ("repeats-agree", "levels-agree", "batch-agrees"):
        assert findings(graph(nodes), rule, images=images()) == ()


def test_where_no_other_provider_is_present_it_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(kind: str) -> Device:
        raise DeviceError(f"Device {kind!r} cannot be used: there is no such chip. Buy one.")

    monkeypatch.setattr(providers_agree, "resolve_device", refused)
    monkeypatch.setattr(providers_agree, "compared_devices", list)
    why = skipped(toy_cnn(), "providers-agree", images=images())
    assert why == (
        "there is no provider beside cpu here. Device 'cuda' cannot be used: there is no such chip. "
        "Device 'tensorrt' cannot be used: there is no such chip."
    )


@pytest.mark.parametrize(("slope", "offset", "found"), [(1 / 6, 0.5, 0), (0.2, 0.0, 1)])
def test_a_gate_that_openvino_computes_otherwise_is_found(slope: float, offset: float, found: int) -> None:
    """x · HardSigmoid(x) whose numbers are not those of HardSwish, in onnxruntime-openvino 1.24.1."""
    if Device("openvino") not in compared_devices():
        pytest.skip("this ONNX Runtime has no OpenVINO")
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[3, 3]),
        node("HardSigmoid", ["conv"], "gate", alpha=slope, beta=offset),
        node("Mul", ["conv", "gate"], "gated"),
        node("GlobalAveragePool", ["gated"], "mean"),
        node("Flatten", ["mean"], "scores"),
    ]
    weights = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    told = findings(graph(nodes, {"w": weights}), "providers-agree", images=images())
    assert [one.subject for one in told] == ["scores on openvino"] * found


def test_answers_of_other_providers_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers_agree, "_others", lambda own: [CPU])
    assert findings(toy_cnn(), "providers-agree", images=images()) == ()

    @contextmanager
    def elsewhere(self: Engine, device: Device) -> Iterator[Engine]:
        with inspector.load(toy_with("w3", lambda array: array * 1.5), device="cpu") as loaded:
            yield loaded.backend.engine  # type: ignore[attr-defined]

    monkeypatch.setattr(Engine, "elsewhere", elsewhere)
    (one,) = findings(toy_cnn(), "providers-agree", images=images())
    assert (one.severity, one.subject, one.kind) == ("warning", "scores on cpu", "output")
    assert "is off by up to" in one.message


def test_providers_that_are_not_offered_are_compared_where_they_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Models are served there, though no gradient is taken there."""
    planted = Provider(kind="dnnl", name="CPUExecutionProvider", memory="cpu", options=lambda _index: {})
    monkeypatch.setattr(device, "COMPARED", {"dnnl": planted})
    device._why_unusable.cache_clear()
    asked: list[Device] = []
    elsewhere = Engine.elsewhere

    def watched(self: Engine, one: Device) -> AbstractContextManager[Engine]:
        asked.append(one)
        return elsewhere(self, one)

    monkeypatch.setattr(Engine, "elsewhere", watched)
    assert findings(toy_cnn(), "providers-agree", images=images()) == ()
    assert [one.name for one in asked] == ["dnnl"]
    device._why_unusable.cache_clear()
    with pytest.raises(DeviceError, match="There is no device 'dnnl'"):
        resolve_device("dnnl")


def test_a_provider_on_which_it_does_not_run_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def elsewhere(self: Engine, device: Device) -> Iterator[Engine]:
        if device != CPU:
            raise DeviceError("no kernel for Conv")
        yield self

    monkeypatch.setattr(providers_agree, "_others", lambda own: [Device("cuda")])
    monkeypatch.setattr(Engine, "elsewhere", elsewhere)
    (one,) = findings(toy_cnn(), "providers-agree", images=images())
    assert one.subject == "cuda:0"
    assert "no kernel for Conv" in one.message


def test_pictures_of_several_sizes_are_compared_one_by_one() -> None:
    nodes = [node("GlobalAveragePool", ["x"], "mean"), node("Flatten", ["mean"], "scores")]
    data = of_free_size(nodes, {})
    given = [toy_photo(height=40, width=50), toy_photo(height=30, width=60)]
    assert findings(data, "levels-agree", images=given) == ()
    assert findings(data, "repeats-agree", images=given) == ()
    assert "of one size" in skipped(data, "batch-agrees", images=given)
