"""Which architectures are exported, and how. Standard library only: both environments read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

TORCHVISION, TRANSFORMERS, TIMM = "torchvision", "transformers", "timm"
"""Where definitions come from, by the names of their packages."""

TORCHSCRIPT, DYNAMO = "TorchScript", "dynamo"
"""PyTorch's two exporters: torch.onnx.export with dynamo=False and dynamo=True."""


@dataclass(frozen=True)
class Export:
    """One file."""

    exporter: str
    opset: int
    batch: str = "1"
    """"1", or "N" where the file takes any."""

    @property
    def key(self) -> str:
        """Its name among the exports of one architecture."""
        return f"{self.exporter}-{self.opset}-{self.batch}"


@dataclass(frozen=True)
class Architecture:
    """A definition and what is made of it."""

    name: str
    source: str
    constructor: str
    side: int
    exports: tuple[Export, ...]
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Of the constructor; of transformers' definitions, of the configuration."""


def _scripted(opset: int, batch: str = "1") -> Export:
    return Export(TORCHSCRIPT, opset, batch)


def _dynamo(opset: int, batch: str = "1") -> Export:
    return Export(DYNAMO, opset, batch)


def _vision(name: str, constructor: str, *exports: Export, side: int = 64, **options: Any) -> Architecture:
    return Architecture(name, TORCHVISION, constructor, side, exports, options)


def _hugging(name: str, constructor: str, *exports: Export, side: int = 64, **options: Any) -> Architecture:
    return Architecture(name, TRANSFORMERS, constructor, side, exports, options)


def _timm(name: str, constructor: str, *exports: Export, side: int = 64, **options: Any) -> Architecture:
    return Architecture(name, TIMM, constructor, side, exports, options)


_SMALL_TRANSFORMER = {
    "hidden_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "intermediate_size": 192,
}

