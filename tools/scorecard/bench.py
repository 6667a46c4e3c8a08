"""Good models at hand, and checks of what was made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import inspector
from inspector.checks.rule import RULES
from inspector.errors import InspectorError
from inspector.runtime.cache import SessionCache
from inspector.types.requests.check import EXPECTED
from inspector.types.results.report import Finding, Report
from tests.support.sessions import plain_session
from tools.scorecard.bases import BASES, Base, answers, copy_of, drawn
from tools.scorecard.corpus import Change, Changed, Given, Maker, UnfitError
from tools.scorecard.zoo import ZOO_NAMES

FEW = 1 << 28
"""Bytes of sessions that are kept: a model's own and its baseline's."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a check of a model came to."""

    reports: tuple[Report, ...] = ()
    refused: str = ""
    """The error by which loading the model ended."""
    raised: Mapping[str, str] = field(default_factory=dict)
    """By rule: the error by which the whole check ended where that rule was asked."""

    def findings(self, rule: str) -> list[Finding]:
        """Return what a rule found."""
        return [one for report in self.reports for one in report.findings if one.id == rule]

    def outcome(self, rule: str) -> tuple[str, str]:
        """Return what became of a rule, and why."""
        if rule in self.raised:
            return "failed", self.raised[rule]
        found = [one for report in self.reports for one in report.verdicts if one.id == rule]
        return (found[0].outcome, found[0].reason) if found else ("not asked", "")

    @property
    def rules(self) -> list[str]:
        """The rules that were asked."""
        return [*(one.id for report in self.reports for one in report.verdicts), *self.raised]


class Bench:
    """Good models, made once, as files in a folder: a baseline is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, onnx.ModelProto] = {}
        self._answers: dict[str, Mapping[str, Any]] = {}
        self._looked: dict[tuple[Any, ...], Looked] = {}
        self._sessions = SessionCache(max_bytes=FEW)

    def good(self, base: Base) -> onnx.ModelProto:
        """Return a copy of a good model."""
        if base.name not in self._made:
            self._made[base.name] = base.make()
            self._file(base).write_bytes(self._made[base.name].SerializeToString())
        return copy_of(self._made[base.name])

    def changed(self, base: Base, change: Change) -> bytes | Path:
        """Return a good model's file after a change; UnfitError where it has no part for it."""
        return as_file(change(self.good(base)))

    def require_same(self, data: bytes | Path, base: Base, *, exactly: bool = True) -> None:
        """Raise UnfitError where ONNX Runtime does not run a twin, or gets other answers: the change was wrong then.

        Not `exactly` is for twins whose answers differ a little by right.
        """
        proto = onnx.load_model(data) if isinstance(data, Path) else onnx.load_from_string(data)
        try:
            plain_session(proto)
            found = answers(proto, base.images()[:2])
        except InspectorError:
            return  # ONNX Runtime loads it: that we do not is what the check of it says
        except Exception as error:
            raise UnfitError(f"It does not run: {error}") from error
        for name, good in answers(self.good(base), base.images()[:2]).items():
            size = float(np.abs(good).max())
            if exactly and not np.allclose(found[name], good, rtol=0, atol=1e-4 * size):
                raise UnfitError(f"Its answers are others, by up to {np.abs(found[name] - good).max():g}.")

    def look(self, data: bytes | Path, base: Base, given: Given, *, rules: Iterable[str] = ()) -> Looked:
        """Check a file by some rules, or by all."""
        try:
            model = inspector.load(data, device="cpu", name=base.name, sessions=self._sessions)
        except InspectorError as error:
            return Looked(refused=str(error))
        given_now = self._given(base, given)
        with model:
            try:
                return Looked(reports=(model.check(select=list(rules), **given_now),))
            except Exception:  # noqa: BLE001 — whatever it is, it is a rule's
                return self._one_by_one(model, list(rules) or list(RULES), given_now)

    @staticmethod
    def _one_by_one(model: Any, rules: Iterable[str], given: Mapping[str, Any]) -> Looked:
        reports, raised = [], {}
        for rule in rules:
            try:
                reports.append(model.check(select=[rule], **given))
            except Exception as error:  # noqa: BLE001 — as above
                raised[rule] = f"{type(error).__name__}: {error}"
        return Looked(reports=tuple(reports), raised=raised)

    def look_at_good(self, base: Base, given: Given, *, rules: Sequence[str] = ()) -> Looked:
        """Check a good model by some rules, or by all, given the same as what is made of it."""
        options = sorted((name, str(value)) for name, value in given.options.items())
        key = (base.name, given.images, given.baseline, given.expected, given.boxes, *sorted(rules), *options)
        if key not in self._looked:
            data = as_file(self.good(base))
            self._looked[key] = self.look(data, base, given, rules=rules)
        return self._looked[key]

    def _given(self, base: Base, given: Given) -> dict[str, Any]:
        found: dict[str, Any] = dict(given.options)
        images = _images(base, given)
        if images is not None and len(images):
            found["images"] = images
        if given.boxes is not None:
            found["boxes"] = given.boxes()
        if given.baseline:
            self.good(base)
            found["baseline"] = str(self._file(base))
        if given.expected:
            found |= {f"{EXPECTED}{name}": value for name, value in self._recorded(base, given).items()}
            if any(
                node.op_type == "QuantizeLinear" for node in self.good(base).graph.node
            ):  # as a golden file's header says it
                found.setdefault("golden-values.recorded-of", "quantized")
        return found

    def _recorded(self, base: Base, given: Given) -> Mapping[str, Any]:
        if given.images is not None:
            return answers(self.good(base), _images(base, given))
        if base.name not in self._answers:
            self._answers[base.name] = answers(self.good(base), base.images())
        return self._answers[base.name]

    def _file(self, base: Base) -> Path:
        return self._folder / f"{base.name}.onnx"


def as_file(changed: Changed) -> bytes | Path:
    """Return a model's file."""
    return changed if isinstance(changed, bytes | Path) else bytes(changed.SerializeToString())


def bases_of(on: tuple[str | Maker, ...], among: Sequence[Base]) -> list[Base]:
    """Return the good models that a change is for: those of its own too, and of all others those that are `among`."""
    named = {one for one in on if isinstance(one, str)}
    unknown = named - {*BASES, *ZOO_NAMES}
    if unknown:
        raise ValueError(f"There is no good model {', '.join(sorted(unknown))}.")
    chosen = [base for base in among if not on or base.name in named]
    return [*chosen, *(_of_its_own(one) for one in on if not isinstance(one, str))]


def _of_its_own(maker: Maker) -> Base:
    def make() -> onnx.ModelProto:
        made = maker()
        return onnx.load_from_string(made) if isinstance(made, bytes) else made

    name = f"{maker.__module__.rpartition('.')[2]}-{maker.__name__}".replace("_", "-")
    return Base(name=name, make=make, images=lambda: drawn(4))


def _images(base: Base, given: Given) -> Any:
    if callable(given.images):
        return given.images()
    images = base.images()
    return images if given.images is None else images[: given.images]
