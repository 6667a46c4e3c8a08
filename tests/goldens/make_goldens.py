"""Make the golden maps: the ONNX files' weights in PyTorch, attributed by Captum in float64.

    python -m venv .venv-goldens && .venv-goldens/bin/pip install -r tests/goldens/requirements.txt
    .venv-goldens/bin/python tests/goldens/make_goldens.py [MODEL ...]

A model whose file is missing is passed over. Where float32 rounding alone decides a mask or a pooling switch, two
correct programs give different maps. Such inputs are refused here (`MAX_ROUNDING_GAP`), so that a float32 engine can
be held to the float64 answer: the map must stay the same in float32, and in float64 with weights moved by about a
rounding error. SqueezeNet is where it happens: of the demo's photographs as input, flower, coins, rocket, pagoda and
retina move the class's saliency by 3e-3 to 1e-1 of its maximum (a unit within rounding of zero, or a tie in a
pooling window), galaxies by 1e-6.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import captum
import numpy as np
import onnx
import torch
from captum.attr import (
    Deconvolution,
    GuidedBackprop,
    NeuronDeconvolution,
    NeuronGradient,
    NeuronGuidedBackprop,
    Saliency,
)
from golden import MAX_POSITIONS, Golden, GoldenMap, Pixels
from onnx_to_torch import Network
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ZOO = Path(os.environ.get("INSPECTOR_ZOO", ROOT.parent / "shared" / "zoo")) / "models"
PHOTOGRAPHS = ROOT / "demo" / "photos"

MAX_ROUNDING_GAP = 2e-5
"""How far rounding may move a map, as a part of its largest magnitude."""

JITTER = 3e-7
"""Relative noise on the weights that stands for another order of summation in float32 (its epsilon is 1.2e-7)."""

JITTERED_NETWORKS = 6

METHODS = {
    "saliency": (Saliency, NeuronGradient),
    "deconvnet": (Deconvolution, NeuronDeconvolution),
    "guided": (GuidedBackprop, NeuronGuidedBackprop),
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model and what is asked of it."""

    path: Path
    scores: str
    """The tensor of the class scores, before a final Softmax."""
    hidden: str
    """The tensor of a hidden convolution: its strongest unit is the second target."""
    side: int
    pixels: Pixels
    images: tuple[str | int, ...]
    """Photographs of the demo, by name, and noise, by seed."""


CIFAR: dict[str, Any] = {"scale": 1 / 255, "mean": (0.4914, 0.4822, 0.4465), "std": (0.2023, 0.1994, 0.2010)}

SUBJECTS = (
    Subject(
        path=ROOT / "demo" / "model" / "demo.onnx",
        scores="logits",
        hidden="conv3",
        side=96,
        pixels=Pixels(order="RGB", scale=1 / 255, mean=(0.47, 0.4, 0.374), std=(0.281, 0.227, 0.234)),
        images=("cat.jpg", 1),
    ),
    Subject(
        path=ZOO / "samplenet_cifar10_omz.onnx",
        scores="fc3",
        hidden="conv2",
        side=32,
        pixels=Pixels(
            order="BGR", scale=1.0, mean=(113.8575, 122.961, 125.307), std=(51.255, 50.847, 51.5865)
        ),
        images=("cat.jpg", 1),
    ),
    Subject(
        path=ZOO / "resnet20_onnc.onnx",
        scores="208",
        hidden="168",
        side=32,
        pixels=Pixels(order="RGB", **CIFAR),
        images=("cat.jpg", 1),
    ),
    Subject(
        path=ZOO / "cifar10_imageclassifier_winml.onnx",
        scores="modelOutput",
        hidden="53",
        side=32,
        pixels=Pixels(order="RGB", scale=1 / 127.5, mean=(1.0, 1.0, 1.0), std=(1.0, 1.0, 1.0)),
        images=("flower.jpg", "rocket.jpg"),
    ),
    Subject(
        path=ZOO / "derived_squeezenet1.0_fp32.onnx",
        scores="pool10_1",
        hidden="fire5/expand3x3_1",
        side=224,
        pixels=Pixels(order="BGR", scale=1.0, mean=(103.939, 116.779, 123.68), std=(1.0, 1.0, 1.0)),
        images=("galaxies.jpg", 1),
    ),
)


