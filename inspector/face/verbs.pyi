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
from inspector.types.results.figure import Figure
from inspector.types.results.filters import Filters
from inspector.types.results.images import Examples
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
    def ablate(
        self,
        images: ImageLike,
        *,
        layer: str | None = ...,
        target: TargetLike = ...,
        channels: int | Sequence[int] | None = ...,
        value: Literal['zero', 'mean'] | float = ...,
        top: int = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
    def activations(
        self,
        images: ImageLike,
        *,
        layers: Sequence[str] = ...,
        scale: Literal['map', 'layer'] = ...,
        order: Literal['number', 'strength'] = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Activations: ...
    def architecture(
        self,
        *,
        whole: bool = ...,
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
    def attribute(
        self,
        images: ImageLike,
        *,
        method: str = ...,
        target: TargetLike | Sequence[TargetLike] = ...,
        policies: Mapping[str, str] | None = ...,
        cross: bool = ...,
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
    def evolution(
        self,
        images: ImageLike,
        *,
        models: str | Sequence[Any] = ...,
        layer: str | None = ...,
        channels: int | Sequence[int] | None = ...,
        rows: int = ...,
        layers: Sequence[str] = ...,
        compared: int = ...,
        settled: float = ...,
        method: str = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
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
    def filters(
        self,
        *,
        layer: str | None = ...,
        channels: int | Sequence[int] | None = ...,
        scale: Literal['filter', 'layer'] = ...,
        order: Literal['number', 'strength'] = ...,
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Filters: ...
    def fool(
        self,
        images: ImageLike,
        *,
        target: TargetLike | Sequence[TargetLike] = ...,
        attack: Literal['pgd', 'fgsm'] = ...,
        bound: float | None = ...,
        unit: Literal['auto', 'pixels', 'input'] = ...,
        steps: int | None = ...,
        step_size: float | None = ...,
        random_start: bool = ...,
        seed: int | None = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Images: ...
    def judge(
        self,
        images: ImageLike,
        *,
        method: str = ...,
        target: TargetLike | Sequence[TargetLike] = ...,
        map: Array | None = ...,
        measures: str | Sequence[str] | None = ...,
        boxes: Array | Sequence[Sequence[float]] | None = ...,
        removals: int = ...,
        deleted: Literal['gray', 'black', 'white', 'blur'] = ...,
        hidden: Literal['gray', 'black', 'white', 'blur'] = ...,
        perturbations: int = ...,
        spread: float = ...,
        neighbors: int = ...,
        radius: float = ...,
        randomizations: int = ...,
        threshold: float = ...,
        tolerance: int | None = ...,
        trial: int = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
        **options: Any,
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
    def occlude_regions(
        self,
        images: ImageLike,
        *,
        target: TargetLike = ...,
        masks: object = ...,
        boxes: object = ...,
        superpixels: int | None = ...,
        fill: Literal['gray', 'black', 'white', 'mean', 'blur'] | float | Sequence[float] | Array = ...,
        keep: bool = ...,
        batch: int | None = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
    def occlusion(
        self,
        images: ImageLike,
        *,
        target: TargetLike = ...,
        layer: str | None = ...,
        size: int | Sequence[int] | None = ...,
        stride: int | Sequence[int] | None = ...,
        fill: float | Sequence[float] | None = ...,
        batch: int | None = ...,
        count: int = ...,
        method: str = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
    def patch(
        self,
        images: ImageLike,
        *,
        layer: str | None = ...,
        target: TargetLike = ...,
        source: int = ...,
        channels: int | Sequence[int] | None = ...,
        top: int = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
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
    def top(
        self,
        images: ImageLike,
        *,
        layer: str | None = ...,
        channels: int | Sequence[int] | None = ...,
        rows: int = ...,
        count: int = ...,
        per_image: int = ...,
        projections: bool = ...,
        method: str = ...,
        border: Literal['pad', 'cut'] = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Examples: ...
    def unit(
        self,
        images: ImageLike,
        *,
        layer: str | None = ...,
        channel: int | None = ...,
        position: Any = ...,
        inputs: Mapping[str, Array] | None = None,
        rendering: Rendering = "none",
        progress: Callable[[int, int], None] | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Figure: ...
