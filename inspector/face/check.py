"""`inspector.check`: from files of models to what was found in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from os import PathLike, fspath
from os.path import realpath
from pathlib import Path
from typing import Any

from inspector.errors import InspectorError, InvalidInputError, in_brief, unknown_name, within
from inspector.extras import engine_required
from inspector.face.checking import Plan, Subject, check_subjects, request_of
from inspector.face.model import Model, Told
from inspector.findings.checked import Checked, CheckRun
from inspector.findings.choices import Choices, Settings
from inspector.findings.configuration import Configuration, find_configuration, read_configuration
from inspector.findings.rule_info import RuleInfo
from inspector.findings.silences import names_rule
from inspector.plugins import load_plugins
from inspector.types.arrays import Array
from inspector.types.given import as_texts
from inspector.types.model_files import find_models, name_of
from inspector.types.preprocessing import PreprocessingLike
from inspector.types.requests.base import as_images
from inspector.types.requests.check import as_severities
from inspector.types.requests.judge import as_boxes
from inspector.types.sources import ModelSource

with engine_required():
    from inspector.checks.chosen import chosen_rules
    from inspector.checks.infos import rule_infos
    from inspector.checks.settings import settings_of
    from inspector.face.load import load

Where = str | PathLike[str]


def check(
    *models: ModelSource | Model,
    data: Any = (),
    baseline: Where | None = None,
    golden: Where | None = None,
    boxes: Where | Array | Sequence[Sequence[float]] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    severities: Mapping[str, str] | Sequence[str] = (),
    settings: Settings | None = None,
    configuration: Configuration | Where | None = None,
    device: str = "auto",
    progress: Told | None = None,
) -> list[Checked]:
    """Look models over by rules, one after the other, and return what was found in each.

    `models` are paths, patterns, folders, bytes or loaded models; one that cannot be loaded is a `Checked` with its
    error. `data` are images, or paths of them and of folders, `golden` a file of `inspector record`, `boxes` an array
    or a file, `settings` tables by rule. `configuration` is a file or what was read of one; by default it is
    looked for as the command does, and `Configuration()` is none. What is given here counts more than what it says.
    InvalidInputError and NotFoundError for what is no model's fault.
    """
    plan = Plan(
        configuration=configuration_of(configuration),
        over=Choices(
            select=_texts(select, "select"),
            ignore=_texts(ignore, "ignore"),
            severities=_severities(severities),
            settings=settings or {},
            data=_paths(data),
            baseline=None if baseline is None else fspath(baseline),
            golden=None if golden is None else fspath(golden),
            boxes=fspath(boxes) if isinstance(boxes, str | PathLike) else None,
        ),
        images=None if _paths(data) is not None or _is_nothing(data) else as_images(data),
        boxes=None if isinstance(boxes, str | PathLike) else as_boxes(boxes),
    )
    return list(check_here(models, plan, device=device, progress=progress).checked)


def check_here(
    models: Sequence[ModelSource | Model],
    plan: Plan,
    *,
    device: str = "auto",
    preprocessing: PreprocessingLike | None = None,
    labels: Sequence[str] | None = None,
    progress: Told | None = None,
    seconds_left: Any = lambda: None,
) -> CheckRun:
    """Return what is said of models of this process.

    NotFoundError for a rule that there is not, InvalidInputError where there is no model: before one is loaded.
    """
    if not models:
        raise InvalidInputError("No model is given; give at least one.", reason="MISSING", field="models")
    rules = known_rules()
    opening = partial(_opened, device=device, preprocessing=preprocessing, labels=labels)
    subjects = list(_subjects(models, opening))
    _require_rules(plan, [one.name for one in subjects], rules)
    return check_subjects(subjects, plan, rules=rules, progress=progress, seconds_left=seconds_left)


def known_rules() -> dict[str, RuleInfo]:
    """Return what is known of all rules, those of plugins too, family by family."""
    load_plugins()
    return rule_infos()


def configuration_of(given: Configuration | Where | None) -> Configuration:
    """Return a configuration, read from its file, or for None the one that is found."""
    if isinstance(given, Configuration):
        return given
    if given is None:
        return find_configuration()
    if not isinstance(given, str | PathLike):
        raise InvalidInputError(
            f"configuration is {in_brief(given, long='a {}')}; give a path, or what was read of one.",
            field="configuration",
        )
    return read_configuration(Path(given))


def _subjects(models: Sequence[ModelSource | Model], opening: Any) -> Iterator[Subject]:
    """Yield the models in order, those of files once each, however often they are named."""
    seen: set[str] = set()
    for one in models:
        if isinstance(one, Model):
            yield Subject(name=one.name, open=partial(_kept_open, one))
        elif not isinstance(one, str | PathLike):
            yield Subject(name="model", open=partial(opening, one))
        else:
            for path in find_models([fspath(one)]):
                if realpath(path) not in seen:
                    seen.add(realpath(path))
                    yield Subject(name=name_of(path), open=partial(opening, path))


def _kept_open(model: Model) -> nullcontext[Model]:
    return nullcontext(model)


@contextmanager
def _opened(source: ModelSource, **words: Any) -> Iterator[Model]:
    with load(source, **words) as model:
        yield model


def _require_rules(plan: Plan, names: Sequence[str], rules: Mapping[str, RuleInfo]) -> None:
    """Raise NotFoundError or InvalidInputError for rules and settings that there are not, of whichever model."""
    for choices in map(plan.choices_for, names):
        baseline = choices.baseline
        if (
            baseline and not Path(baseline).exists()
        ):  # which no rule would say where none that compares is asked
            raise InvalidInputError(f"There is no baseline {baseline}.", field="baseline")
        try:
            request = request_of(choices)
            chosen_rules(request)
            settings_of(request)
        except InspectorError as error:
            if plan.configuration.file is not None and choices != plan.over:
                error.message = f"{error.message} (Asked for here, or in {plan.configuration.file}.)"
            raise
    for place, silence in enumerate(plan.configuration.silences):
        if not any(names_rule(silence.rule, one.id, one.family) for one in rules.values()):
            with within(f"silences[{place}]", always=True):
                raise unknown_name("rule", silence.rule, rules, field="rule")


def _texts(given: Any, field: str) -> tuple[str, ...] | None:
    found = as_texts(given)
    if found is None:
        raise InvalidInputError(f"{field} is {in_brief(given, long='a {}')}; give texts.", field=field)
    return found or None


def _severities(given: Any) -> tuple[str, ...]:
    with within("severities", always=True):
        return as_severities(given)


def _paths(data: Any) -> tuple[str, ...] | None:
    """Return paths of images; None where other images are given."""
    items = [data] if isinstance(data, str | PathLike) else data
    if not isinstance(items, list | tuple) or not items:
        return None
    return tuple(map(fspath, items)) if all(isinstance(one, str | PathLike) for one in items) else None


def _is_nothing(data: Any) -> bool:
    return data is None or (isinstance(data, list | tuple) and not data)
