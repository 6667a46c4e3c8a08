"""A page while it is made: its parts fail alone, in a sentence, and cost the less the slower the model is."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from math import ceil

from PIL import Image

from inspector.errors import CancelledError, DeadlineExceededError, InspectorError, ServerUnavailableError
from inspector.face.collections import Collection
from inspector.face.model import Model
from inspector.render.answer import answer_of
from inspector.render.report import ReportPage
from inspector.render.result_page import add_answer
from inspector.report.subjects import Subject
from inspector.types.layers import Layer
from inspector.types.results.base import Result
from inspector.types.results.model_info import ModelInfo
from inspector.types.results.predictions import Predictions

log = logging.getLogger(__name__)

MOST_ROWS = 12
"""Of a table of a result."""
MOST_OF_A_KIND = 2
"""Notes of one kind in a section."""
Step = Callable[[str], AbstractContextManager[object]]
"""Tells people what is being done."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much of each thing is shown, so that a page takes minutes at the most."""

    seconds: float
    """One run of the model on one image."""
    patience: float
    """Seconds that one of the longer chapters may take, about."""

    @property
    def images(self) -> int:
        """How many images are explained."""
        return self._from(6, least=1, at=0.3)

    @property
    def layers(self) -> int:
        """Of how many layers units are projected, and maps shown."""
        return self._from(4, least=1, at=0.5)

    @property
    def maps(self) -> int:
        """How many maps of a layer are projected."""
        return self._from(12, least=3, at=0.1)

    @property
    def images_per_map(self) -> int:
        """On how many images each."""
        return self._from(3, least=1, at=0.2)

    @property
    def occluded(self) -> int:
        """How many images are occluded."""
        return self._from(6, least=1, at=0.2)

    @property
    def windows(self) -> int:
        """How many windows are cut out of each image."""
        return self._from(6, least=1, at=0.2)

    def places(self, axes: int) -> int:
        """How many places an occluder takes along each axis of space."""
        most = 12.0 / max(self.seconds, 1e-4)  # seconds for one image
        return max(3, min(11, int(most ** (1 / max(axes, 1)))))

    def affordable(self, passes: float, *, most: int) -> int:
        """Return how many things of so many forward passes each patience suffices for, `most` at most."""
        return max(0, min(most, int(self.patience / max(self.seconds, 1e-4) / max(passes, 1e-9))))

    def _from(self, usual: int, *, least: int, at: float) -> int:
        """Return the usual number, and fewer for a model that takes longer than `at` seconds."""
        return max(least, min(usual, ceil(usual * at / max(self.seconds, 1e-4))))


@dataclass(kw_only=True, eq=False)
class Draft:
    """What the chapters work with."""

    page: ReportPage
    model: Model
    info: ModelInfo
    subjects: Sequence[Subject]
    answers: Sequence[Predictions]
    """On each of the subjects."""
    effort: Effort
    step: Step
    collection: Collection
    """A new one, for the images' features."""
    layers: tuple[Layer, ...] = ()
    given: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The shape of what the model was given, without a batch axis, by the subject's name; where it was seen."""
    missing: list[str] = field(default_factory=list)
    """Sentences about what could not be shown."""
    bugs: list[Exception] = field(default_factory=list)
    """Errors of ours, which no input should cause."""
    _noted: set[str] = field(default_factory=set)
    _reasons: set[str] = field(default_factory=set)
    _said: set[str] = field(default_factory=set)
    _kinds: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def part(self, what: str) -> Iterator[None]:
        """Around the making of a part: where it fails, the page says why in its place, and goes on."""
        try:
            with self.step(what):
                yield
        except DeadlineExceededError as error:
            self._miss(what, error.message)
        except (CancelledError, ServerUnavailableError):
            raise
        except InspectorError as error:
            self._miss(what, error.message)
        except Exception as error:  # a bug of ours must not cost the rest of the page, and is told
            if self._miss(what, f"an internal error, {type(error).__name__}: {error}"):
                log.exception("The report failed at: %s", what)
            self.bugs.append(error)

    def note(self, text: str) -> None:
        """Add a note, once per section and sentence."""
        if text and text not in self._noted:
            self._noted.add(text)
            self.page.add_note(text)

    def notes_of(self, *results: Result) -> None:
        """Add what results say about themselves, once on the page."""
        for note in dict.fromkeys(note for result in results for note in result.notes):
            self._tell(note)

    def show(self, result: Result, title: str) -> None:
        """Add a result with all that it says of itself, and its notes where the page has not had them."""
        answer = answer_of(result, title=title)
        whole = replace(
            answer, is_composed=bool(answer.parts)
        )  # one picture of all parts: a page is to be short
        add_answer(self.page, whole, title=title, note=self._tell, rows=MOST_ROWS)

    def _tell(self, note: str) -> None:
        """Say what a result says of itself, once on the page; of notes of one kind in a section the first few."""
        if note in self._said:
            return
        self._said.add(note)
        kind = getattr(note, "id", "")
        self._kinds[kind] += 1
        if not kind or self._kinds[kind] <= MOST_OF_A_KIND:
            self.note(note)
        elif self._kinds[kind] == MOST_OF_A_KIND + 1:
            self.note("… and more of the same kind, which the result itself lists (`--json`, `.notes`).")

    @property
    def has_classes(self) -> bool:
        """Whether the model answers classes on any of the images."""
        return any(one.classes for answer in self.answers for one in answer)

    def too_long(self, verb: str) -> None:
        """Say that a chapter is left out because the model is slow, and how to ask for it."""
        self.note(f"Not shown: one run takes {self.effort.seconds:.2g} s. Ask by `inspector {verb}`.")

    def section(self, title: str, text: str) -> None:
        """Begin a section."""
        self._noted.clear()
        self._kinds.clear()
        self._reasons.clear()
        self.page.add_section(title, text)

    def _miss(self, what: str, why: str) -> bool:
        """Say what is not shown; False where the section has said so already, for the same reason."""
        if why in self._reasons:
            return False
        self._reasons.add(why)
        sentence = f"Not shown ({what}): {why}"
        self.missing.append(sentence)
        self.note(sentence)
        return True


def thumbnail(picture: Image.Image, *, side: int = 320) -> Image.Image:
    """Return a picture that is at most so large."""
    small = picture.convert("RGB")
    small.thumbnail((side, side))
    return small
