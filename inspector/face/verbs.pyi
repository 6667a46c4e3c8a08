# Written by tools/generate_face.py from the requests; never edited.
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.images import ImageLike
from inspector.types.requests.base import Rendering
from inspector.types.requests.features import Pooling
from inspector.types.results.activations import Activations
from inspector.types.results.figure import Figure
from inspector.types.results.maps import Maps
from inspector.types.results.model_info import ModelInfo
from inspector.types.results.predictions import Predictions
from inspector.types.results.report import Report
from inspector.types.results.sweep import Sweep
from inspector.types.results.vectors import Vectors
from inspector.types.targets import TargetLike
from typing import Any
from typing import Literal

class Verbs:
    def activations(
        self,
        images: ImageLike,
        *,
        layers: Sequence[str] = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Activations: ...
    def attribute(
        self,
        images: ImageLike,
        *,
        method: str = ...,
        target: TargetLike | Sequence[TargetLike] = ...,
        policies: Mapping[str, str] | None = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Maps: ...
    def check(
        self,
        *,
        select: Sequence[str] = ...,
        ignore: Sequence[str] = ...,
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Report: ...
    def correspondence(
        self,
        images: ImageLike,
        *,
        boxes: Array | Sequence[Sequence[Sequence[float]]] = ...,
        parts: Sequence[str] = ...,
        layers: Sequence[str] = ...,
        fill: float | Sequence[float] | None = ...,
        random: int = ...,
        regions: Array | Sequence[Sequence[float]] | None = ...,
        seed: int = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
    def describe(
        self,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> ModelInfo: ...
    def features(
        self,
        images: ImageLike,
        *,
        layer: str | None = ...,
        pooling: Pooling = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Vectors: ...
    def figure(
        self,
        images: ImageLike = (),
        *,
        figure: object = ...,
        layer: str | None = ...,
        target: TargetLike | Sequence[TargetLike] = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Figure: ...
    def health(
        self,
        images: ImageLike = (),
        *,
        layers: Sequence[str] = ...,
        largest_rms: float = ...,
        dominance: float = ...,
        aliasing: float | None = ...,
        likeness: float = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
    def invariance(
        self,
        images: ImageLike,
        *,
        target: TargetLike | Sequence[TargetLike] = ...,
        layers: Sequence[str] = ...,
        transformations: Sequence[str] = ...,
        shifts: Sequence[float] = ...,
        scales: Sequence[float] = ...,
        angles: Sequence[float] = ...,
        border: Literal['reflect', 'edge', 'gray', 'black', 'white'] = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
    def occlude(
        self,
        images: ImageLike,
        *,
        target: TargetLike = ...,
        layer: str | None = ...,
        size: int | Sequence[int] | None = ...,
        stride: int | Sequence[int] | None = ...,
        fill: float | Sequence[float] | None = ...,
        batch: int | None = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Sweep: ...
    def predict(
        self,
        images: ImageLike,
        *,
        top: int = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Predictions: ...