def make(subject: Subject) -> Golden:
    """Attribute two images, two targets each, by every method."""
    model = onnx.load(subject.path)
    network = _network(model, subject)
    rounded = [_network(model, subject).float()]
    rounded += [_jittered(_network(model, subject), seed=seed) for seed in range(JITTERED_NETWORKS)]
    images = [_image(each, side=subject.side) for each in subject.images]
    size = 3 * subject.side**2
    positions = np.arange(size)
    if size > MAX_POSITIONS:
        positions = np.sort(np.random.default_rng(0).choice(size, MAX_POSITIONS, replace=False))
    maps, values = [], []
    for index, image in enumerate(images):
        x = subject.pixels.apply(image)
        for layer, unit, value in _targets(network, x, subject):
            for method in METHODS:
                exact = _attribute(network, x, method, layer, unit)
                largest = float(np.abs(exact).max())
                others = [_attribute(each, x, method, layer, unit) for each in rounded]
                golden = GoldenMap(
                    method=method,
                    image=index,
                    layer=layer,
                    channel=unit[0],
                    position=() if layer is None else unit[1:],
                    value=value,
                    total=float(exact.sum()),
                    largest=largest,
                    rounding_gap=max(float(np.abs(exact - other).max()) / largest for other in others),
                )
                maps.append(golden)
                values.append(exact.ravel()[positions])
                print(f"  {golden.id:45s} value {value:9.4f}  rounding gap {golden.rounding_gap:.1e}")
    return Golden(
        made_with={"torch": torch.__version__, "captum": captum.__version__},
        sha256=hashlib.sha256(subject.path.read_bytes()).hexdigest(),
        pixels=subject.pixels,
        images=images,
        positions=positions,
        maps=maps,
        values=np.stack(values),
    )


def _network(model: onnx.ModelProto, subject: Subject) -> Network:
    return Network(model, output=subject.scores).eval().double()


def _jittered(network: Network, *, seed: int) -> Network:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(1 + JITTER * torch.randn(weight.shape, generator=generator, dtype=weight.dtype))
    return network


def _image(source: str | int, *, side: int) -> np.ndarray:
    return _photograph(source, side=side) if isinstance(source, str) else _noise(source, side=side)


def _photograph(name: str, *, side: int) -> np.ndarray:
    """Return the largest centered square of the photograph, shrunk."""
    photograph = Image.open(PHOTOGRAPHS / name).convert("RGB")
    square = ImageOps.fit(photograph, (side, side), method=Image.Resampling.BICUBIC)
    return np.asarray(square)


def _noise(seed: int, *, side: int) -> np.ndarray:
    """Return random pixels; in a large image each is a block, so that the file stays small."""
    block = -(-side // 48)
    cells = -(-side // block)
    noise = np.random.default_rng(seed).integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    return noise.repeat(block, axis=0).repeat(block, axis=1)[:side, :side]


def _targets(
    network: Network, x: np.ndarray, subject: Subject
) -> list[tuple[str | None, tuple[int, ...], float]]:
    """Return the most probable class and the strongest unit of the hidden layer, each with its value."""
    kept: list[torch.Tensor] = []
    hook = network.layer(subject.hidden).register_forward_hook(lambda *call: kept.append(call[2]))
    with torch.no_grad():
        scores = network(_input(network, x))[0]
    hook.remove()
    (hidden,) = (each[0] for each in kept)
    best, strongest = (np.unravel_index(int(each.argmax()), each.shape) for each in (scores, hidden))
    return [
        (None, tuple(int(i) for i in best), float(scores.max())),
        (subject.hidden, tuple(int(i) for i in strongest), float(hidden.max())),
    ]


def _attribute(
    network: Network, x: np.ndarray, method: str, layer: str | None, unit: tuple[int, ...]
) -> np.ndarray:
    """Return Captum's map, (3, H, W)."""
    of_class, of_neuron = METHODS[method]
    image = _input(network, x)
    if layer is not None:
        result = of_neuron(network, network.layer(layer)).attribute(image, neuron_selector=unit)
    elif method == "saliency":
        result = of_class(network).attribute(image, target=unit, abs=False)
    else:
        result = of_class(network).attribute(image, target=unit)
    return result[0].detach().numpy()


def _input(network: Network, x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(x).to(next(network.parameters()).dtype)


def main() -> None:
    """Write one .npz per model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help="names of model files; all where none is given"
    )
    chosen = parser.parse_args().models
    warnings.filterwarnings("ignore", module="captum|torch")
    torch.set_num_threads(2)
    for subject in SUBJECTS:
        name = subject.path.stem
        if chosen and name not in chosen:
            continue
        if not subject.path.exists():
            print(f"{name}: passed over, {subject.path} is missing")
            continue
        print(name)
        golden = make(subject)
        worst = max(golden.maps, key=lambda each: each.rounding_gap)
        if worst.rounding_gap > MAX_ROUNDING_GAP:
            raise SystemExit(
                f"{name}, {worst.id}: rounding alone moves the map by {worst.rounding_gap:.1e} of its maximum "
                f"(allowed {MAX_ROUNDING_GAP:.0e}); choose another photograph or seed for this model"
            )
        golden.save(HERE / f"{name}.npz")


if __name__ == "__main__":
    main()
