"""One request's run: the engine, what its caller holds in hand, and what is noted on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.foreseen import Foreseen
from inspector.engine.pass_plan import Way
from inspector.engine.pullback import Passed, Pulled, passes, pullbacks
from inspector.engine.resumption import Resumption
from inspector.engine.scan import Scanned, scan, together
from inspector.engine.sizing import Size
from inspector.errors import InvalidInputError, within
from inspector.types.arrays import Array
from inspector.types.control import Control
from inspector.types.notes import Note

RAN_ALONE = "ran_alone"
RAN_WITH_COPIES = "ran_with_copies"

Others = Callable[[str], Engine]
"""Gives other models by their names, where a method compares several; NotFoundError where there is none."""


def no_others(name: str) -> Engine:
    """Find no other model."""
    raise InvalidInputError(
        f"The model {name!r} cannot be asked here: no other models are at hand.", reason="NO_OTHER_MODELS"
    )


class Run:
    """What every method takes first. One for each request; methods that use each other share it."""

    def __init__(
        self,
        engine: Engine,
        *,
        control: Control | None = None,
        seed: int = 0,
        sizes: Mapping[Size, Size] = MappingProxyType({}),
        others: Others = no_others,
    ) -> None:
        """Prepare to run on `engine`; `seed` is that of methods which draw and have no seed of their own.

        `sizes` are those that stand in for sizes of pictures on which the model does not run, `others` gives the
        engines of other models.
        """
        self.engine = engine
        self.sizes = sizes
        self.pictured: set[Size] = set()
        """The sizes that pictures were brought to."""
        self.control = control or Control()
        self.seed = seed
        self._others = others
        self._notes: dict[tuple[str, str], Note] = {}
        self._foreseen: Foreseen | None = None
        self._last: tuple[Array, tuple[str, ...], dict[str, Array]] | None = None

    # --- what is noted

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes so far, in the order in which they were first made."""
        return tuple(self._notes.values())

    def note(self, id: str, text: str) -> None:  # noqa: A002 — it is the field's name on the wire
        """Note a sentence about the result under a stable id; the same one again changes nothing."""
        self._notes.setdefault((id, text), Note(text, id=id))

    def generator(self, seed: int | None = None) -> np.random.Generator:
        """Return a source of random numbers that begins anew: of `seed`, or else of the run's."""
        return np.random.default_rng(self.seed if seed is None else seed)

    def beside(self, model: str, *, field: str = "models") -> Run:
        """Return a run of another model, for the same caller: a file's path in process, a model's id on a service.

        It has notes of its own; sizes that stand in for others are its too. Raises NotFoundError, ConflictError, and
        what loading a model raises, about `field`.
        """
        with within(field, always=True):
            engine = self._others(model)
        return Run(engine, control=self.control, seed=self.seed, sizes=self.sizes, others=self._others)

    # --- forward and back

    def forward(self, x: Array, tensors: Sequence[str]) -> dict[str, Array]:
        """Return tensors of the forward pass for (N, …) images, each (N, …), on the host; codes dequantized.

        Raises CancelledError, and EngineError where ONNX Runtime fails; so do `scan` and `pullbacks`. InvalidInputError
        where a tensor has another shape for another image; `together` goes from one to the next.
        """
        parts: dict[str, list[Array]] = {name: [] for name in tensors}
        for _, found in self.together(x, tensors):
            for name, values in found.items():
                parts[name].append(values)
        return {name: joined(name, part) for name, part in parts.items()}

    @contextmanager
    def foreseeing(self, ways: Sequence[Way], beside: Sequence[str], *, targets: int) -> Iterator[None]:
        """Say that in this block targets are chosen, and then `passes` asked for these ways and tensors.

        Only of a single one is anything foreseen. Images stay as they are meanwhile.
        """
        foreseen = self._foreseen = Foreseen(self.engine, ways, beside) if targets == 1 else None
        try:
            yield
        finally:
            self._foreseen = None
            if foreseen is not None:
                foreseen.end()

    def forward_once(
        self, image: Array, tensors: tuple[str, ...], *, sources: Sequence[str] = ()
    ) -> dict[str, Array]:
        """Return what `forward` does for one (1, …) image; asked for the same next, it has been computed already.

        So targets of one image that are chosen one after the other share a run. Nobody may write to the answer. Where a
        way back from one of the `sources` is foreseen, the same run saves what it takes.
        """
        if self._last is not None:
            before, asked, found = self._last
            if asked == tensors and np.array_equal(before, image):
                return found
        if self._foreseen is not None and sources:
            token = self.control.cancellation
            saving = self._foreseen.run(image, tensors, sources=sources, cancellation=token)
            if saving is not None:  # there is no other target to be chosen
                self._note_company(image, tensors)
                return saving
        known = self.forward(image, tensors)
        self._last = (image.copy(), tensors, known)
        return known

    def together(self, x: Array, tensors: Sequence[str]) -> Iterator[Scanned]:
        """Yield (which images, {tensor: (images, …)}), batch by batch, with all of the tensors.

        Images whose tensors may differ in shape, such as boxes that were found, come one by one.
        """
        for images, found in together(self.engine, x, tensors, cancellation=self.control.cancellation):
            self._note_company(x, tensors)
            yield images, found

    def scan(self, x: Array, tensors: Sequence[str]) -> Iterator[Scanned]:
        """Yield (which images, {tensor: (images, …)}) in bounded memory, for any number of images and tensors.

        One batch of images comes after another; within a batch the tensors come in their order, as many at a time
        as the engine's bound allows.
        """
        return scan(self.engine, x, tensors, cancellation=self.control.cancellation)

    def pullbacks(
        self,
        x: Array,
        *,
        source: str,
        policy: str,
        toward: str | None = None,
        overrides: Mapping[str, str] = MappingProxyType({}),
        seeds: int = 1,
    ) -> Iterator[Pulled]:
        """Yield (which images, values of tensor `source` (images, …), their pullback), batch by batch.

        The pullback takes seeds (n or k, *source), one for each image or several for a single one, and returns the
        gradient, or what the policy puts in its place, at the tensor `toward`, by default the image; it stays on
        the device. `overrides` names other policies by the tensors that their layers compute. `seeds` says how many
        a pullback of a single image will be given, for the best graph. One forward pass per batch serves all seeds.
        """
        for pulled in pullbacks(
            self.engine,
            x,
            source=source,
            toward=self.engine.model.input.name if toward is None else toward,
            policy=policy,
            overrides=overrides,
            seeds=seeds,
            cancellation=self.control.cancellation,
        ):
            self._note_company(x, [source])
            yield pulled

    def passes(
        self, x: Array, *, source: str, ways: Sequence[Way], beside: Sequence[str] = (), seeds: int = 1
    ) -> Iterator[Passed]:
        """Yield one forward pass per batch of (N, …) images, several ways back from `source`, and what is `beside`.

        As `pullbacks`, of which each has the source's values for itself; here the ways, to different tensors or under
        different policies, share one forward pass, which gives the tensors `beside` as well.
        """
        for passed in passes(
            self.engine,
            x,
            source=source,
            ways=ways,
            beside=beside,
            seeds=seeds,
            held=None if self._foreseen is None else self._foreseen.held,
            cancellation=self.control.cancellation,
        ):
            self._note_company(x, [source, *beside])
            yield passed

    def resume(self, image: Array, *, tensor: str, tensors: Sequence[str], variants: int) -> Resumption:
        """Return one (1, …) image's pass from `tensor` on, which gives `tensors` for other values in its place.

        `variants` is how many values will be asked about at once, for the best batch and nothing else.
        """
        self._note_company(image, [tensor, *tensors])
        return Resumption(
            self.engine,
            image,
            tensor=tensor,
            tensors=tensors,
            variants=variants,
            cancellation=self.control.cancellation,
        )

    def _note_company(self, x: Array, tensors: Sequence[str]) -> None:
        """Note why images did not share runs, where their values depend on their company, or may."""
        reason = self.engine.company(x.shape[1:], tensors)
        batch = self.engine.model.input.batch
        if reason is None:
            return
        if batch is None:
            self.note(
                RAN_ALONE,
                f"Every image ran alone: {reason}, so in a batch of several it would, or may, answer otherwise.",
            )
        else:
            self.note(
                RAN_WITH_COPIES,
                f"This model takes {batch} images at once, and every image ran with {batch - 1} "
                f"{'copy' if batch == 2 else 'copies'} of itself: {reason}, so beside other images it would, or "
                "may, answer otherwise.",
            )


def joined(name: str, parts: Sequence[Array], *, field: str = "images") -> Array:
    """Return a tensor of all images from those of some; InvalidInputError about `field` where they do not stack."""
    if len(parts) == 1:
        return parts[0]
    shapes = sorted({part.shape[1:] for part in parts})
    if len(shapes) > 1:
        shown = ", ".join(map(str, shapes[:4]))
        raise InvalidInputError(
            f"Tensor {name!r} has another shape for another image ({shown}), so its values do not stack; give one "
            "image at a time.",
            reason="SHAPES_DIFFER",
            field=field,
        )
    return np.concatenate(parts)
