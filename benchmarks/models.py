"""The models that are measured. Standard library only: both environments read it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPORTED = Path(__file__).resolve().parent / ".models"
"""Written by export_models.py, not kept in the repository: random weights."""

ZOO = Path(os.environ.get("INSPECTOR_ZOO") or ROOT.parent / "shared" / "zoo") / "models"
"""Trained models that are not the project's; what is not there is passed over."""


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """One sweep: a square that is moved over the image."""

    size: int
    stride: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model and how much of it is measured."""

    name: str
    path: Path
    side: int
    """Height and width of the input."""
    architecture: str | None
    """How networks.py names the network; None where the peer has none."""
    occlusion: Occlusion | None = None
    """None for a model that is no classifier."""
    dense: Occlusion | None = None
    """A sweep of many positions, of which the loop runs some alone (SAMPLED)."""
    fused: bool = False
    """Whether ONNX Runtime's highest level gives other answers than the file: kernels on codes in place of floats."""

    @property
    def positions(self) -> int:
        """How many positions one occlusion sweep has."""
        return 0 if self.occlusion is None else self.positions_of(self.occlusion)

    def positions_of(self, occlusion: Occlusion) -> int:
        """Return how many positions a sweep has."""
        return ((self.side - occlusion.size) // occlusion.stride + 1) ** 2


SAMPLED = 96
"""Positions of a dense sweep that the loop runs: all of them would take minutes."""


def _torchvision(name: str, architecture: str, *, dense: Occlusion | None = None) -> Model:
    return Model(
        name=name,
        path=EXPORTED / f"{architecture}.onnx",
        side=224,
        architecture=architecture,
        occlusion=Occlusion(size=32, stride=16),
        dense=dense,
    )


MODELS = (
    Model(
        name="demo",
        path=ROOT / "demo" / "model" / "demo.onnx",
        side=96,
        architecture="demo",
        occlusion=Occlusion(size=24, stride=6),
    ),
    _torchvision("SqueezeNet 1.1", "squeezenet1_1"),
    _torchvision("MobileNetV2", "mobilenet_v2"),
    _torchvision("EfficientNet-B0", "efficientnet_b0"),
    _torchvision("GoogLeNet", "googlenet"),
    _torchvision("ResNet-18", "resnet18"),
    _torchvision("ResNet-50", "resnet50"),
    _torchvision("DenseNet-121", "densenet121"),
    _torchvision("ConvNeXt-tiny", "convnext_tiny"),
    _torchvision("VGG-16", "vgg16", dense=Occlusion(size=32, stride=4)),
    Model(name="YOLOX-nano (detector)", path=ZOO / "yolox_nano.onnx", side=416, architecture=None),
    Model(
        name="MobileNetV2 (int8)",
        path=ZOO / "mobilenetv2_int8_static_edgeflow.onnx",
        side=224,
        architecture=None,
        occlusion=Occlusion(size=32, stride=16),
        fused=True,
    ),
)


def model_named(name: str) -> Model:
    """Return the model of that name."""
    return next(model for model in MODELS if model.name == name)
