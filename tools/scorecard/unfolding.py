"""A model that computes the same with BatchNormalization behind its convolutions, as before an exporter folded it."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from tools.scorecard.editing import change, drop_unused, nodes_of, put, replace, weights_of

EPSILON = 1e-5


def with_batch_normalization(proto: onnx.ModelProto, *, seed: int = 5) -> onnx.ModelProto:
    """Give every convolution a BatchNormalization that takes its bias and its channels' scales; in place."""
    random = np.random.default_rng(seed)
    for node in nodes_of(proto, "Conv"):
        bias, name = weights_of(proto, node.input[2]), node.output[0]
        scales = np.exp(random.normal(0, 0.5, bias.shape)).astype(np.float32)
        means = (random.normal(0, 0.3, bias.shape) * scales).astype(np.float32)
        variances = np.exp(random.normal(-0.5, 0.7, bias.shape)).astype(np.float32)
        change(
            proto,
            node.input[1],
            lambda w, by=scales: w * by.reshape(-1, *[1] * (w.ndim - 1)),  # type: ignore[misc]
        )
        for part, array in {
            "gamma": np.sqrt(variances + EPSILON) / scales,
            "beta": bias + means / scales,
            "mean": means,
            "variance": variances,
        }.items():
            put(proto, f"{name}.bn.{part}", array.astype(np.float32))
        parts = [f"{name}.bn.{part}" for part in ("gamma", "beta", "mean", "variance")]
        convolution = onnx.NodeProto()
        convolution.CopyFrom(node)
        del convolution.input[2:]
        convolution.name = convolution.output[0] = f"{name}.raw"
        normalized = helper.make_node(
            "BatchNormalization", [f"{name}.raw", *parts], [name], name=f"{name}.bn", epsilon=EPSILON
        )
        replace(proto, node, [convolution, normalized])
    return drop_unused(proto)
