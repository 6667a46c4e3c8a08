"""Check models one after the other, in this process or on a service: each becomes a report, or the error why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from inspector.errors import CancelledError, DeadlineExceededError, InspectorError, InvalidInputError, within
from inspector.face.model import Model, Told
from inspector.findings.accepted import let_be, read_accepted
from inspector.findings.checked import Checked, CheckRun
from inspector.findings.choices import Choices
from inspector.findings.configuration import Configuration
from inspector.findings.families import FAMILIES, GOLDEN
from inspector.findings.merged import merged
from inspector.findings.rule_info import RuleInfo
from inspector.findings.silences import silenced
from inspector.types.arrays import Array
from inspector.types.box_files import read_boxes
from inspector.types.golden import Golden, read_golden
from inspector.types.image_files import find_images
from inspector.types.requests.check import CheckRequest

_IMAGE = re.compile(r"images\[(\d+)\]")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model that is to be checked."""

    name: str
    """How it is named in what is said of it."""
    open: Callable[[], AbstractContextManager[Model]]
    """Opens it; what was opened only to be checked is closed afterwards."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What models are asked."""

    configuration: Configuration = field(default_factory=Configuration)
    over: Choices = field(default_factory=Choices)
    """What was said nearer than the configuration, of all models."""
    images: Any = None
    """Images as callers of Python have them, in the place of files; None for none."""
    boxes: Array | None = None
    """The same of boxes."""
    fail_on: str | None = None
    accepted: Path | None = None
    accepts_all: bool = False
    """Whether today's findings will be accepted: then none was before, so that the file holds all that still are."""

    def choices_for(self, name: str) -> Choices:
        """Return what holds for a model."""
        return self.configuration.choices_for(name, over=self.over)

    @cached_property
    def let(self) -> tuple[frozenset[str], str]:
        """The fingerprints of accepted findings, and the file's name; InvalidInputError for what is no such file."""
        path = self.accepted
        if self.accepts_all:
            return frozenset(), ""
        if path is None and self.configuration.accepted is not None:
            path = Path(self.configuration.accepted)
        return (frozenset(), "") if path is None else (read_accepted(path), path.name)


@dataclass(frozen=True, kw_only=True)
class Materials:
    """Files that several models are checked with, each read once."""

    data: dict[tuple[str, ...], list[Path]] = field(default_factory=dict)
    golden: dict[str, Golden] = field(default_factory=dict)
    boxes: dict[tuple[str, tuple[str, ...]], Array] = field(default_factory=dict)

    def images_of(self, choices: Choices) -> list[Path]:
        """Return the files of images that choices name; InvalidInputError where there are none."""
        paths = choices.data or ()
        if paths and paths not in self.data:
            for path in paths:
                if not Path(
                    path
                ).exists():  # which no rule would say where none that looks at images is asked
                    raise InvalidInputError(f"There is no file or folder of images {path}.", field="data")
            with within("data", always=True):
                self.data[paths] = find_images(list(map(Path, paths)))
        return self.data[paths] if paths else []

    def golden_of(self, choices: Choices) -> Golden | None:
        """Return the recorded answers that choices name."""
        if choices.golden is None:
            return None
        if choices.golden not in self.golden:
            self.golden[choices.golden] = read_golden(choices.golden)
        return self.golden[choices.golden]

    def boxes_of(self, choices: Choices) -> Array | None:
        """Return the boxes that choices name, of their images."""
        if choices.boxes is None:
            return None
        key = (choices.boxes, choices.data or ())
        if key not in self.boxes:
            self.boxes[key] = read_boxes(Path(choices.boxes), self.images_of(choices))
        return self.boxes[key]


