"""What is planted: faults, with the rules that should find them, and twins, of which no rule should say a word.

    @fault("weights-finite", subject=first_weight)
    def a_nan_among_the_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
        ...

    @twin("all nodes and tensors have other names")
    def other_names(proto: onnx.ModelProto) -> onnx.ModelProto:
        ...

Each gets a copy of a good model of its own, which it may change in place, and returns the changed one, a file's bytes,
or the path of one in a `scratch` folder; where the model has no part for it, it raises UnfitError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import onnx

from inspector.registry import Registry

Changed: TypeAlias = onnx.ModelProto | bytes | Path
Change = Callable[[onnx.ModelProto], Changed]
LOADS = "loads"
"""Stands for a rule where loading the model should end by a named error: none of the rules sees it then."""

UNPLANTED = {
    "providers-agree": "it needs a provider beside the CPU, which the locked ONNX Runtime does not have. Its tests let "
    "a session of a changed model stand for one. Against a real one, OpenVINO's (`pip install --target DIR "
    "onnxruntime-openvino`, 1.24.1, before all else on PYTHONPATH; pytest tests/checks/numbers -k openvino), a gate by "
    "HardSigmoid that it computes otherwise is found and its twin is not, and of 17 models of the zoo 16 pass: of "
    "mobilenetv2_int8_static_edgeflow another class wins there.",
}
"""Rules for which no fault can be planted here, with the reason."""

Maker = Callable[[], onnx.ModelProto | bytes]
"""Of a good model."""


_FOLDERS: list[TemporaryDirectory[str]] = []


def scratch() -> Path:
    """Return a new folder, which is there until the process ends: for models with files beside them."""
    _FOLDERS.append(TemporaryDirectory())
    return Path(_FOLDERS[-1].name)


class UnfitError(Exception):
    """The model has no part for this change, such as no BatchNormalization."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the check of a changed model is given beside it."""

    images: int | Callable[[], Any] | None = None
    """The first so many of the good model's images, images of its own, or None for all of the good model's."""
    baseline: bool = False
    """Whether the good model is the baseline."""
    expected: bool = False
    """Whether the good model's answers to the images are the recorded ones."""
    boxes: Callable[[], Any] | None = None
    """Where the objects are, as `check` takes it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of rules, as RULE.SETTING."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A change after which rules should find something."""

    name: str
    rules: tuple[str, ...]
    """Each of them should find it."""
    change: Change
    subject: Callable[[onnx.ModelProto], Iterable[str]] | None
    """From the good model: names of nodes, layers or tensors, one of which the finding should be about."""
    on: tuple[str | Maker, ...]
    """Good models: names of bases, or functions that make one; none means all bases."""
    given: Given


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A change that is harmless."""

    name: str
    harmless: str
    """What differs."""
    change: Change
    tells: tuple[str, ...]
    """Rules that say something of it by right: a node that does nothing is worth an information."""
    on: tuple[str | Maker, ...]
    given: Given


FAULTS: Registry[str, Fault] = Registry("planted fault", package="tools.scorecard.faults")
TWINS: Registry[str, Twin] = Registry("good twin", package="tools.scorecard.faults")


def fault(
    *rules: str,
    subject: Callable[[onnx.ModelProto], Iterable[str]] | None = None,
    on: str | Maker | tuple[str | Maker, ...] = (),
    images: int | Callable[[], Any] | None = None,
    baseline: bool = False,
    expected: bool = False,
    boxes: Callable[[], Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Callable[[Change], Change]:
    """Register a change as a fault that each of the rules should find; see Fault and Given."""
    if not rules:
        raise ValueError("A planted fault names the rules that should find it.")
    given = Given(images=images, baseline=baseline, expected=expected, boxes=boxes, options=options or {})

    def register(change: Change) -> Change:
        name = _name(change)
        FAULTS.add(
            name,
            Fault(name=name, rules=rules, change=change, subject=subject, on=_several(on), given=given),
        )
        return change

    return register


def twin(
    harmless: str,
    *,
    tells: str | tuple[str, ...] = (),
    on: str | Maker | tuple[str | Maker, ...] = (),
    images: int | Callable[[], Any] | None = None,
    boxes: Callable[[], Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Callable[[Change], Change]:
    """Register a change as harmless: the good model is its baseline and its answers are recorded, and no rule may mind.

    What rules say of the good model itself does not count; `tells` names rules that may say something more.
    """
    given = Given(images=images, baseline=True, expected=True, boxes=boxes, options=options or {})

    def register(change: Change) -> Change:
        name = _name(change)
        tellers = (tells,) if isinstance(tells, str) else tells
        TWINS.add(
            name,
            Twin(name=name, harmless=harmless, change=change, tells=tellers, on=_several(on), given=given),
        )
        return change

    return register


def faults() -> list[Fault]:
    """Return all planted faults."""
    return [one for _, one in FAULTS.items()]


def twins() -> list[Twin]:
    """Return all good twins."""
    return [one for _, one in TWINS.items()]


def _several(on: str | Maker | tuple[str | Maker, ...]) -> tuple[str | Maker, ...]:
    return on if isinstance(on, tuple) else (on,)


def _name(change: Change) -> str:
    family = change.__module__.rpartition(".")[2]
    return f"{family}/{change.__name__}".replace("_", "-")
