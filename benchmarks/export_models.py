"""Export torchvision's architectures with random weights; runs in the peer's environment."""

from __future__ import annotations

import warnings

import torch

from benchmarks.models import EXPORTED, MODELS
from benchmarks.networks import build

OPSET = 17


def main() -> None:
    """Write those that are missing."""
    warnings.filterwarnings("ignore")
    EXPORTED.mkdir(exist_ok=True)
    for model in MODELS:
        if model.architecture is None or model.path.exists():
            continue
        print(f"exporting {model.name}", flush=True)
        unfinished = model.path.with_suffix(".part")
        torch.onnx.export(
            build(model),
            (torch.zeros(1, 3, model.side, model.side),),
            unfinished,
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        )
        unfinished.rename(model.path)


if __name__ == "__main__":
    main()
