"""A small CNN of PyTorch, exported in two ways, and a golden file that PyTorch and NumPy alone wrote.

    pip install torch==2.13.0 onnx==1.23.2 onnxscript
    python tests/checks/golden/torch/make.py

It is the example of docs/golden.md, with a model that is small enough to be kept.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

HERE = Path(__file__).parent


class Residual(nn.Module):  # type: ignore[misc]
    """Two convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.Hardswish(),
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.layers(x))


def main() -> None:
    """Write both exports, and what PyTorch answers."""
    torch.manual_seed(4)
    net = nn.Sequential(
        nn.Conv2d(3, 12, 3, stride=2, padding=1),
        nn.ReLU6(),
        *(Residual(12) for _ in range(3)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 10),
    )
    with torch.no_grad():
        for _ in range(20):  # so that the normalizations have statistics
            net(torch.randn(16, 3, 24, 24))
        net.eval()
        images = torch.randn(3, 3, 24, 24)
        scores = net(images)
    np.savez_compressed(
        HERE / "golden.npz", **{"input/image": images.numpy(), "output/scores": scores.numpy()}
    )
    names = {"input_names": ["image"], "output_names": ["scores"]}
    torch.onnx.export(
        net, (images,), HERE / "torchscript.onnx", dynamo=False, dynamic_axes={"image": {0: "n"}}, **names
    )
    torch.onnx.export(
        net,
        (images,),
        HERE / "dynamo.onnx",
        dynamo=True,
        external_data=False,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        **names,
    )
    for name in ("torchscript.onnx", "dynamo.onnx"):
        without_traces(HERE / name)


def without_traces(path: Path) -> None:
    """Take out of a file what tells where on this machine each node comes from."""
    proto = onnx.load(path)
    for one in (
        proto,
        proto.graph,
        *proto.graph.node,
        *proto.graph.value_info,
        *proto.graph.input,
        *proto.graph.output,
    ):
        one.ClearField("metadata_props")
        one.ClearField("doc_string")
    onnx.save(proto, path)


if __name__ == "__main__":
    main()
