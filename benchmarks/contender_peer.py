"""Captum on PyTorch; runs in the peer's environment."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from captum.attr import Deconvolution, GuidedBackprop, Saliency

from benchmarks import protocol
from benchmarks.models import model_named
from benchmarks.networks import build


def open_contender(name: str, threads: int) -> protocol.Contender:
    """Build the network and return its tasks."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(threads)
    model = model_named(name)
    network = build(model)
    x = torch.from_numpy(protocol.image(model.side))
    with torch.no_grad():
        target = int(network(x).argmax())

    def forward() -> np.ndarray:
        with torch.no_grad():
            return network(x).numpy()

    def saliency() -> np.ndarray:
        return Saliency(network).attribute(x.clone(), target=target, abs=False).numpy()

    def deconvnet() -> np.ndarray:
        return Deconvolution(network).attribute(x.clone(), target=target).detach().numpy()

    def guided() -> np.ndarray:
        return GuidedBackprop(network).attribute(x.clone(), target=target).detach().numpy()

    return {"forward": forward, "saliency": saliency, "deconvnet": deconvnet, "guided": guided}


if __name__ == "__main__":
    protocol.serve(open_contender)