def check_subjects(
    subjects: Sequence[Subject],
    plan: Plan,
    *,
    rules: Mapping[str, RuleInfo] = MappingProxyType({}),
    progress: Told | None = None,
    seconds_left: Callable[[], float | None] = lambda: None,
) -> CheckRun:
    """Return what is said of the models, each of which is opened, asked and closed before the next.

    `rules` are what is known of the rules here, `seconds_left` says how long an answer may take. InvalidInputError for
    a file of the plan that cannot be read, before a model is opened; what is wrong with one stands in its `Checked`.
    """
    materials, accepted = Materials(), plan.let
    asked = [(one, plan.choices_for(one.name)) for one in subjects]
    for _, choices in asked:
        materials.images_of(choices), materials.golden_of(choices), materials.boxes_of(choices)
    checked: list[Checked] = []
    for place, (one, choices) in enumerate(asked):
        try:
            with one.open() as model:
                requests = _requests(model, plan, choices, materials)
                count = len(requests)
                reports = [
                    model.ask(
                        request,
                        progress=_part_of(progress, place * count + number, len(subjects) * count),
                        timeout=seconds_left(),
                    )
                    for number, request in enumerate(requests)
                ]
            checked.append(Checked(model=one.name, report=merged(reports, order=rules)))
        except InspectorError as error:
            if isinstance(error, CancelledError) and not isinstance(error, DeadlineExceededError):
                raise
            _name_given(error, materials.images_of(choices))
            checked.append(Checked(model=one.name, error=error))
    return _said(checked, plan, accepted, rules)


def _said(
    checked: Iterable[Checked],
    plan: Plan,
    accepted: tuple[frozenset[str], str],
    rules: Mapping[str, RuleInfo],
) -> CheckRun:
    marked, notes = silenced(checked, plan.configuration.silences, rules.values())
    marks, file = accepted
    return CheckRun(
        checked=tuple(let_be(marked, marks, file=file)),
        rules=rules,
        fail_on=plan.fail_on or plan.configuration.fail_on or "error",
        notes=tuple(notes),
    )


def _requests(model: Model, plan: Plan, choices: Choices, materials: Materials) -> list[CheckRequest]:
    """Return what a model is asked: once, or where it has both images and recorded answers, about each of them."""
    asked = request_of(choices)
    images = plan.images if plan.images is not None else materials.images_of(choices)
    boxes = plan.boxes if plan.boxes is not None else materials.boxes_of(choices)
    with_images = replace(asked, images=images, boxes=boxes)
    golden = materials.golden_of(choices)
    if golden is None:
        return [with_images]
    recorded = golden.images_for(model.info.input)
    with_golden = replace(asked, images=recorded, options={**asked.options, **golden.options})
    if _is_empty(images):
        return [replace(with_golden, boxes=boxes)]
    others = (one for one in FAMILIES if one != GOLDEN)
    return [
        replace(with_images, ignore=(*asked.ignore, GOLDEN)),
        replace(with_golden, ignore=(*asked.ignore, *others)),
    ]


def request_of(choices: Choices) -> CheckRequest:
    """Return a request without images; InvalidInputError for severities that are none."""
    options = {
        f"{rule}.{name}": value
        for rule, settings in choices.settings.items()
        for name, value in settings.items()
    }
    return CheckRequest(
        select=choices.select or (),
        ignore=choices.ignore or (),
        severities=choices.severities,
        baseline=choices.baseline or "",
        options=options,
    )


def _is_empty(images: Any) -> bool:
    return isinstance(images, list | tuple) and not images


def _part_of(progress: Told | None, place: int, count: int) -> Told | None:
    """Return what is told the progress of one of several requests, and tells that of all."""
    if progress is None:
        return None
    return lambda done, total: progress(place * total + done, count * total)


def _name_given(error: InspectorError, images: Sequence[Path]) -> None:
    """Let an error about an image say which file it is, and one about the baseline that it is about that."""
    if (error.field or "").startswith("baseline"):
        error.message = f"The baseline: {error.message}"
    found = _IMAGE.match(error.field or "")
    if found is None or int(found[1]) >= len(images):
        return
    path = str(images[int(found[1])])
    if path not in error.message:
        error.message = f"{path}: {error.message}"
