"""Synthesis judged by other networks: ranks of the class, total variation, and seconds, one row per preset."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import inspector
from benchmarks.synthesis.models import JUDGE, RANDOM, SUBJECT, path_of

CLASSES = tuple(int(one) for one in np.random.RandomState(0).choice(1000, 12, replace=False))
STEPS = 64
ROWS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "clear": (SUBJECT, {"preset": "clear"}),
    "crops": (SUBJECT, {"preset": "crops"}),
    "spectrum": (SUBJECT, {"preset": "spectrum"}),
    "four-tricks": (SUBJECT, {"preset": "four-tricks"}),
    "naive": (SUBJECT, {"preset": "naive"}),
    "clear, random weights": (RANDOM, {"preset": "clear"}),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one preset came to."""

    name: str
    steps: int
    seconds: float
    """Per picture."""
    variation: tuple[float, ...]
    scores: tuple[float, ...]
    ranks: Mapping[str, tuple[int, ...]]
    """By judge, of each class."""


def measure(name: str, squeezenet: Path, pictures: Path | None) -> Row:
    """Make a picture of each class, and let both judges say where they see it."""
    subject, options = ROWS[name]
    with inspector.load(path_of(subject)) as model:
        model.synthesize(target=CLASSES[0], **{**options, "steps": 1})  # what is made once is not measured
        begin = time.perf_counter()
        found = model.synthesize(target=list(CLASSES), steps=STEPS, **options)
        seconds = (time.perf_counter() - begin) / len(CLASSES)
    pixels = [one.pixels for one in found.images]
    if pictures is not None:
        from PIL import Image  # noqa: PLC0415

        rows = [np.concatenate(pixels[start : start + 6], axis=1) for start in (0, 6)]
        Image.fromarray(np.concatenate(rows)).save(
            pictures / f"{name.replace(', ', '-').replace(' ', '-')}.png"
        )
    return Row(
        name=name,
        steps=STEPS,
        seconds=seconds,
        variation=tuple(one.measures["total variation"] for one in found.images),
        scores=tuple(float(one.value or 0) for one in found.images),
        ranks={
            "EfficientNet-Lite0": ranks(path_of(JUDGE), pixels),
            "SqueezeNet 1.0": ranks(squeezenet, pixels, preprocessing="caffe"),
        },
    )


def ranks(judge: Path, pixels: Sequence[np.ndarray], **options: Any) -> tuple[int, ...]:
    """Return at which place a judge names the class of each picture."""
    with inspector.load(judge, **options) as model:
        answers = model.predict(list(pixels), top=1000)
    return tuple(
        1 + [one.index for one in answer.classes].index(index)
        for answer, index in zip(answers, CLASSES, strict=True)
    )


def table(rows: Sequence[Row]) -> str:
    """Return the rows in Markdown."""
    lines = [
        "| preset | steps | s per picture | mean TV | mean logit | EfficientNet-Lite0: rank 1, top-5 | "
        "SqueezeNet 1.0: rank 1, top-5 |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        counts = [
            f"{sum(rank == 1 for rank in found)}/12, {sum(rank <= 5 for rank in found)}/12"
            for found in row.ranks.values()
        ]
        lines.append(
            f"| {row.name} | {row.steps} | {row.seconds:.1f} | {np.mean(row.variation):.3f} | "
            f"{np.mean(row.scores):.0f} | {counts[0]} | {counts[1]} |"
        )
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as they are committed."""
    return [asdict(row) for row in rows]
