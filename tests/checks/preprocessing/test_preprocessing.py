"""What is assumed or contradicted of how an image becomes the input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.support.checked import cnn, findings, skipped
from tests.support.graphs import model, node


def said(proto: onnx.ModelProto, key: str, value: Any) -> onnx.ModelProto:
    proto.metadata_props.add(key=key, value=value if isinstance(value, str) else json.dumps(value))
    return proto


WHOLE = {"color": "RGB", "scale": 1 / 255, "mean": [0.5], "std": [0.5], "resize": {"mode": "exact"}}


def test_what_is_assumed_is_named() -> None:
    (found,) = findings(cnn(), "preprocessing-assumed")
    assert found.severity == "info"
    assert "color RGB" in found.message
    assert findings(said(cnn(), "inspector.preprocessing", WHOLE), "preprocessing-assumed") == ()


def names(count: int) -> str:
    return repr({index: f"class {index}" for index in range(count)})


def test_labels_that_fit_the_classes_are_in_order() -> None:
    assert findings(said(cnn(), "names", names(5)), "labels-fit", "labels-unique") == ()


@pytest.mark.parametrize("count", [4, 6, 80])
def test_labels_that_do_not_fit_the_classes_are_found(count: int) -> None:
    (found,) = findings(said(cnn(), "names", names(count)), "labels-fit")
    assert (found.subject, found.kind, found.severity) == ("scores", "output", "error")
    assert (found.measured, found.allowed) == (f"{count} labels", "5")


def test_an_empty_label_is_found() -> None:
    (found,) = findings(said(cnn(), "inspector.labels", ["a", "b", " ", "d", "e"]), "labels-fit")
    assert "class 2" in found.message


def test_labels_that_several_classes_share_are_found() -> None:
    (found,) = findings(said(cnn(), "inspector.labels", ["crane", "dog", "Crane", "d", "e"]), "labels-unique")
    assert found.message == "2 classes are named 'crane': '0', '2'."


def test_a_model_without_labels_cannot_be_judged() -> None:
    assert "names classes" in skipped(cnn(), "labels-fit")
    assert "names classes" in skipped(cnn(), "labels-unique")


def reading(shape: tuple[int | str, ...], channels: int) -> onnx.ModelProto:
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((2, channels, 1, 1), np.float32)}
    return model([node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1])], shape=shape, weights=weights)


def test_rows_that_are_read_as_channels_are_found() -> None:
    (found,) = findings(reading((1, 32, 32, 3), 32), "image-channels")
    assert (found.subject, found.measured) == ("x", "32 channels")
    assert "axis 3 has 3" in found.message


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_of_pictures_are_in_order(channels: int) -> None:
    assert findings(reading((1, channels, 32, 32), channels), "image-channels", "layout-known") == ()


def test_a_vector_has_no_channels() -> None:
    nodes = [node("Gemm", ["x", "w"], "scores")]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((12, 5), np.float32)}
    proto = model(nodes, shape=(1, 12), weights=weights)
    assert "no image" in skipped(proto, "image-channels")
    assert "no image" in skipped(proto, "layout-known")


def unread() -> onnx.ModelProto:
    """Return a model that takes its image for a vector."""
    nodes = [node("Flatten", ["x"], "flat"), node("Gemm", ["flat", "w"], "scores")]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((48, 5), np.float32)}
    return model(nodes, shape=(1, 3, 4, 4), weights=weights)


def test_a_guessed_layout_is_found(tmp_path: Path) -> None:
    (found,) = findings(unread(), "layout-known")
    assert (found.subject, found.measured) == ("x", "guessed")
    path = tmp_path / "model.onnx"
    path.write_bytes(unread().SerializeToString())
    (tmp_path / "inspector.json").write_text(json.dumps({"preprocessing": {"layout": "NCHW"}}))
    assert findings(path, "layout-known") == ()


def dividing() -> onnx.ModelProto:
    """Return a model whose graph takes pixels from 0 to 255 and makes −1 to 1 of them."""
    nodes = [
        node("Div", ["x", "half"], "scaled"),
        node("Sub", ["scaled", "one"], "centered"),
        node("Conv", ["centered", "w"], "conv", kernel_shape=[1, 1]),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "half": np.float32(127.5),
        "one": np.float32(1),
        "w": np.ones((2, 3, 1, 1), np.float32),
    }
    return model(nodes, shape=("n", 3, 8, 8), weights=values)


def test_pixels_in_another_range_than_the_graph_scales_from_are_found() -> None:
    assert findings(dividing(), "pixel-range") == ()
    (found,) = findings(said(dividing(), "inspector.preprocessing", WHOLE), "pixel-range")
    assert (found.subject, found.severity, found.allowed) == ("x", "error", "0 to 255")


def test_arrays_in_another_range_than_the_graph_scales_from_are_found() -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 3, 8, 8)).astype(np.float32)
    assert findings(dividing(), "pixel-range", images=pixels) == ()
    assert len(findings(dividing(), "pixel-range", images=pixels / 255)) == 1


def test_a_graph_that_scales_nothing_cannot_be_judged() -> None:
    assert "does not say" in skipped(cnn(), "pixel-range")
