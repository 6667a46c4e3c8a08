"""Preprocessing and labels that are not those of the training."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import onnx

from tools.scorecard.corpus import LOADS, UnfitError, fault
from tools.scorecard.editing import metadata, set_metadata

PREPROCESSING = "inspector.preprocessing"
LABELS = "inspector.labels"


def _rewritten(proto: onnx.ModelProto, key: str, change: Callable[[Any], Any]) -> onnx.ModelProto:
    set_metadata(proto, key, json.dumps(change(json.loads(metadata(proto, key)))))
    return proto


@fault("preprocessing-differs", baseline=True)
def mean_and_deviation_are_swapped(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The mean stands where the deviation should, and the other way round."""
    if 0 in json.loads(metadata(proto, PREPROCESSING))["mean"]:
        raise UnfitError("Its mean is 0, which no deviation is.")
    return _rewritten(proto, PREPROCESSING, lambda how: {**how, "mean": how["std"], "std": how["mean"]})


@fault("preprocessing-differs", "golden-values", baseline=True, expected=True)
def pictures_come_as_bgr(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The metadata ask for BGR, and the model was trained on RGB."""
    if json.loads(metadata(proto, PREPROCESSING)).get("color") != "RGB":
        raise UnfitError("It takes no RGB.")
    return _rewritten(proto, PREPROCESSING, lambda how: {**how, "color": "BGR"})


@fault("preprocessing-differs", "golden-values", baseline=True, expected=True)
def pictures_come_unscaled(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Pixels come as 0 to 255, and the mean and the deviation are those of 0 to 1."""
    return _rewritten(proto, PREPROCESSING, lambda how: {**how, "scale": 1.0})


@fault("preprocessing-assumed")
def nobody_says_how_pixels_come(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The metadata say nothing of preprocessing."""
    metadata(proto, PREPROCESSING)
    kept = [one for one in proto.metadata_props if one.key != PREPROCESSING]
    del proto.metadata_props[:]
    proto.metadata_props.extend(kept)
    return proto


@fault(LOADS)
def labels_have_a_background_in_front(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The labels are those of a model with one class more: all are shifted by one."""
    return _rewritten(proto, LABELS, lambda labels: ["background", *labels])


@fault(LOADS)
def labels_are_too_few(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last label is missing."""
    return _rewritten(proto, LABELS, lambda labels: labels[:-1])


@fault("labels-unique")
def two_classes_have_one_label(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second label stands twice, and the first is missing."""
    labels = json.loads(metadata(proto, LABELS))
    if len(labels) < 2:
        raise UnfitError("It has fewer than two labels.")
    return _rewritten(proto, LABELS, lambda labels: [labels[1], *labels[1:]])
