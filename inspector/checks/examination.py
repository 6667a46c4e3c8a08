"""One examination of a model: what every rule is given, and what rules measure together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from traceback import clear_frames
from types import TracebackType
from typing import Any, TypeVar

from inspector.engine.run import Run
from inspector.errors import CancelledError
from inspector.methods.prepared import prepared_parts
from inspector.methods.sets import count_of, most_together
from inspector.model.spec import OnnxModel
from inspector.runtime.cache import briefly
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.layers import shape_text
from inspector.types.preprocessing import Preprocessing
from inspector.types.requests.base import has_images
from inspector.types.requests.check import EXPECTED, CheckRequest
from inspector.types.results.base import Result
from inspector.types.results.figure import Panel

T = TypeVar("T")

OWN_SIZES = "own_sizes"
_EXAMPLE = '{"resize": {"mode": "letterbox"}, "crop": {"height": 480, "width": 640}}'


class SkippedError(Exception):
    """A rule cannot judge this model; the message says why, and what it would need."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Failure:
    """How a measure ended that gave nothing."""

    error: Exception
    trace: TracebackType | None
    """Where it was raised; what the frames held is gone."""


class Examination:
    """A run of a model under examination.

    What several rules need is measured once: `measured(f)` is `f(examination)` for whoever asks first, and the same
    value, or the same error, for all others. Measures stream: none holds more than a few layers of a few images.
    """

    def __init__(self, run: Run, request: CheckRequest) -> None:
        self.run = run
        self.request = request
        self.panels: list[Panel] = []
        self.facts: dict[str, float] = {}
        self._largest: tuple[int, ...] = ()
        """The sizes of the largest picture that ran, where the model leaves them open and no preprocessing says any."""
        self._measured: dict[Callable[..., Any], Any] = {}

    @property
    def model(self) -> OnnxModel:
        """What is known of the model before it runs."""
        return self.run.engine.model

    @cached_property
    def baseline(self) -> Run | None:
        """A run of the model that this one is compared with; None where none is named.

        NotFoundError, InvalidModelError and whatever else loading a model raises, about `baseline`.
        """
        return self.run.beside(self.request.baseline, field="baseline") if self.request.baseline else None

    @property
    def has_images(self) -> bool:
        """Whether the request brings images."""
        return has_images(self.request)

    @property
    def image_count(self) -> int:
        """How many images the request brings; of nested lists at least so many."""
        return count_of(self.request.images) if self.has_images else 0

    @property
    def expected(self) -> Mapping[str, Array]:
        """By output: (N, …) what the images' answers should be."""
        start = len(EXPECTED)
        return {
            name[start:]: value
            for name, value in self.request.options.items()
            if name.startswith(EXPECTED) and not isinstance(value, str)
        }

    def prepared(
        self,
        *,
        most: int | None = None,
        run: Run | None = None,
        preprocessing: Preprocessing | None = None,
    ) -> Iterator[tuple[range, Prepared]]:
        """Yield (which images, those images as the model takes them), part by part, in bounded memory.

        `most` bounds how many of the images are looked at, the first ones; `run` is that of another model that takes
        the same images, and `preprocessing` stands in for its model's. SkippedError without images.
        """
        if not self.has_images:
            raise SkippedError("it needs images; give --data.")
        images = self.request.images
        if most is not None and isinstance(images, list | tuple):
            images = list(images[:most])
        run = run or self.run
        together = most_together(run)
        parts = prepared_parts(run, images, most=together, preprocessing=preprocessing)
        for places, part in self.bounded(parts, most):
            self._measure(run, part, preprocessing or run.engine.model.preprocessing)
            yield places, part

    def note_sizes(self) -> None:
        """Note of a model that leaves the size of its images open how large the pictures were that ran."""
        if self._largest:
            self.run.note(
                OWN_SIZES,
                "The model leaves the size of its images open, so pictures ran at about their own: at up to "
                f"{shape_text(self._largest)}. For another one, which may take less time and memory, give "
                f"--preprocessing '{_EXAMPLE}', or put the like into an inspector.json beside the model.",
            )

    def _measure(self, run: Run, part: Prepared, preprocessing: Preprocessing) -> None:
        sizes = run.engine.image_sizes.of(part.values)
        is_all = len(sizes) == len(run.engine.model.input.space)
        is_own = part.from_pictures and preprocessing.height is None and is_all
        if is_own and prod(sizes) > prod(self._largest or (0,)):
            self._largest = sizes

    @staticmethod
    def bounded(
        parts: Iterator[tuple[range, Prepared]], most: int | None
    ) -> Iterator[tuple[range, Prepared]]:
        """Yield the parts that hold the first `most` images, all of them for None."""
        for places, part in parts:
            if most is not None and places.stop > most:
                if places.start < most:
                    yield range(places.start, most), part[: most - places.start]
                return
            yield places, part

    def measured(self, measure: Callable[[Examination], T]) -> T:
        """Return what a measure gives, or raise what it raised: it is taken once, whichever rule asks first."""
        if measure not in self._measured:
            try:
                with briefly():
                    self._measured[measure] = measure(self)
            except CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 — raised again below, to everybody who asks
                self._measured[measure] = _kept(error)
        found: Any = self._measured[measure]
        if isinstance(found, _Failure):
            raise found.error.with_traceback(found.trace)
        taken: T = found
        return taken

    def show(self, title: str, result: Result, *, caption: str = "") -> None:
        """Add a table, a series or pictures to the report."""
        self.panels.append(Panel(title=title, result=result, caption=caption))

    def tell(self, name: str, value: float) -> None:
        """Add a number to the report's facts, under a name with its unit, such as `parameters` or `file_bytes`."""
        self.facts[name] = float(value)


def _kept(error: Exception) -> _Failure:
    """Keep an error, and let go of what the frames it passed hold: images, activations, sessions."""
    one: BaseException | None = error
    while one is not None:
        clear_frames(one.__traceback__)
        one = one.__cause__ or one.__context__
    return _Failure(error=error, trace=error.__traceback__)
