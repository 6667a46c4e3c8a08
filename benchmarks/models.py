"""The models that are measured. Standard library only: both environments read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPORTED = Path(__file__).resolve().parent / ".models"
"""Written by export_models.py, not kept in the repository: random weights."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model and how much of it is measured."""

    name: str
    path: Path
    side: int
    """Height and width of the input."""
    occluder: int
    occlusion_stride: int
    architecture: str | None = None
    """torchvision's name of it; None for the demo's own network."""

    @property
    def positions(self) -> int:
        """How many positions one occlusion sweep has."""
        return ((self.side - self.occluder) // self.occlusion_stride + 1) ** 2


def _torchvision(name: str, architecture: str, *, occlusion_stride: int) -> Model:
    return Model(
        name=name,
        path=EXPORTED / f"{architecture}.onnx",
        side=224,
        occluder=32,
        occlusion_stride=occlusion_stride,
        architecture=architecture,
    )


MODELS = (
    Model(name="demo", path=ROOT / "demo" / "model" / "demo.onnx", side=96, occluder=24, occlusion_stride=6),
    _torchvision("SqueezeNet 1.1", "squeezenet1_1", occlusion_stride=16),
    _torchvision("MobileNetV2", "mobilenet_v2", occlusion_stride=16),
    _torchvision("ResNet-50", "resnet50", occlusion_stride=32),
    _torchvision("VGG-16", "vgg16", occlusion_stride=32),
)


def model_named(name: str) -> Model:
    """Return the model of that name."""
    return next(model for model in MODELS if model.name == name)
