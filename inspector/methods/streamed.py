"""Sets of images of any size: prepared ahead of their use, in parallel with it, and given again when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.engine.run import Run
from inspector.methods.prepared import counted_from, prepared
from inspector.model.preprocessing.ordered import MOST_THREADS, in_order
from inspector.model.preprocessing.prepare import preparing_threads
from inspector.types.images import ImageLike, Prepared, joined


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
        for one in self._read(most):
            held = sum(map(len, group))
            if group and (held >= most or one.values.shape[1:] != group[0].values.shape[1:]):
                yield range(first, first + held), joined(group)
                first, group = first + held, []
            group.append(one)
        if group:
            yield range(first, first + sum(map(len, group))), joined(group)

    def one(self, index: int) -> Prepared:
        """Return an image that was read before, of a batch of one."""
        if self._whole is not None:
            return self._whole[index : index + 1]
        item, row = self._places[index]
        return self._prepared(item)[0][row : row + 1]

    def _read(self, most: int) -> Iterator[Prepared]:
        """Yield what each item holds, in order, and note what is to be said of it; while `most` run, the next are read.

        So together with a part, as many more bound the memory.
        """
        if not self._items:
            prepared(self._run, list(self._items))  # says what is wrong
        read = in_order(
            self._prepared,
            range(len(self._items)),
            at_once=preparing_threads(self._items),
            ahead=max(most, 2 * MOST_THREADS),
        )
        for done, (found, scout) in enumerate(read):
            for note in scout.notes:
                self._run.note(note.id, note)
            self._places += [(done, row) for row in range(len(found))]
            yield found

    def _prepared(self, item: int) -> tuple[Prepared, Run]:
        """Return what an item holds, and the run that has the notes on it: several threads read, in no order."""
        run = self._run
        scout = Run(run.engine, control=run.control, seed=run.seed, sizes=run.sizes)
        scout.pictured = run.pictured
        with counted_from(item):
            return prepared(scout, [self._items[item]]), scout
