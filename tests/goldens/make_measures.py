"""Make the golden measures: Captum's infidelity and sensitivity-max on the demo's weights in PyTorch, in float64.

    .venv-goldens/bin/python tests/goldens/make_measures.py

The environment is that of make_goldens.py. The noise is drawn as inspector.methods.judging draws it, so that both see
the same images: NumPy's default generator of (trial, purpose, image).
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import captum
import numpy as np
import onnx
import torch
from captum.attr import IntegratedGradients, Saliency
from captum.metrics import infidelity, infidelity_perturb_func_decorator, sensitivity_max
from onnx_to_torch import Network
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODEL = ROOT / "demo" / "model" / "demo.onnx"
SIDE = 96
PHOTOGRAPHS = ("cat.jpg", "rocket.jpg")
SAMPLES, NEIGHBORS, STEPS = 20, 5, 10
SPREAD, RADIUS, TRIAL = 0.02, 0.02, 3
NOISE, MOVES = 3, 4
"""The purposes for which the verb draws."""

Explain = Callable[[torch.Tensor], torch.Tensor]


def main() -> None:
    """Write one .npz file."""
    warnings.filterwarnings("ignore", module="captum|torch")
    network = Network(onnx.load(MODEL), output="logits").eval().double()
    images, rows = [], []
    for number, name in enumerate(PHOTOGRAPHS):
        photograph = ImageOps.fit(Image.open(ROOT / "demo" / "photos" / name).convert("RGB"), (SIDE, SIDE))
        values = np.asarray(photograph) / 255 - np.array([0.47, 0.4, 0.374])
        image = (values / np.array([0.281, 0.227, 0.234])).transpose(2, 0, 1)[None].astype(np.float32)
        images.append(image)
        x = torch.from_numpy(image).double()
        with torch.no_grad():
            target = int(network(x)[0].argmax())

        def saliency(x: torch.Tensor, target: int = target) -> torch.Tensor:
            return Saliency(network).attribute(x, target=target, abs=False)

        def integrated(x: torch.Tensor, target: int = target) -> torch.Tensor:
            return IntegratedGradients(network).attribute(
                x, baselines=0.0, target=target, n_steps=STEPS, method="riemann_middle"
            )

        for method, explain, multiplied in (
            ("saliency", saliency, False),
            ("integrated_gradients", integrated, True),
        ):
            row = measured(network, x, explain, target=target, number=number, multiplied=multiplied)
            rows.append({"image": number, "method": method, "target": target, **row})
            print(rows[-1])
    about = {
        "made_with": {"torch": torch.__version__, "captum": captum.__version__},
        "sha256": hashlib.sha256(MODEL.read_bytes()).hexdigest(),
        "samples": SAMPLES, "neighbors": NEIGHBORS, "steps": STEPS, "spread": SPREAD, "radius": RADIUS, "trial": TRIAL,
        "rows": rows,
    }  # fmt: skip
    np.savez_compressed(
        HERE / "measures" / "demo.npz",
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        images=np.concatenate(images),
    )


def measured(
    network: Network, x: torch.Tensor, explain: Explain, *, target: int, number: int, multiplied: bool
) -> dict[str, float]:
    """Return the measures of one map by Captum."""
    extent = float(x.max() - x.min())
    noise = np.random.default_rng((TRIAL, NOISE, number)).standard_normal((SAMPLES, *x.shape[1:])) * (
        SPREAD * extent
    )
    moves = np.random.default_rng((TRIAL, MOVES, number)).uniform(-1, 1, (NEIGHBORS, *x.shape[1:])) * (
        RADIUS * extent
    )

    def perturbed(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        drawn = torch.from_numpy(noise)
        return drawn, inputs - drawn

    @infidelity_perturb_func_decorator(multiply_by_inputs=True)
    def perturbed_only(inputs: torch.Tensor, baselines: float = 0.0) -> torch.Tensor:
        del baselines
        return inputs - torch.from_numpy(noise)

    attributions = explain(x)
    chosen = {"perturb_func": perturbed_only, "baselines": 0.0} if multiplied else {"perturb_func": perturbed}
    raw, scaled = (
        float(
            infidelity(
                network, inputs=x, attributions=attributions, target=target, n_perturb_samples=SAMPLES,
                normalize=normalize, **chosen,
            )
        )
        for normalize in (False, True)
    )  # fmt: skip
    with torch.no_grad():
        changes = network(x)[0, target] - network(x - torch.from_numpy(noise))[:, target]
    moved = sensitivity_max(
        explain,
        x,
        perturb_func=lambda inputs, _radius: torch.from_numpy(moves) + inputs[:1],
        n_perturb_samples=NEIGHBORS,
    )
    return {
        "raw": raw,
        "share": scaled / float((changes**2).mean()),
        "sensitivity": float(moved),
        "whole": float((changes**2).mean()),
    }


if __name__ == "__main__":
    main()
