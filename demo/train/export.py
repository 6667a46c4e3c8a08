"""DemoNet -> ONNX: a plain graph whose nodes and tensors carry the layers' names, weights inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch

from demo.train.network import INPUT_SIZE, DemoNet

OPSET = 17

SHORT_SIDE = 160
"""A whole photograph is shrunk to this short side before its center is cut out: the crop then spans 0.6
of the short side, inside the range of scales that training showed."""


def preprocessing(*, mean: Sequence[float], std: Sequence[float]) -> dict[str, object]:
    """Describe how pixels become the input: resize, center crop, then (value * scale - mean) / std."""
    return {
        "layout": "NCHW",
        "color": "RGB",
        "resize": {"mode": "short_side", "size": SHORT_SIDE},
        "crop": {"height": INPUT_SIZE, "width": INPUT_SIZE},
        "scale": 1 / 255,
        "mean": list(mean),
        "std": list(std),
    }


def export(
    network: DemoNet, path: Path, *, mean: Sequence[float], std: Sequence[float], labels: Sequence[str]
) -> None:
    """Write `network` in inference mode to `path`, with its preprocessing and its labels as metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _trace(network, path)
    model = onnx.load(path)
    _rename(model.graph, [name for name, _ in network.layers.named_children() if name != "dropout"])
    onnx.helper.set_model_props(
        model,
        {
            "inspector.preprocessing": json.dumps(preprocessing(mean=mean, std=std)),
            "inspector.labels": json.dumps(list(labels)),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _trace(network: DemoNet, path: Path) -> None:
    """Write `network` with the tracing exporter, which turns each layer into one standard operator."""
    was_training = network.training
    network.eval()
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE),),
        path,
        dynamo=False,
        opset_version=OPSET,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )
    network.train(was_training)


def _rename(graph: onnx.GraphProto, layers: Sequence[str]) -> None:
    """Name each node, its output and its weights after its layer; the graph's own output keeps its name."""
    if len(graph.node) != len(layers):
        written = [node.op_type for node in graph.node]
        raise ValueError(f"the exporter wrote {written} for the layers {list(layers)}: one each was expected")
    names = {output.name: output.name for output in graph.output}
    for node, layer in zip(graph.node, layers, strict=True):
        node.name = layer
        names.setdefault(node.output[0], layer)
        for value, role in zip(node.input[1:], ("weight", "bias"), strict=False):
            names[value] = f"{layer}.{role}"
        node.input[:] = [names.get(value, value) for value in node.input]
        node.output[:] = [names[value] for value in node.output]
    for initializer in graph.initializer:
        initializer.name = names[initializer.name]
    del graph.value_info[:]
