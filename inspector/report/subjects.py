"""What the model is shown: images that it takes, or where there are none, noise that is called so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from inspector.errors import InspectorError
from inspector.face.model import Model
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.images import decode_image
from inspector.types.arrays import Array
from inspector.types.results.model_info import ImageInput

STAND_INS = 4
"""How many inputs of noise are made."""
_OPEN_SIDES = (224, 256, 64, 32, 512, 16000)
"""Sizes that are tried where the model leaves an axis open."""
_LONGEST = 1 << 24
"""Values of an input that is made up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """An image and its name."""

    name: str
    image: object
    """As the model is asked about it: a path, a picture, or an array of the input's shape."""
    picture: Image.Image | None
    """As people see it; None where only the model can read it."""


def subject_of(path: Path) -> Subject:
    """Return the image in a file, which may be one that only the model can read."""
    try:
        picture = Image.fromarray(decode_image(path, limits=Limits()))
    except InspectorError:
        picture = None
    return Subject(name=path.stem, image=path if picture is None else picture, picture=picture)


def windows(subject: Subject, *, count: int) -> list[Subject]:
    """Cut square windows out of a picture, along its longer side and at two sizes; what is no picture stays whole."""
    if subject.picture is None:
        return [subject]
    width, height = subject.picture.size
    short = min(width, height)
    cut = []
    for index in range(count):
        side = max(1, int(short * (0.8 if index % 2 == 0 else 0.6)))
        along = index / max(count - 1, 1)
        left, top = int((width - side) * along), int((height - side) * along)
        window = subject.picture.crop((left, top, left + side, top + side))
        cut.append(Subject(name=f"{subject.name}-{index}", image=window, picture=window))
    return cut


def stand_ins(model: Model, declared: ImageInput) -> list[Subject]:
    """Return noise of a shape that the model takes; none where no shape was found that it does."""
    for shape in _shapes(declared):
        made = [noise(shape, np.dtype(declared.dtype), seed=seed) for seed in range(STAND_INS)]
        try:
            model.predict(made[0])
        except InspectorError:
            continue
        return [Subject(name=f"noise {seed + 1}", image=one, picture=None) for seed, one in enumerate(made)]
    return []


def noise(shape: Sequence[int], dtype: np.dtype, *, seed: int) -> Array:
    """Return random values: whole numbers from 0 to 255 for an integer type, else normal, with deviation 1 around 0."""
    random = np.random.default_rng(seed)
    if dtype == np.bool_:
        return random.integers(0, 2, shape).astype(dtype)
    if np.issubdtype(dtype, np.integer):
        return random.integers(0, 256 if dtype == np.uint8 else 128, shape).astype(dtype)
    return random.standard_normal(shape).astype(dtype)


def _shapes(declared: ImageInput) -> Iterator[tuple[int, ...]]:
    """Yield shapes of one input, those first whose open axes are equal."""
    known = {"C": declared.channels or 3, "H": declared.height, "W": declared.width}
    sizes: list[int | None] = []
    for axis, size in enumerate(declared.shape):
        letter = declared.layout[axis : axis + 1]
        if axis == 0 and letter == "N":
            sizes.append(1)
        else:
            sizes.append(size if isinstance(size, int) else known.get(letter))
    is_open = [size is None for size in sizes]
    seen = set()
    for side in _OPEN_SIDES if any(is_open) else _OPEN_SIDES[:1]:
        shape = tuple(side if size is None else size for size in sizes)
        if shape not in seen and np.prod(shape) <= _LONGEST:
            seen.add(shape)
            yield shape
