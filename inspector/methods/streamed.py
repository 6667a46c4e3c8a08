"""Sets of images of any size: prepared ahead of their use, in parallel with it, and given again when asked for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from inspector.engine.run import Run
from inspector.methods.prepared import counted_from, prepared
from inspector.types.images import ImageLike, Prepared

_MOST_WORKERS = 4
_AHEAD = 16
"""Images that are ready, or nearly so, before they are asked for; together with a part they bound the memory."""


class ImageSet:
    """The images of a request, read one by one: only a part of them is in memory at any time.

    Images may differ in size, where the model takes that: a part holds images of one size.
    """

    def __init__(self, run: Run, images: ImageLike) -> None:
        """Take what a caller gave; nothing is read yet but what is one array or one file."""
        self._run = run
        self._whole = None if isinstance(images, list | tuple) else prepared(run, images)
        self._items: Sequence[object] = images if isinstance(images, list | tuple) else ()
        self._places: list[tuple[int, int]] = []
        """Of every image that was read: which item it is in, and which of that item's images."""

    def __len__(self) -> int:
        """How many images there are, as far as that is known: an item may turn out to hold several."""
        if self._whole is not None:
            return len(self._whole)
        return max(len(self._items), len(self._places))

    def parts(self, *, most: int = 32) -> Iterator[tuple[range, Prepared]]:
        """Yield (which images, the images as the model takes them), up to `most` of one size at a time.

        The next ones are decoded meanwhile, by other threads. Raises what `prepared` raises.
        """
        if self._whole is not None:
            for start in range(0, len(self._whole), most):
                part = self._whole[start : start + most]
                yield range(start, start + len(part)), part
            return
        self._places = []
        first, group = 0, list[Prepared]()
        for one in self._read():
            held = sum(map(len, group))
            if group and (held >= most or one.values.shape[1:] != group[0].values.shape[1:]):
                yield range(first, first + held), _joined(group)
                first, group = first + held, []
            group.append(one)
        if group:
            yield range(first, first + sum(map(len, group))), _joined(group)

    def one(self, index: int) -> Prepared:
        """Return an image that was read before, of a batch of one."""
        if self._whole is not None:
            return self._whole[index : index + 1]
        item, row = self._places[index]
        return self._prepared(item)[0][row : row + 1]

    def _read(self) -> Iterator[Prepared]:
        """Yield what each item holds, in order, and note what is to be said of it."""
        if not self._items:
            prepared(self._run, list(self._items))  # says what is wrong
        waiting: deque[Future[tuple[Prepared, Run]]] = deque()
        items = iter(range(len(self._items)))
        pool = ThreadPoolExecutor(min(_MOST_WORKERS, os.cpu_count() or 1), "images")
        try:
            for done in range(len(self._items)):
                while len(waiting) < _AHEAD and (item := next(items, None)) is not None:
                    waiting.append(pool.submit(self._prepared, item))
                found, scout = waiting.popleft().result()
                for note in scout.notes:
                    self._run.note(note.id, note)
                self._places += [(done, row) for row in range(len(found))]
                yield found
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _prepared(self, item: int) -> tuple[Prepared, Run]:
        """Return what an item holds, and the run that has the notes on it: several threads read, in no order."""
        run = self._run
        scout = Run(run.engine, control=run.control, seed=run.seed, sizes=run.sizes)
        scout.pictured = run.pictured
        with counted_from(item):
            return prepared(scout, [self._items[item]]), scout


def _joined(group: Sequence[Prepared]) -> Prepared:
    if len(group) == 1:
        return group[0]
    return Prepared(
        np.concatenate([one.values for one in group]), from_pictures=any(one.from_pictures for one in group)
    )
