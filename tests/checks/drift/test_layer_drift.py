"""How far layers drift, against a calculation by hand, and the first that diverges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from inspector.checks.measures.drift import layers as measured
from inspector.checks.measures.drift.divergence import Allowed, first_diverging, steps_of
from inspector.checks.measures.drift.layers import layer_drift
from inspector.checks.measures.drift.limits import limits_of
from inspector.checks.measures.drift.matched import matched_layers
from inspector.types.results.report import Report
from tests.checks.drift.pairs import change, examination, network, pictures, report, without
from tests.support.graphs import model, node
from tests.support.quantized_cnn import quantized_cnn

RNG = np.random.default_rng(2)
W1, W2 = (RNG.standard_normal(shape).astype(np.float32) for shape in ((3 * 4, 5), (5, 2)))


def two_layers(*, first: np.ndarray = W1, second: np.ndarray = W2) -> onnx.ModelProto:
    nodes = [
        node("Flatten", ["x"], "flat"),
        node("MatMul", ["flat", "w1"], "hidden"),
        node("Relu", ["hidden"], "rectified"),
        node("MatMul", ["rectified", "w2"], "scores"),
    ]
    return model(nodes, shape=("n", 3, 2, 2), weights={"w1": first, "w2": second})


def by_hand(x: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    flat = x.reshape(len(x), -1).astype(np.float64)
    hidden = flat @ first
    rectified = np.maximum(hidden, 0)
    return {"flat": flat, "hidden": hidden, "rectified": rectified, "scores": rectified @ second}


def test_the_drift_of_every_layer_is_what_numpy_says() -> None:
    images = list(RNG.standard_normal((7, 3, 2, 2)).astype(np.float32))
    other = (W1 + 0.2 * RNG.standard_normal(W1.shape)).astype(np.float32)
    examined = examination(two_layers(first=other), two_layers(), images=images)
    drifts = examined.measured(layer_drift)
    ours, theirs = by_hand(np.stack(images), other, W2), by_hand(np.stack(images), W1, W2)
    found = {one.pair.own: one.sums for one in drifts.layers[1:]}
    assert found.keys() == ours.keys()
    for name, sums in found.items():
        a, b = ours[name], theirs[name]
        assert sums.images == 7
        assert sums.relative_error == pytest.approx(np.linalg.norm(a - b) / np.linalg.norm(b), rel=1e-5)
        assert sums.cosine == pytest.approx((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-6)
        assert sums.largest == pytest.approx(np.abs(a - b).max(), rel=1e-5)
    steps = steps_of(examined.measured(matched_layers), drifts)
    limits = limits_of(examined, quantized=0.5, half=0.05, single=0.01)
    first = first_diverging(steps, Allowed(limits=limits, clean=0.01, hardly=0.01))
    assert first is not None
    assert first.drift.pair.own == "hidden"
    assert [one.pair.own for one in first.inputs] == ["flat"]
    assert drifts.outputs[0].sums.relative_error == found["scores"].relative_error


@pytest.mark.parametrize("limit", [2000, 1])
def test_layers_that_do_not_fit_together_come_in_groups(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    whole = examination(network(gain={2: 1.3}), network()).measured(layer_drift)
    monkeypatch.setattr(measured, "_BYTES", limit)
    parts = examination(network(gain={2: 1.3}), network()).measured(layer_drift)
    assert [one.pair for one in parts.layers] == [one.pair for one in whole.layers]
    found, wanted = ([one.sums.relative_error for one in drifts.layers] for drifts in (parts, whole))
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-7)
    assert all(one.sums.images == len(pictures()) for one in parts.layers)


FAULTS: dict[str, tuple[Callable[[onnx.ModelProto], onnx.ModelProto], str]] = {
    "wrong scale": (lambda proto: change(proto, "w2", lambda w: w * 1.5), "conv2"),
    "a NaN weight": (
        lambda proto: change(proto, "b1", lambda b: b * np.asarray([np.nan, 1, 1, 1, 1, 1])),
        "conv1",
    ),
    "transposed dense": (lambda proto: change(proto, "dense", lambda w: w[::-1]), "scores"),
    "channels mixed": (lambda proto: change(proto, "w1", lambda w: w[::-1]), "conv1"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("prefix", ["", "other_"])
def test_the_first_diverging_layer_is_the_one_with_the_fault(tmp_path: Path, fault: str, prefix: str) -> None:
    spoil, where = FAULTS[fault]
    found = report(
        tmp_path, spoil(network()), network(prefix=prefix), select=["layers-drift", "outputs-drift"]
    )
    (layer,) = [one for one in found.findings if one.id == "layers-drift"]
    assert (layer.subject, layer.kind) == (where, "layer")
    assert "relative error" in layer.measured
    assert [one.subject for one in found.findings if one.id == "outputs-drift"] == ["scores"]
    (panel,) = [one for one in found.panels if one.title == "drift by layer"]
    errors = [float(row[4] or 0) for row in panel.result.table()[1]]
    assert errors == sorted(errors, reverse=True)


def test_a_rectifier_that_is_missing_shows_at_what_read_it(tmp_path: Path) -> None:
    found = report(tmp_path, without(network(), "Relu", 1), network(prefix="other_"), select=["layers-drift"])
    assert [one.subject for one in found.findings] == ["conv2"]


TWINS = {
    "the same": network(),
    "other names": network(prefix="other_"),
    "folded normalization": network(normalized=True),
    "channels last": network(channels_last=True, prefix="other_"),
}


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("swapped", [False, True])
def test_other_exports_of_one_network_do_not_drift(tmp_path: Path, twin: str, swapped: bool) -> None:
    images = pictures()
    one, two = (TWINS[twin], network()) if swapped else (network(), TWINS[twin])
    if swapped and twin == "channels last":
        images = [image.transpose(1, 2, 0) for image in images]
    found = report(tmp_path, one, two, images=images, ignore=["preprocessing-differs"])
    assert [(one.id, one.message) for one in found.findings] == []
    assert {one.id: one.outcome for one in found.verdicts}["layers-drift"] == "passed"


def test_a_scale_that_the_next_layer_takes_back_is_no_fault(tmp_path: Path) -> None:
    equal = change(change(network(), "w1", lambda w: w * 4), "b1", lambda b: b * 4)
    equal = change(equal, "w2", lambda w: w / 4)
    found = report(tmp_path, equal, network(), select=["layers-drift", "outputs-drift"])
    assert found.findings == ()
    (panel,) = [one for one in found.panels if one.title == "drift by layer"]
    assert panel.result.table()[1][0][4] == pytest.approx(3, rel=1e-4)


def test_a_scale_that_a_sure_softmax_hides_is_found(tmp_path: Path) -> None:
    def sure(gain: float) -> onnx.ModelProto:
        made = change(network(), "dense", lambda w: w * 300)
        change(made, "w2", lambda w: w * gain)
        change(made, "b2", lambda b: b * gain)
        made.graph.node.append(node("Softmax", ["scores"], "answer"))
        made.graph.output[0].name = "answer"
        return made

    found = report(tmp_path, sure(3), sure(1), select=["layers-drift", "outputs-drift"])
    assert [(one.id, one.subject) for one in found.findings] == [("layers-drift", "conv2")]


def of_codes(folder: Path, name: str, factor: float) -> Report:
    """Return what layers-drift finds where a scale of a quantized model is another than in its baseline."""
    images = [np.pad(image, ((0, 0), (0, 12), (0, 12))) for image in pictures()]
    other = change(quantized_cnn(), name, lambda scale: scale * factor)
    return report(folder, other, quantized_cnn(), images=images, select=["layers-drift"])


def test_of_codes_a_layer_that_reads_what_hardly_drifts_may_hardly_drift(tmp_path: Path) -> None:
    found = of_codes(tmp_path, "w0_s", 1.3)
    assert [one.subject for one in found.findings] == ["conv0"]
    assert found.findings[0].allowed.startswith("relative error 0.1, as one of both computes on codes")
    assert of_codes(tmp_path, "w0_s", 1.02).findings == ()


def test_models_that_are_quantized_alike_hardly_drift(tmp_path: Path) -> None:
    found = of_codes(tmp_path, "w1_s", 1.08)
    assert [one.subject for one in found.findings] == ["conv1"]
    assert found.findings[0].allowed == "relative error 0.05, as both compute on the same codes"
    assert of_codes(tmp_path, "w1_s", 1.001).findings == ()
