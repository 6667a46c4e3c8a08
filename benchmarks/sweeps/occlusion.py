"""A square over the image, at all positions."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.sweeps.contests import Contest
from benchmarks.sweeps.loop import Array, batches_of
from benchmarks.sweeps.subject import Subject


def occlude(one: Subject, batches: list[int], *, size: int, stride: int) -> Iterator[Contest]:
    """Cover the image by a square; the loop asks for the scores alone."""
    starts = [*range(0, one.side - size + 1, stride)]
    if starts[-1] != one.side - size:
        starts.append(one.side - size)
    positions = [(top, left) for top in starts for left in starts]

    def make(numbers: range) -> Array:
        images = one.x.repeat(len(numbers), axis=0)
        for image, number in zip(images, numbers, strict=True):
            top, left = positions[number]
            image[:, top : top + size, left : left + size] = 0.0
        return images

    def ours() -> Array:
        return one.ours.occlude(one.x, target=0, size=size, stride=stride, fill=0.0).probability.reshape(-1)

    yield Contest(
        verb=f"`occlude`, size {size}, stride {stride}",
        runs=len(positions),
        batches=batches_of(one.loop, batches),
        ours=ours,
        loop=lambda batch: one.answers(one.loop.run(make, len(positions), batch)[0]),
    )
