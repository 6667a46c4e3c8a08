"""Train the demo's CNN to tell from which photograph a crop comes; export it and its checkpoints as ONNX."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from demo.train.crops import Crops, augment, channel_statistics, cut_training_crops, cut_validation_crops
from demo.train.export import export
from demo.train.network import DemoNet
from demo.train.photographs import PHOTOGRAPHS

DEMO = Path(__file__).resolve().parent.parent
MAX_GRADIENT_NORM = 2.0
LABELS = tuple(photograph.name for photograph in PHOTOGRAPHS)


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, next to the photographs."""

    epochs: int
    checkpoints: tuple[int, ...]
    seed: int
    train_crops: int
    validation_crops: int
    batch: int
    learning_rate: float
    weight_decay: float
    dropout: float


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation per channel, as parts of 1."""

    mean: list[float]
    std: list[float]

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        mean = torch.tensor(self.mean).view(3, 1, 1)
        std = torch.tensor(self.std).view(3, 1, 1)
        return ((batch - mean) / std).contiguous(memory_format=torch.channels_last)


def train(recipe: Recipe, *, photos: Path, output: Path) -> None:
    """Train by `recipe`; write `demo.onnx`, `checkpoints/epoch_*.onnx` and `accuracy.json` under `output`."""
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    training = cut_training_crops(photos, per_class=recipe.train_crops, rng=rng)
    validation = cut_validation_crops(photos, per_class=recipe.validation_crops, rng=rng)
    mean, std = channel_statistics(training.pixels)
    normalize = Normalization(mean, std)

    network = DemoNet(len(LABELS), dropout=recipe.dropout).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )
    steps = recipe.epochs * (len(training) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=steps, pct_start=0.05, cycle_momentum=False
    )
    history: dict[int, float] = {}
    for epoch in range(1, recipe.epochs + 1):
        started = time.monotonic()
        loss = _train_epoch(
            network, training, normalize, optimizer, schedule, batch=recipe.batch, generator=generator
        )
        accuracy = class_accuracy(network, validation, normalize)
        history[epoch] = _mean(accuracy)
        print(
            f"epoch {epoch:3d}  loss {loss:.3f}  validation accuracy {history[epoch]:.3f}"
            f"  {time.monotonic() - started:.0f} s",
            flush=True,
        )
        if epoch in recipe.checkpoints:
            path = output / "checkpoints" / f"epoch_{epoch:03d}.onnx"
            export(network, path, mean=mean, std=std, labels=LABELS)
    export(network, output / "demo.onnx", mean=mean, std=std, labels=LABELS)
    _write_accuracy(output / "accuracy.json", recipe, history, accuracy)


def _train_epoch(
    network: DemoNet,
    crops: Crops,
    normalize: Normalization,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    *,
    batch: int,
    generator: torch.Generator,
) -> float:
    """Run one epoch of cross entropy; return its mean loss."""
    network.train()
    order = torch.randperm(len(crops), generator=generator)
    whole_batches = order[: len(crops) // batch * batch].split(batch)
    total = 0.0
    for indices in whole_batches:
        images = normalize(augment(crops.pixels[indices], generator=generator))
        loss = functional.cross_entropy(network(images), crops.labels[indices])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        network.renormalize_first_filters()
        total += loss.item()
    return total / len(whole_batches)


@torch.no_grad()
def class_accuracy(network: DemoNet, crops: Crops, normalize: Normalization) -> dict[str, float]:
    """Return the part of `crops` that is named right, by class; class sizes are equal."""
    network.eval()
    predicted = torch.cat(
        [network(normalize(chunk.float().div(255))).argmax(dim=1) for chunk in crops.pixels.split(256)]
    )
    right = (predicted == crops.labels).float()
    return {name: right[crops.labels == label].mean().item() for label, name in enumerate(LABELS)}


def _mean(accuracy: dict[str, float]) -> float:
    return sum(accuracy.values()) / len(accuracy)


def _write_accuracy(
    path: Path, recipe: Recipe, history: dict[int, float], accuracy: dict[str, float]
) -> None:
    report = {
        "validation_crops_per_class": recipe.validation_crops,
        "overall": round(_mean(accuracy), 4),
        "per_class": {name: round(value, 4) for name, value in accuracy.items()},
        "by_epoch": {str(epoch): round(value, 4) for epoch, value in history.items()},
    }
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=DEMO / "photos", help="folder of the photographs")
    parser.add_argument("--output", type=Path, default=DEMO / "model", help="folder to write the models to")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--checkpoints", type=int, nargs="*", default=[1, 2, 3, 5, 7, 9, 12])
    parser.add_argument("--seed", type=int, default=2014)
    parser.add_argument("--train-crops", type=int, default=1000, help="training crops per class")
    parser.add_argument("--validation-crops", type=int, default=100, help="validation crops per class")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.02, help="its peak, under a cosine schedule")
    parser.add_argument("--weight-decay", type=float, default=2e-3)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and train."""
    arguments = _arguments(argv)
    torch.set_num_threads(arguments.threads)
    recipe = Recipe(
        epochs=arguments.epochs,
        checkpoints=tuple(arguments.checkpoints),
        seed=arguments.seed,
        train_crops=arguments.train_crops,
        validation_crops=arguments.validation_crops,
        batch=arguments.batch,
        learning_rate=arguments.learning_rate,
        weight_decay=arguments.weight_decay,
        dropout=arguments.dropout,
    )
    train(recipe, photos=arguments.photos, output=arguments.output)


if __name__ == "__main__":
    main()
