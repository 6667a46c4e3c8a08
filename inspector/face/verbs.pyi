# Written by tools/generate_face.py from the requests; never edited.
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.images import ImageLike
from inspector.types.requests.base import Rendering
from inspector.types.requests.features import Pooling
from inspector.types.requests.synthesize import OptimizerName
from inspector.types.requests.synthesize import Preset
from inspector.types.results.activations import Activations
from inspector.types.results.images import Images
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
    def synthesize(
        self,
        images: ImageLike = (),
        *,
        target: TargetLike | Sequence[TargetLike] = ...,
        preset: Preset = ...,
        weights: tuple[float, ...] | None = ...,
        steps: int | None = ...,
        samples: int = ...,
        diversity: float | None = ...,
        layer: str | None = ...,
        seed: int = ...,
        size: int | Sequence[int] | None = ...,
        parameterization: Literal['pixels', 'fourier', 'phase'] | None = ...,
        decay: float | None = ...,
        colors: Literal['decorrelated', 'plain'] | None = ...,
        jitter: float | None = ...,
        scale: float | None = ...,
        rotate: float | None = ...,
        crops: int | None = ...,
        crop: tuple[float, ...] | None = ...,
        noise: float | None = ...,
        total_variation: float | None = ...,
        lp_norm: float | None = ...,
        l2_norm: float | None = ...,
        optimizer: OptimizerName | None = ...,
        rate: float | None = ...,
        open_steps: int | None = ...,
        models: Sequence[str] = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Images: ...
