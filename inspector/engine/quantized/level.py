"""How far ONNX Runtime may rewrite a quantized model: as far as its answers stay, found once per file and machine.

docs/decisions/0072-quantized-levels.md says what was measured.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from inspector.engine.quantized.comparison import difference
from inspector.engine.quantized.probes import probes
from inspector.errors import CancelledError, InspectorError
from inspector.model.spec import OnnxModel
from inspector.runtime import environment
from inspector.runtime.remembered import recall, remember
from inspector.runtime.session import Optimization
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

VARIABLE = "INSPECTOR_QUANTIZED"
"""The environment variable that overrules the comparison."""
SUBJECT = "quantized"
"""The folder, in the cache, of what was decided."""

Answers = Callable[[Optimization, Sequence[Array], Cancellation | None], Iterator[Mapping[str, Array]]]
"""Yields the outputs of a session of some level for one batch of one image after another."""


class Choice(Enum):
    """What INSPECTOR_QUANTIZED may say."""

    AUTO = "auto"
    """The highest level that keeps the answers on the probes."""
    BASIC = "basic"
    """Every operator as the file has it, in float between the quantizers."""
    ALL = "all"
    """The highest level, whatever it answers."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """What was decided of a model."""

    optimization: Optimization
    reason: str | None = None
    """Why it is not the highest, as a sentence without its end."""


def asked_for() -> Choice:
    """Return what INSPECTOR_QUANTIZED says; InvalidInputError where it is none of the choices."""
    return Choice(environment.asked_for(VARIABLE, [one.value for one in Choice], default=Choice.AUTO.value))


class QuantizedLevel:
    """Knows, from the first time that it is asked, at which level a quantized model answers. Thread-safe.

    It is decided before the first answer and not after some: what a model answers does not depend on what it was asked
    before, nor on whether it is remembered.
    """

    def __init__(
        self, model: OnnxModel, *, steps: Callable[[], Mapping[str, float | None]], answers: Answers
    ) -> None:
        """Decide for `model`, whose `answers` are asked for at two levels; `steps` gives those of its outputs."""
        self._model, self._steps, self._answers = model, steps, answers
        self._lock = threading.Lock()
        self.known: Level | None = None
        """None as long as nobody has asked."""

    def get(self, cancellation: Cancellation | None = None) -> Level:
        """Return the level; the first call compares answers, where an earlier process did not.

        Raises CancelledError where that is cancelled: the next call begins anew.
        """
        with self._lock:
            if self.known is None:
                self.known = self._decided(cancellation)
            return self.known

    def _decided(self, cancellation: Cancellation | None) -> Level:
        match asked_for():
            case Choice.BASIC:
                return Level(optimization=Optimization.BASIC, reason=f"{VARIABLE} says so")
            case Choice.ALL:
                return Level(optimization=Optimization.ALL)
        images = list(probes(self._model))
        if not images:
            return Level(
                optimization=Optimization.BASIC, reason="no image is known on which to compare answers"
            )
        key = {"model": self._model.sha256, "probes": _digest(images)}
        found = _read(recall(SUBJECT, key))
        if found is None:
            found = self._compared(images, cancellation)
            remember(SUBJECT, key, {"level": found.optimization.name, "reason": found.reason})
        return found

    def _compared(self, images: Sequence[Array], cancellation: Cancellation | None) -> Level:
        steps = self._steps()
        try:
            pairs = zip(
                self._answers(Optimization.BASIC, images, cancellation),
                self._answers(Optimization.ALL, images, cancellation),
                strict=True,
            )
            for reference, found in pairs:
                text = difference(reference, found, steps)
                if text is not None:
                    return Level(optimization=Optimization.BASIC, reason=text)
        except CancelledError:
            raise
        except InspectorError:
            return Level(
                optimization=Optimization.BASIC,
                reason="it does not run on the images that answers are compared on",
            )
        return Level(optimization=Optimization.ALL)


def _digest(images: Sequence[Array]) -> str:
    digest = hashlib.sha256()
    for image in images:
        digest.update(f"{image.dtype} {image.shape}".encode())
        digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()


def _read(found: Mapping[str, object] | None) -> Level | None:
    """Return what a file of the cache says; None where it says nothing that makes sense."""
    match found:
        case {"level": "ALL", "reason": None}:
            return Level(optimization=Optimization.ALL)
        case {"level": "BASIC", "reason": str(reason)}:
            return Level(optimization=Optimization.BASIC, reason=reason)
    return None
