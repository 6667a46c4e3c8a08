"""The page: what is asked of a model, in order, and what the answers make."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from inspector.errors import InspectorError, InvalidInputError
from inspector.face.collections import Collection
from inspector.face.model import Model
from inspector.render.report import ReportPage
from inspector.report.chapter import chosen
from inspector.report.draft import Draft, Effort, Step
from inspector.report.subjects import Subject, stand_ins
from inspector.types.layers import shape_text
from inspector.types.results.base import shown
from inspector.types.results.model_info import ModelInfo
from inspector.types.results.predictions import Predictions

MOST = 16
"""How many images a page is about."""
PATIENCE = 30.0
"""Seconds that one of the longer chapters may take, about."""
_MADE_FIRST = 0.2
"""Seconds of a run above which it is measured again."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A page, and what is not on it."""

    html: str
    skipped: tuple[tuple[str, str], ...]
    """Images that the model did not take, and why."""
    missing: tuple[str, ...]
    """What could not be shown, in sentences that the page has too."""
    bugs: tuple[Exception, ...]
    """Errors of ours among those."""


@contextmanager
def silent(_what: str) -> Iterator[None]:
    """Tell nobody what is being done."""
    yield


def write_report(
    model: Model,
    subjects: Sequence[Subject],
    *,
    collection: Collection,
    title: str = "",
    lead: str = "",
    step: Step = silent,
    chapters: Sequence[str] = (),
    patience: float = PATIENCE,
) -> Written:
    """Return one page about a model, as self-contained HTML.

    A part that cannot be computed is a sentence on the page. Where the model takes none of the images, or none are
    given, it is shown noise, and the page says so. `collection` is a new one, for the images' features; without a
    `title` the page has the model's name. `chapters` are those that are wanted, by default all; `patience` is how
    many seconds one of the longer ones may take, about. InvalidInputError where nothing was found that the model takes,
    NotFoundError for a chapter that there is not.
    """
    wanted = chosen(chapters)
    info = model.info
    page = ReportPage(f"Inside {title or model.name}", lead=lead, footer=_footer(info))
    page.add_facts(_facts(info))
    with step("trying the images"):
        tried = _try(model, subjects[:MOST])
        if not tried.taken:
            tried = _noise(model, info, page, tried.skipped)
    draft = Draft(
        page=page,
        model=model,
        info=info,
        subjects=[subject for subject, _ in tried.taken],
        answers=[answer for _, answer in tried.taken],
        effort=Effort(seconds=tried.seconds, patience=patience),
        step=step,
        layers=model.layers(),
        collection=collection,
    )
    for name, why in tried.skipped:
        draft.note(f"Not shown ({name}): {why}")
    if len(subjects) > MOST:
        draft.note(f"Of {len(subjects)} images, the first {MOST} are looked at.")
    for write in wanted:
        write(draft)
    return Written(
        html=page.to_html(), skipped=tried.skipped, missing=tuple(draft.missing), bugs=tuple(draft.bugs)
    )


@dataclass(frozen=True, kw_only=True)
class _Tried:
    """What the model takes, with its answers, what it does not take and why, and the seconds of a run."""

    taken: list[tuple[Subject, Predictions]]
    skipped: tuple[tuple[str, str], ...]
    seconds: float


def _try(model: Model, subjects: Sequence[Subject]) -> _Tried:
    taken, skipped, seconds = [], [], []
    for subject in subjects:
        began = time.perf_counter()
        try:
            answer = model.predict(subject.image, top=3)
        except InspectorError as error:
            skipped.append((subject.name, error.message))
        else:
            seconds.append(time.perf_counter() - began)
            taken.append((subject, answer))
    if min(seconds, default=0.0) > _MADE_FIRST:  # the first run makes the session
        began = time.perf_counter()
        model.predict(taken[0][0].image)
        seconds.append(time.perf_counter() - began)
    return _Tried(taken=taken, skipped=tuple(skipped), seconds=min(seconds, default=0.0))


def _noise(model: Model, info: ModelInfo, page: ReportPage, skipped: tuple[tuple[str, str], ...]) -> _Tried:
    made = stand_ins(model, info.input)
    needs = f"arrays of the input's shape, {shape_text(info.input.shape)} {info.input.dtype}, as .npy files"
    if not made:
        why = f" The last error: {skipped[-1][1]}" if skipped else ""
        raise InvalidInputError(
            f"Nothing was found that this model takes; give {needs}.{why}", field="images"
        )
    why = f"The model takes none of the {len(skipped)} images" if skipped else "No images were given"
    page.add_note(
        f"{why}: what follows is computed on random noise, and shows how the model computes, not what it has learned. "
        f"For that, give {needs}."
    )
    return replace(_try(model, made), skipped=skipped)


def _facts(info: ModelInfo) -> dict[str, str]:
    facts: dict[str, str] = {}
    for name, value in info.table()[1]:
        text = shown(value)
        key = str(name)
        facts[key] = f"{facts[key]}; {text}" if key in facts else text
    return {name: text for name, text in facts.items() if text}


def _footer(info: ModelInfo) -> str:
    return f"model sha256 {info.sha256[:16]}…, opset {info.opset}"
