"""The Python face: a loaded model and its verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from inspector import methods
from inspector.engine.engine import Engine
from inspector.methods.attribution.projection import ATTRIBUTION_METHODS, attribute, info_of
from inspector.model.preprocessing.prepare import prepare
from inspector.model.spec import OnnxModel
from inspector.resolve.rectifiers import rectifiers
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.layers import FoundRectifier, Layer
from inspector.types.options import MethodInfo
from inspector.types.results import Activations, Attribution, Occlusion, Prediction
from inspector.types.targets import Target, TargetLike, as_target


def attribution_methods() -> tuple[MethodInfo, ...]:
    """Return the methods of `attribute`, by name, with their options."""
    return tuple(info_of(name) for name in sorted(ATTRIBUTION_METHODS))


class Model:
    """A loaded model. Images are paths, bytes, PIL images, uint8 arrays, prepared float arrays, or lists of those.

    Thread-safe. Every verb takes a `cancellation` that stops it, and then raises CancelledError.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def model(self) -> OnnxModel:
        """What is known of the model before it runs."""
        return self._engine.model

    @property
    def device(self) -> str:
        """Where it runs: "cpu" or "cuda:N"."""
        return self._engine.device.name

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers that can be looked at, in graph order."""
        return self.model.layers

    def prepare(self, x: object) -> Array:
        """Return images as the model's input: (N, …) in its layout and dtype."""
        return prepare(self.model, x)

    def predict(
        self, x: object, *, top: int = 5, cancellation: Cancellation | None = None
    ) -> tuple[Prediction, ...]:
        """Return the `top` most probable classes of each image."""
        return methods.predict(self._engine, self.prepare(x), top=top, cancellation=cancellation)

    def activations(
        self, x: object, *, layers: Sequence[str], cancellation: Cancellation | None = None
    ) -> Activations:
        """Return what layers computed: name -> (N, *layer shape)."""
        return methods.activations(self._engine, self.prepare(x), layers=layers, cancellation=cancellation)

    def rectifiers(self) -> tuple[FoundRectifier, ...]:
        """Return what the methods "deconvnet" and "guided" take for rectifiers, in graph order."""
        return rectifiers(self.model)

    def attribute(
        self,
        x: object,
        *,
        method: str = "saliency",
        target: TargetLike | Sequence[TargetLike] = None,
        policies: Mapping[str, str] | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        **options: Any,
    ) -> Attribution:
        """Map a target back to the image by one of `inspector.attribution_methods()`, with that method's own options.

        A target is a class index, `Class()` (the most probable), `Unit(layer, channel, position)`,
        `Element(tensor, index)`, `Region(tensor, index)` or `Direction(tensor, vector)`, where a tensor is an output or
        a layer. One target goes with any number of images, several targets with one image or with as many images.
        `policies` names other policies by layer. `progress` is called with (steps done, steps in all) by methods that
        take many.
        """
        if policies:
            options["policies"] = policies
        return attribute(
            self._engine,
            self.prepare(x),
            _targets(target),
            method=method,
            options=options,
            progress=progress,
            cancellation=cancellation,
        )

    def occlude(
        self,
        x: object,
        *,
        target: TargetLike = None,
        layer: str | None = None,
        size: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
        fill: float | Sequence[float] | None = None,
        batch: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Occlusion:
        """Slide a gray square over one image; `progress` is called with (positions done, positions in all)."""
        steps = self.occlude_steps(
            x,
            target=target,
            layer=layer,
            size=size,
            stride=stride,
            fill=fill,
            batch=batch,
            cancellation=cancellation,
        )
        result = next(steps)
        _tell(progress, result)
        for result in steps:
            _tell(progress, result)
        return result

    def occlude_steps(
        self,
        x: object,
        *,
        target: TargetLike = None,
        layer: str | None = None,
        size: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
        fill: float | Sequence[float] | None = None,
        batch: int | None = None,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Occlusion]:
        """Like `occlude`, but yield the maps as far as they are filled after each batch."""
        return methods.occlusion(
            self._engine,
            self.prepare(x),
            as_target(target),
            layer=layer,
            size=size,
            stride=stride,
            fill=fill,
            batch=batch,
            cancellation=cancellation,
        )

    def features(
        self,
        x: object,
        *,
        layer: str | None = None,
        pooling: str = "mean",
        cancellation: Cancellation | None = None,
    ) -> Array:
        """Return one vector per image, (N, D) float32, from a layer (default: what the last dense layer reads)."""
        return methods.features(
            self._engine, self.prepare(x), layer=layer, pooling=pooling, cancellation=cancellation
        )

    def close(self) -> None:
        """Give the sessions back."""
        self._engine.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _targets(target: TargetLike | Sequence[TargetLike]) -> list[Target]:
    if isinstance(target, Sequence):
        return [as_target(item) for item in target]
    return [as_target(target)]


def _tell(progress: Callable[[int, int], None] | None, result: Occlusion) -> None:
    if progress is not None:
        progress(int(result.done.sum()), result.done.size)
