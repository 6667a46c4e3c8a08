"""The demo's CNN: the shape of Zeiler & Fergus (2014), figure 3, for small pictures."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn
from torch.nn import functional

INPUT_SIZE = 96
"""Side of the square RGB input, in pixels."""

MAX_FILTER_RMS = 0.1
"""First-layer filters are scaled back to this root mean square, so that none dominates (section 3)."""

FIRST_FILTER_STD = 0.007
"""Standard deviation of the first-layer weights before training."""


class LocalResponseNorm(nn.Module):
    """y = x / (k + alpha / size * sum of x^2 over `size` neighboring channels)^beta, for an odd `size`.

    The same function as `torch.nn.LocalResponseNorm`, which is slower on a CPU and which the exporter takes
    apart into dozens of nodes: here it becomes the one ONNX operator LRN.
    """

    def __init__(
        self, channels: int, *, size: int = 5, alpha: float = 0.05, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
        distance = (torch.arange(channels).view(-1, 1) - torch.arange(channels)).abs()
        neighbors = (distance <= size // 2).float().view(channels, channels, 1, 1)
        self.register_buffer("neighbors", neighbors, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalize [n, channels, h, w] across channels."""
        if torch.onnx.is_in_onnx_export():
            exported: torch.Tensor = _ExportedLrn.apply(x, self.size, self.alpha, self.beta, self.k)
            return exported
        energy = functional.conv2d(x.square(), self.get_buffer("neighbors"))
        return x * (self.k + self.alpha / self.size * energy).pow(-self.beta)


class _ExportedLrn(torch.autograd.Function):
    """Stands for LRN while the exporter traces; its value is never used."""

    @staticmethod
    def forward(_ctx: Any, x: torch.Tensor, size: int, alpha: float, beta: float, k: float) -> torch.Tensor:
        return functional.local_response_norm(x, size, alpha, beta, k)

    @staticmethod
    def symbolic(g: Any, x: Any, size: int, alpha: float, beta: float, k: float) -> Any:
        """Write the ONNX operator."""
        return g.op("LRN", x, size_i=size, alpha_f=alpha, beta_f=beta, bias_f=k).setType(x.type())


class DemoNet(nn.Module):
    """Four convolutions with overlapping max-pooling and local response normalization, then two dense layers.

    Maps [n, 3, 96, 96] to logits [n, classes]. The submodules' names are the names of the exported nodes.
    """

    def __init__(self, classes: int, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            OrderedDict[str, nn.Module](
                conv1=nn.Conv2d(3, 32, kernel_size=7, stride=2, padding=1),
                relu1=nn.ReLU(),
                pool1=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
                norm1=LocalResponseNorm(32),
                conv2=nn.Conv2d(32, 40, kernel_size=5),
                relu2=nn.ReLU(),
                pool2=nn.MaxPool2d(kernel_size=3, stride=2),
                norm2=LocalResponseNorm(40),
                conv3=nn.Conv2d(40, 48, kernel_size=3, padding=1),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(48, 40, kernel_size=3, padding=1),
                relu4=nn.ReLU(),
                pool4=nn.MaxPool2d(kernel_size=3, stride=2),
                flatten=nn.Flatten(),
                dropout=nn.Dropout(dropout),
                fc5=nn.Linear(40 * 4 * 4, 64),
                relu5=nn.ReLU(),
                fc6=nn.Linear(64, classes),
            )
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # A small start: what the first filters show later is what they learned, not their first noise.
        nn.init.normal_(self.layers.get_submodule("conv1").get_parameter("weight"), std=FIRST_FILTER_STD)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the logits of normalized images."""
        logits: torch.Tensor = self.layers(image)
        return logits

    @torch.no_grad()
    def renormalize_first_filters(self) -> None:
        """Scale every conv1 filter whose RMS exceeds `MAX_FILTER_RMS` back to it."""
        weight = self.layers.get_submodule("conv1").get_parameter("weight")
        rms = weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        weight.mul_((MAX_FILTER_RMS / rms).clamp(max=1.0))
