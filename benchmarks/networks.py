"""The measured networks in PyTorch; runs in the peer's environment.

The weights of the torchvision architectures are random but fixed by a seed, so that the exporter and the peer build
the same network without a file of weights between them.
"""

from __future__ import annotations

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from benchmarks.models import Model
from benchmarks.torchvision_models import import_models
from demo.train.network import DemoNet

SEED = 0

OPTIONS = {"googlenet": {"aux_logits": False, "init_weights": False}}
"""Its own initialization draws from a truncated normal distribution, for a minute."""


def build(model: Model) -> nn.Module:
    """Return the network in evaluation mode, with one nn.ReLU module per call."""
    if model.architecture is None:
        raise ValueError(f"There is no network of {model.name!r}.")
    network = _demo(model) if model.architecture == "demo" else _torchvision(model.architecture)
    return _with_own_rectifiers(network.eval())


def _demo(model: Model) -> nn.Module:
    graph = onnx.load(model.path).graph
    weights = {
        f"layers.{each.name}": torch.from_numpy(numpy_helper.to_array(each).copy())
        for each in graph.initializer
    }
    network = DemoNet(classes=len(weights["layers.fc6.bias"]))
    network.load_state_dict(weights)
    return network


def _torchvision(architecture: str) -> nn.Module:
    models = import_models()
    torch.manual_seed(SEED)
    network: nn.Module = getattr(models, architecture)(weights=None, **OPTIONS.get(architecture, {}))
    return network


class _RectifierPerCall(nn.Module):
    """Calls the next of several nn.ReLU modules each time: Captum's hooks need one module per call."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.each = nn.ModuleList(nn.ReLU() for _ in range(calls))
        self.next = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.each[self.next](x)
        self.next = (self.next + 1) % len(self.each)
        return y


CALLS_PER_RECTIFIER = {"BasicBlock": 2, "Bottleneck": 3}
"""torchvision's residual blocks call their one nn.ReLU this often."""


def _with_own_rectifiers(network: nn.Module) -> nn.Module:
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.ReLU):
                calls = CALLS_PER_RECTIFIER.get(type(parent).__name__, 1)
                setattr(parent, name, _RectifierPerCall(calls) if calls > 1 else nn.ReLU())
    return network
