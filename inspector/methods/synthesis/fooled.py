"""What fooling did to images: measured, told, and as pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.methods.synthesis.aims import Aims
from inspector.methods.synthesis.levels import Levels
from inspector.methods.synthesis.shown import shown_change, shown_input
from inspector.resolve.names import label_of
from inspector.resolve.probabilities import probabilities, tensors_of, winners
from inspector.types.arrays import Array
from inspector.types.results.images import Images, Picture

NOT_FOOLED = "not_fooled"
NOT_AFTER_ROUNDING = "not_after_rounding"
NO_GRADIENT = "no_gradient"
_MIDDLE = 127.5


class Pairs:
    """Images and what became of them, as far as they are done."""

    def __init__(
        self, run: Run, x: Array, aims: Aims, *, levels: Levels | None, bound: Array, what: str
    ) -> None:
        """Begin with the images as they are; `what` they are counted by, "image", or "target" where that differs."""
        self.what = what
        self.run, self.x, self.aims, self.levels, self.bound = run, x, aims, levels, bound
        self.found = x.copy()
        self.done = 0
        self.lost: list[int] = []

    def add(self, part: slice, best: Array, *, lost: Sequence[int]) -> None:
        """Keep what became of some images; to those in `lost` no gradient ever came back."""
        self.found[part] = best
        self.done = part.stop
        self.lost += lost

    def so_far(self, part: slice, best: Array) -> Pairs:
        """Return the same with images that are still under way."""
        other = Pairs(self.run, self.x, self.aims, levels=self.levels, bound=self.bound, what=self.what)
        other.found = self.found.copy()
        other.add(part, best, lost=())
        return other


def fooled_images(pairs: Pairs) -> Images:
    """Return three pictures for each image that is done: "original", "fooled", "change"."""
    run, count = pairs.run, pairs.done
    aims = pairs.aims.part(slice(0, count))
    before, after = (_Answers(run, values[:count], aims) for values in (pairs.x, pairs.found))
    rounded = None
    if pairs.levels is not None:
        rounded = _Answers(run, pairs.levels.in_eight_bits(pairs.found[:count]), aims)
    pictures: list[Picture] = []
    for image in range(count):
        pictures += _pictures(pairs, image, before, after, rounded)
    _note(pairs, after, rounded)
    return Images(images=tuple(pictures), notes=run.notes)


class _Answers:
    """What the model answers on images, beside what was aimed at."""

    def __init__(self, run: Run, x: Array, aims: Aims) -> None:
        head, engine = aims.head, run.engine
        found = run.forward(x, tensors_of(head))
        likely = probabilities(head, found)
        if likely is None:
            raise TypeError(f"Output {head.output!r} has no classes.")
        self._likely = likely.reshape(*likely.shape[:2], -1).mean(axis=2)
        self._engine, self._head = engine, head
        self.winners = winners(engine, head, found, x)
        self.classes = aims.classes
        if head.is_set:
            self.is_reached = aims.reached(found[head.scores], range(len(x))) > 0
        else:
            self.is_reached = (self.winners == aims.classes) == (aims.signs > 0)

    def name(self, index: int) -> str:
        label = label_of(self._engine.model, self._head, index)
        return f"class {index}" + (f" {label}" if label else "")

    def p(self, image: int, index: int | None = None) -> float:
        return float(self._likely[image, self.classes[image] if index is None else index])

    def words(self, image: int) -> str:
        won = int(self.winners[image])
        return f"{self.name(won)} (p {self.p(image, won):.3g})"


def _pictures(
    pairs: Pairs, image: int, before: _Answers, after: _Answers, rounded: _Answers | None
) -> list[Picture]:
    levels, aims = pairs.levels, pairs.aims
    x, found = pairs.x[image], pairs.found[image]
    change = found.astype(np.float64) - x.astype(np.float64)
    if levels is not None:
        change = levels.of(found) - levels.of(x)
    largest = float(np.abs(change).max())
    unit = "of 255 levels" if levels is not None else "in input units"
    factor = _MIDDLE / largest if largest > 0 else 1.0
    factor = float(np.floor(factor)) if factor >= 2 else factor
    aim, subject = ("target" if aims.signs[image] > 0 else "left"), int(aims.classes[image])
    measures = {
        "linf": largest,
        "l2": float(np.linalg.norm(change)),
        "bound": float(pairs.bound[image].max()),
        aim: float(subject),
        "p_before": before.p(image),
        "p_after": after.p(image),
        "winner_before": float(before.winners[image]),
        "winner_after": float(after.winners[image]),
        "fooled": float(after.is_reached[image]),
    }
    if rounded is not None:
        measures |= {
            "p_in_8_bits": rounded.p(image),
            "winner_in_8_bits": float(rounded.winners[image]),
            "fooled_in_8_bits": float(rounded.is_reached[image]),
        }
    verdict = "" if after.is_reached[image] else "not fooled: "
    about = "" if int(after.winners[image]) == subject else f"; {after.name(subject)} p {after.p(image):.3g}"
    return [
        Picture(
            pixels=shown_input(pairs.run, x), caption=f"{pairs.what} {image}: {before.words(image)}",
            value=before.p(image), role="original", values=x,
        ),
        Picture(
            pixels=shown_input(pairs.run, found), caption=f"{verdict}{after.words(image)}{about}",
            value=after.p(image), role="fooled", measures=measures, values=found,
        ),
        Picture(
            pixels=shown_change(pairs.run, change, factor=factor),
            caption=f"the change × {factor:.3g}: at most {largest:.3g} {unit}, L2 {measures['l2']:.4g}",
            value=largest, role="change",
        ),
    ]  # fmt: skip


def _note(pairs: Pairs, after: _Answers, rounded: _Answers | None) -> None:
    """Note on which images it failed, and on which it fails once they are written to files."""
    if pairs.done < len(pairs.x):
        return
    failed = np.flatnonzero(~after.is_reached).tolist()
    if pairs.lost:
        pairs.run.note(
            NO_GRADIENT,
            f"No gradient reached {_named(pairs, pairs.lost)}: there was nothing to follow but the random start.",
        )
    if failed:
        pairs.run.note(
            NOT_FOOLED,
            f"Not fooled within the bound: {_named(pairs, failed)}. A larger bound, more steps or another seed "
            "may do it.",
        )
    if rounded is not None:
        gone = np.flatnonzero(after.is_reached & ~rounded.is_reached).tolist()
        if gone:
            pairs.run.note(
                NOT_AFTER_ROUNDING,
                f"Once rounded to pixels of 8 bits, as a file holds them, it no longer fools on {_named(pairs, gone)}.",
            )


def _named(pairs: Pairs, numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:20])) + (", …" if len(numbers) > 20 else "")
    return f"{pairs.what}{'s' if len(numbers) > 1 else ''} {shown}"
