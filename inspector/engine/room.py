"""How much a model's runs hold, and how many images one run takes for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from inspector.engine.kept import Kept
from inspector.errors import LimitExceededError
from inspector.graph.sized import peak_bytes, tensor_bytes
from inspector.model.spec import OnnxModel
from inspector.runtime.device import Device
from inspector.runtime.device_memory import memory_of
from inspector.runtime.threads import threads
from inspector.types.layers import Shape

_MOST_IMAGES = 64
_RUN_BYTES = 512 << 20
_PART = 16
"""Of a device's own memory, that the activations of one run may take: all of them, though most are not held at once."""
_USUAL_BYTES = 64 << 20
"""Activations of a run there and back, beyond which runs on CPUs take more time for each image, not less."""
_MOST_SHAPES = 64
"""Shapes of images, where a model leaves them free, of which the sizes of the activations are kept."""


T = TypeVar("T")


def usual_run_bytes(device: Device) -> int:
    """Return how many bytes of activations a run of several images has on a device: many where its memory is large."""
    memory = memory_of(device)
    return _RUN_BYTES if memory is None else max(_RUN_BYTES, memory.total // _PART)


class Room:
    """Knows the bytes of a model's activations by the image's shape (without the batch axis). Thread-safe."""

    def __init__(
        self, model: OnnxModel, *, run_bytes: int, shapes: Callable[[tuple[int, ...]], Mapping[str, Shape]]
    ) -> None:
        """Bound the activations of one run by `run_bytes`; `shapes` gives those of all tensors in one run."""
        self.run_bytes = run_bytes
        self._model, self._shapes = model, shapes
        self._sizes: Kept[tuple[int, ...], tuple[int, Mapping[str, int]]] = Kept(most=_MOST_SHAPES)
        self._peaks: Kept[tuple[int, ...], int] = Kept(most=_MOST_SHAPES)

    def sizes(self, image: tuple[int, ...]) -> tuple[int, Mapping[str, int]]:
        """Return the bytes of one image's activations, of all and by tensor."""

        def measure() -> tuple[int, Mapping[str, int]]:
            of_run = tensor_bytes(self._model, self._shapes(image))
            sizes = {name: size // (self._model.input.batch or 1) for name, size in of_run.items()}
            return sum(sizes.values()), sizes

        return self._sizes.get(image, measure)

    def most(self, image: tuple[int, ...]) -> int:
        """Return how many images of a shape one run takes: their activations fit."""
        total, _ = self.sizes(image)
        return min(max(self._bound // max(total, 1), 1), _MOST_IMAGES)

    def at_a_time(self, image: tuple[int, ...]) -> int:
        """Return how many images of a shape fit where a run gives back what it needs no more, and keeps nothing."""
        return max(self._bound // max(self._peak(image), 1), 1)

    def fastest(self, image: tuple[int, ...]) -> int:
        """Return how many images a run there and back should have on a CPU, whether they fit or not.

        What one run saves should not be much more than caches hold, and there should be an image for every thread
        (docs/decisions/0071-repeats.md).
        """
        total, _ = self.sizes(image)
        return max(_USUAL_BYTES // max(total, 1), threads(), 2)

    def groups(
        self, tensors: Sequence[str], image: tuple[int, ...], *, count: int
    ) -> Iterator[tuple[str, ...]]:
        """Cut tensors, in their order, into groups whose values for so many images fit; what never fits is alone."""
        total, sizes = self.sizes(image)
        if total * count <= self.run_bytes:
            yield tuple(tensors)
            return
        wanted = [sizes.get(name, 0) * count for name in tensors]
        yield from map(tuple, in_groups(tensors, wanted, most=self.run_bytes))

    def require(self, image: tuple[int, ...], tensors: Sequence[str], *, count: int) -> None:
        """Raise LimitExceededError where a run would hold too much, of a model that leaves the size free."""
        if self._model.input.is_sized:
            return
        _, sizes = self.sizes(image)
        peak = self._peak(image)
        images = max(count, self._model.input.batch or 1)
        needed = (peak + sum(sizes.get(name, 0) for name in tensors)) * images
        limits = self._model.limits
        if needed > limits.max_run_bytes:
            raise LimitExceededError(
                f"On images of shape {image} this model holds about {needed:,} bytes at a time; the limit is "
                f"{limits.max_run_bytes:,}. Give smaller images. {limits.mend('max_run_bytes')}",
                reason="IMAGE_TOO_LARGE",
                field="images",
            )

    @property
    def _bound(self) -> int:
        """The bytes of a run of several images."""
        if self._model.input.is_sized:
            return self.run_bytes
        # So that `require` refuses none of several: what is held and what is asked for may each be all.
        return min(self.run_bytes, self._model.limits.max_run_bytes // 2)

    def _peak(self, image: tuple[int, ...]) -> int:
        """Return the most bytes that a run on one image holds at a time."""
        return self._peaks.get(image, lambda: peak_bytes(self._model, self.sizes(image)[1]))


def in_groups(items: Iterable[T], sizes: Iterable[int], *, most: int) -> Iterator[list[T]]:
    """Cut items, in their order, into groups of at most so many bytes together; one of more is alone."""
    group, filled = list[T](), 0
    for one, size in zip(items, sizes, strict=True):
        if group and filled + size > most:
            yield group
            group, filled = [], 0
        group.append(one)
        filled += size
    if group:
        yield group
