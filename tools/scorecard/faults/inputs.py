"""Images that are read otherwise than they come, and names that are not the classes'."""

from __future__ import annotations

import json

import numpy as np
import onnx

from tests.support.graphs import model, node
from tools.scorecard.corpus import UnfitError, fault
from tools.scorecard.editing import put, set_metadata
from tools.scorecard.faults.pixels import LABELS, PREPROCESSING
from tools.scorecard.faults.validity import called


def reading_channels_last() -> onnx.ModelProto:
    """Return a model for NHWC images, which it transposes before its convolution."""
    nodes = [
        node("Transpose", ["x"], "first", perm=[0, 3, 1, 2]),
        node("Conv", ["first", "w"], "conv", kernel_shape=[3, 3]),
        node("GlobalAveragePool", ["conv"], "pool"),
        node("Flatten", ["pool"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((4, 3, 3, 3), np.float32)}
    return model(nodes, shape=("n", 32, 32, 3), weights=weights)


def reading_a_picture() -> onnx.ModelProto:
    """Return a model that convolves a picture before it is flattened."""
    nodes = [
        node("Conv", ["x", "k"], "conv", kernel_shape=[1, 1]),
        node("Flatten", ["conv"], "flat"),
        node("Gemm", ["flat", "w"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "k": np.ones((3, 3, 1, 1), np.float32),
        "w": np.ones((192, 5), np.float32),
    }
    return model(nodes, shape=("n", 3, 8, 8), weights=weights)


def scaling_by_itself() -> onnx.ModelProto:
    """Return a model that takes pixels from 0 to 255, and makes -1 to 1 of them."""
    nodes = [
        node("Div", ["x", "half"], "scaled"),
        node("Sub", ["scaled", "one"], "centered"),
        node("Conv", ["centered", "w"], "conv", kernel_shape=[3, 3]),
        node("GlobalAveragePool", ["conv"], "pool"),
        node("Flatten", ["pool"], "scores"),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "half": np.float32(127.5),
        "one": np.float32(1),
        "w": np.ones((4, 3, 3, 3), np.float32),
    }
    return model(nodes, shape=("n", 3, 16, 16), weights=values)


@fault("image-channels", subject=called("x"), on=reading_channels_last)
def the_transposition_is_missing(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The convolution reads the rows of NHWC images as channels."""
    del proto.graph.node[0]
    proto.graph.node[0].input[0] = "x"
    put(proto, "w", np.ones((4, 32, 3, 3), np.float32))
    dims = proto.graph.input[0].type.tensor_type.shape.dim
    dims[3].dim_value = 3
    return proto


@fault("image-channels", subject=called("x"), on=reading_a_picture)
def two_pictures_are_stacked(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The convolution reads six channels, as of two pictures at once."""
    put(proto, "k", np.ones((3, 6, 1, 1), np.float32))
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 6
    return proto


@fault("layout-known", subject=called("x"), on=reading_a_picture)
def nothing_reads_rows_and_columns(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The convolution is gone: the picture is flattened as it comes."""
    del proto.graph.node[0]
    proto.graph.node[0].input[0] = "x"
    return proto


@fault("pixel-range", on=scaling_by_itself)
def pixels_are_scaled_twice(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The metadata ask for a scale of 1/255, and the graph scales as well."""
    how = {"color": "RGB", "resize": {"mode": "exact"}, "scale": 1 / 255, "mean": [0.0], "std": [1.0]}
    set_metadata(proto, PREPROCESSING, json.dumps(how))
    return proto


@fault("pixel-range", on=scaling_by_itself)
def pixels_are_normalized_twice(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The metadata ask for ImageNet's mean and deviation, and the graph scales as well."""
    how = {"preset": "imagenet", "resize": {"mode": "exact"}}
    set_metadata(proto, PREPROCESSING, json.dumps(how))
    return proto


@fault("labels-fit")
def names_are_those_of_another_data_set(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The names are those of three classes, as a detector's exporter writes them."""
    kept = [one for one in proto.metadata_props if one.key != LABELS]
    del proto.metadata_props[:]
    proto.metadata_props.extend(kept)
    set_metadata(proto, "names", repr({0: "person", 1: "bicycle", 2: "car"}))
    return proto


@fault("labels-fit")
def a_class_has_no_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first label is empty."""
    labels = _labels(proto)
    set_metadata(proto, LABELS, json.dumps(["", *labels[1:]]))
    return proto


@fault("labels-unique")
def two_classes_have_the_same_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first two labels are the same."""
    labels = _labels(proto)
    set_metadata(proto, LABELS, json.dumps([labels[1], *labels[1:]]))
    return proto


def _labels(proto: onnx.ModelProto) -> list[str]:
    for one in proto.metadata_props:
        if one.key == LABELS:
            return list(json.loads(one.value))
    dims = proto.graph.output[0].type.tensor_type.shape.dim
    if len(dims) != 2 or not dims[1].dim_value:
        raise UnfitError("How many classes it has is not declared.")
    return [f"class {place}" for place in range(dims[1].dim_value)]
