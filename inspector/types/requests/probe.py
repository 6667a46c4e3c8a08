"""Probes: how well do the features of each layer tell classes apart?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import as_items, as_texts
from inspector.types.images import ImageLike
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.requests.features import Pooling
from inspector.types.results.figure import Figure


def as_classes(value: Sequence[str] | Sequence[int]) -> tuple[str, ...]:
    """Read one class per image: texts, or whole numbers."""
    items = as_items(value)
    if items is not None:
        numbers = [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in items]
        found = as_texts(numbers)
        if found is not None:
            return found
    raise InvalidInputError(
        f"classes is {in_brief(value, long='a {}')}; give one text per image, in their order."
    )


@verb("probe")
@dataclass(frozen=True, kw_only=True, eq=False)
class ProbeRequest(ImagesRequest[Figure]):
    """Fit linear classifiers on the features of each layer, cross-validated: softmax, and a support vector machine.

    Zeiler & Fergus 2014, §5.3 and Table 7.
    """

    classes: tuple[str, ...] = option(
        (), help="One text per image, in their order; default: the folders that they lie in.", take=as_classes
    )
    layers: tuple[str, ...] = option(
        (),
        help="Whose features are probed; default: eight rectified ones over the depth, and the last.",
        short="l",
    )
    pooling: Pooling = option(
        "mean", help="How maps become one vector: mean, max, or none for all their elements."
    )
    folds: int = option(5, help="In how many parts the images are split; each is judged once.")
    strength: float = option(1.0, help="C of the probes: the inverse of their regularization.")
    seed: int = option(0, help="Of the split.")

    def __post_init__(self) -> None:
        """Take the classes from the images' folders where none is given."""
        super().__post_init__()
        if not self.classes:
            object.__setattr__(self, "classes", folders_of(self.images))

    def paired(self) -> tuple[str, ...]:
        """Each image has its own class."""
        return ("classes",)


def folders_of(images: ImageLike) -> tuple[str, ...]:
    """Return the names of the folders that images lie in; none where not all are paths, or all lie in one."""
    if not isinstance(images, list | tuple) or not all(isinstance(one, str | Path) for one in images):
        return ()
    names = tuple(Path(one).resolve().parent.name for one in images)
    return names if len(set(names)) > 1 else ()
