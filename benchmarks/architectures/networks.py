"""The networks in PyTorch, from other people's definitions, as one image in, tensors out; in the peer's environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType

import torch
from torch import nn

from benchmarks.architectures.catalog import TIMM, TORCHVISION, Architecture
from benchmarks.torchvision_models import import_models

Tensors = tuple[torch.Tensor, ...]


def build(architecture: Architecture) -> nn.Module:
    """Return the network in evaluation mode, its outputs a tuple of tensors."""
    torchvision_models = import_models()  # transformers and timm import torchvision, too
    options = dict(architecture.options)
    if architecture.source == TORCHVISION:
        network = _torchvision(torchvision_models, architecture.constructor, options)
    elif architecture.source == TIMM:
        import timm  # noqa: PLC0415 — seconds, and only where it is needed

        network = timm.create_model(architecture.constructor, pretrained=False, **options)
    else:
        import transformers  # noqa: PLC0415 — seconds, and only where it is needed

        constructor = getattr(transformers, architecture.constructor)
        network = constructor(constructor.config_class(**options))
    return _Outputs(network, RAW_HEADS.get(architecture.constructor, _tensors)).eval()


def _torchvision(models: ModuleType, constructor: str, options: dict[str, object]) -> nn.Module:
    for module in (models, models.segmentation, models.detection):
        if hasattr(module, constructor):
            if module is not models:
                options["weights_backbone"] = None
            network: nn.Module = getattr(module, constructor)(weights=None, **options)
            return network
    raise SystemExit(f"torchvision has no {constructor!r}.")


class _Outputs(nn.Module):
    """A network whose answer is a tuple of tensors."""

    def __init__(self, network: nn.Module, call: Callable[[nn.Module, torch.Tensor], Tensors]) -> None:
        super().__init__()
        self.network = network
        self.call = call

    def forward(self, image: torch.Tensor) -> Tensors:
        return self.call(self.network, image)


FIELDS = ("out", "logits", "pred_boxes", "predicted_depth", "reconstruction", "pooler_output")
"""The answers that are looked at where a network names them."""


def _tensors(network: nn.Module, image: torch.Tensor) -> Tensors:
    answer = network(image)
    if isinstance(answer, torch.Tensor):
        return (answer,)
    if isinstance(answer, Mapping):
        return tuple(answer[name] for name in FIELDS if isinstance(answer.get(name), torch.Tensor))
    return tuple(item for item in answer if isinstance(item, torch.Tensor))


def _raw_head(network: nn.Module, image: torch.Tensor) -> Tensors:
    """What a one-stage detector's head says of each anchor, before boxes are decoded and suppressed."""
    answer = network.head(list(network.backbone(image).values()))
    return tuple(answer[name] for name in sorted(answer))


def _region_proposals(network: nn.Module, image: torch.Tensor) -> Tensors:
    """What the region proposal network says of each anchor; the second stage needs torchvision's binary operators."""
    scores, boxes = network.rpn.head(list(network.backbone(image).values()))
    return tuple(torch.cat([level.flatten(1) for level in levels], 1) for levels in (scores, boxes))


def _keypoint_scores(network: nn.Module, image: torch.Tensor) -> Tensors:
    """SuperPoint's scores of each cell, before the suppression, whose result has no fixed size."""
    features = network.encoder(image[:, :1]).last_hidden_state
    return (network.keypoint_decoder._get_pixel_scores(features),)  # noqa: SLF001


RAW_HEADS: Mapping[str, Callable[[nn.Module, torch.Tensor], Tensors]] = {
    "ssdlite320_mobilenet_v3_large": _raw_head,
    "retinanet_resnet50_fpn": _raw_head,
    "retinanet_resnet50_fpn_v2": _raw_head,
    "fcos_resnet50_fpn": _raw_head,
    "fasterrcnn_resnet50_fpn": _region_proposals,
    "SuperPointForKeypointDetection": _keypoint_scores,
}
"""Which part of a network is exported, by its constructor; the whole where none is given."""