ARCHITECTURES: tuple[Architecture, ...] = (
    _vision("AlexNet", "alexnet", _scripted(11), _dynamo(18), side=224),
    _vision("VGG-11", "vgg11", _scripted(12, "N"), _dynamo(19), side=224),
    _vision("VGG-16 BN", "vgg16_bn", _scripted(13), _dynamo(20), side=224),
    _vision("ResNet-18", "resnet18", _scripted(11), _scripted(17, "N"), _dynamo(18), _dynamo(22, "N")),
    _vision("ResNet-50", "resnet50", _scripted(14), _dynamo(21)),
    _vision("ResNeXt-50 32×4d", "resnext50_32x4d", _scripted(15), _dynamo(18, "N")),
    _vision("Wide ResNet-50-2", "wide_resnet50_2", _scripted(16), _dynamo(20)),
    _vision("DenseNet-121", "densenet121", _scripted(11, "N"), _dynamo(18)),
    _vision("GoogLeNet", "googlenet", _scripted(12), _dynamo(19), aux_logits=False, init_weights=False),
    _vision(
        "Inception v3",
        "inception_v3",
        _scripted(13),
        _dynamo(21),
        side=96,
        aux_logits=False,
        init_weights=False,
    ),
    _vision("SqueezeNet 1.1", "squeezenet1_1", _scripted(11), _scripted(18, "N"), _dynamo(22)),
    _vision("MobileNet v2", "mobilenet_v2", _scripted(11, "N"), _dynamo(18, "N")),
    _vision("MobileNet v3 small", "mobilenet_v3_small", _scripted(11), _scripted(14), _dynamo(19, "N")),
    _vision("MobileNet v3 large", "mobilenet_v3_large", _scripted(16, "N"), _dynamo(22)),
    _vision("EfficientNet B0", "efficientnet_b0", _scripted(12), _dynamo(18, "N")),
    _vision("EfficientNet v2 S", "efficientnet_v2_s", _scripted(15), _dynamo(20)),
    _vision("RegNet X 400MF", "regnet_x_400mf", _scripted(11), _dynamo(21)),
    _vision("RegNet Y 400MF", "regnet_y_400mf", _scripted(17, "N"), _dynamo(18)),
    _vision("ShuffleNet v2 1.0", "shufflenet_v2_x1_0", _scripted(11), _scripted(17, "N"), _dynamo(22, "N")),
    _vision("MNASNet 1.0", "mnasnet1_0", _scripted(13, "N"), _dynamo(19)),
    _vision("ConvNeXt tiny", "convnext_tiny", _scripted(12), _scripted(17, "N"), _dynamo(18)),
    _vision("Swin T", "swin_t", _scripted(14), _dynamo(18)),
    _vision("Swin v2 T", "swin_v2_t", _scripted(17), _dynamo(20)),
    _vision("ViT B/32", "vit_b_32", _scripted(14), _dynamo(18, "N"), image_size=64),
    _vision("FCN ResNet-50", "fcn_resnet50", _scripted(11), _dynamo(18, "N")),
    _vision("DeepLab v3 ResNet-50", "deeplabv3_resnet50", _scripted(12, "N"), _dynamo(20)),
    _vision("LRASPP MobileNet v3", "lraspp_mobilenet_v3_large", _scripted(11), _dynamo(18)),
    _vision("SSDLite MobileNet v3", "ssdlite320_mobilenet_v3_large", _scripted(11), _dynamo(18), side=128),
    _vision("RetinaNet ResNet-50", "retinanet_resnet50_fpn", _scripted(12), _dynamo(20), side=96),
    _vision("FCOS ResNet-50", "fcos_resnet50_fpn", _scripted(16), _dynamo(21), side=96),
    _vision("Faster R-CNN ResNet-50", "fasterrcnn_resnet50_fpn", _scripted(11), _dynamo(18), side=96),
    _hugging("MobileNet v1", "MobileNetV1ForImageClassification", _scripted(11), _dynamo(18, "N")),
    _hugging("MobileNet v2 (TF padding)", "MobileNetV2ForImageClassification", _scripted(13), _dynamo(20)),
    _hugging("EfficientNet B0 (Hugging Face)", "EfficientNetForImageClassification", _scripted(14), _dynamo(18),
             width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280),
    _hugging("ResNet-50 (Hugging Face)", "ResNetForImageClassification", _scripted(11, "N"), _dynamo(22)),
    _hugging("BiT", "BitForImageClassification", _scripted(15), _dynamo(18), depths=[1, 1, 2, 1]),
    _hugging("PoolFormer S12", "PoolFormerForImageClassification", _scripted(11), _dynamo(18, "N")),
    _hugging("ConvNeXt v2", "ConvNextV2ForImageClassification", _scripted(13), _dynamo(21)),
    _hugging("LeViT", "LevitForImageClassification", _scripted(12), _dynamo(18), image_size=128, side=128),
    _hugging("MobileViT", "MobileViTForImageClassification", _scripted(14), _dynamo(18), image_size=128, side=128),
    _hugging("MobileViT v2", "MobileViTV2ForImageClassification", _scripted(18), _dynamo(20), image_size=128, side=128),
    _hugging("CvT 13", "CvtForImageClassification", _scripted(14), _dynamo(18)),
    _hugging("SwiftFormer XS", "SwiftFormerForImageClassification", _scripted(17), _dynamo(18)),
    _hugging("FocalNet tiny", "FocalNetForImageClassification", _scripted(17), _dynamo(20)),
    _hugging("PVT tiny", "PvtForImageClassification", _scripted(14), _dynamo(18), image_size=64),
    _hugging("DINOv3 ConvNeXt", "DINOv3ConvNextModel", _scripted(17), _dynamo(18)),
    _hugging("SegFormer B0", "SegformerForSemanticSegmentation", _scripted(15), _dynamo(18)),
    _hugging("GLPN (depth)", "GLPNForDepthEstimation", _scripted(13), _dynamo(18)),
    _hugging("Swin2SR (super resolution)", "Swin2SRForImageSuperResolution", _scripted(17), _dynamo(18),
             image_size=32, side=32, embed_dim=48, depths=[2, 2], num_heads=[3, 3]),
    _hugging("SuperPoint encoder", "SuperPointForKeypointDetection", _scripted(12), _dynamo(18)),
    _hugging("YOLOS", "YolosForObjectDetection", _scripted(14), _dynamo(18), image_size=[96, 96], side=96,
             num_detection_tokens=10, **_SMALL_TRANSFORMER),
    _hugging("DETR ResNet-50", "DetrForObjectDetection", _scripted(14), _dynamo(18), side=96, encoder_layers=2,
             decoder_layers=2, num_queries=10),
    _hugging("RT-DETR", "RTDetrForObjectDetection", _scripted(17), _dynamo(18), side=128, num_queries=20,
             decoder_layers=2),
    _hugging("BEiT", "BeitForImageClassification", _scripted(14), _dynamo(18), image_size=64,
             use_relative_position_bias=True, **_SMALL_TRANSFORMER),
    _timm("NFNet L0 (weight standardization)", "nfnet_l0", _scripted(13), _dynamo(18)),
    _timm("ResNet-50 blur", "resnetblur50", _scripted(11), _dynamo(18)),
    _timm("ResNeSt-14 (split attention)", "resnest14d", _scripted(12), _dynamo(18)),
    _timm("GhostNet 1.0", "ghostnet_100", _scripted(11), _dynamo(18)),
    _timm("MobileNet v4 hybrid", "mobilenetv4_hybrid_medium", _scripted(17), _dynamo(18)),
    _timm("FastViT T8", "fastvit_t8", _scripted(14), _dynamo(18)),
    _timm("EdgeNeXt XXS", "edgenext_xx_small", _scripted(14), _dynamo(18)),
    _timm("MambaOut femto", "mambaout_femto", _scripted(14), _dynamo(18)),
    _timm("CoAtNet nano", "coatnet_nano_rw_224", _scripted(14), _dynamo(18), side=224),
    _timm("LambdaNet-26", "lambda_resnet26t", _scripted(14), _dynamo(18), img_size=64),
)  # fmt: skip


def architecture_named(name: str) -> Architecture:
    """Return the architecture of that name; SystemExit names those that exist."""
    for architecture in ARCHITECTURES:
        if architecture.name == name:
            return architecture
    raise SystemExit(f"There is no architecture {name!r}. Known: {', '.join(a.name for a in ARCHITECTURES)}.")
