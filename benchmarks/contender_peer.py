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
    device = protocol.device()
    torch.backends.cudnn.allow_tf32 = False  # whole float32, as everybody else
    network = build(model).to(device)
    x = torch.from_numpy(protocol.image(model.side)).to(device)
    with torch.no_grad():
        target = int(network(x).argmax())

    def forward() -> np.ndarray:
        with torch.no_grad():
            return _array(network(x))

    def saliency() -> np.ndarray:
        return _array(Saliency(network).attribute(x.clone(), target=target, abs=False))

    def deconvnet() -> np.ndarray:
        return _array(Deconvolution(network).attribute(x.clone(), target=target))

    def guided() -> np.ndarray:
        return _array(GuidedBackprop(network).attribute(x.clone(), target=target))

    return {"forward": forward, "saliency": saliency, "deconvnet": deconvnet, "guided": guided}


def _array(tensor: torch.Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


if __name__ == "__main__":
    protocol.serve(open_contender)
