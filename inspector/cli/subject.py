"""What verbs work on: a model in this process, or one on a service, behind the same verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from inspector.api.inspector import Inspector
from inspector.api.load import load
from inspector.api.pictures import attribution_pictures, occlusion_picture
from inspector.cli.options import read_preprocessing
from inspector.client.client import Client
from inspector.client.remote_model import RemoteModel
from inspector.errors import InvalidInputError
from inspector.targets import Target

Array = np.ndarray[Any, np.dtype[Any]]
OcclusionOptions = dict[str, Any]


class Subject(Protocol):
    """A model with the verbs of the command line; results have the same fields wherever it runs."""

    def layers(self) -> Sequence[Any]: ...

    def predict(self, images: list[Path], *, top: int) -> Sequence[Any]: ...

    def attribute(self, image: Path, *, method: str, target: Target) -> tuple[Any, bytes]: ...

    def occlude(
        self,
        image: Path,
        *,
        target: Target,
        options: OcclusionOptions,
        progress: Callable[[int, int], None] | None,
    ) -> tuple[Any, bytes]: ...

    def features(self, images: list[Path], *, layer: str | None, pooling: str) -> Array: ...


def open_subject(model: str, *, server: str | None, device: str, preprocessing: str | None) -> Subject:
    """Load the file, or find the model on the service."""
    if server is None:
        return _Local(load(model, device=device, preprocessing=read_preprocessing(preprocessing)))
    if preprocessing is not None:
        raise InvalidInputError(
            "--preprocessing works in-process; on a service it is given when the model is loaded there.",
            field="preprocessing",
        )
    return _Remote(Client(server).model(model))


class _Local:
    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector

    def layers(self) -> Sequence[Any]:
        return self._inspector.layers()

    def predict(self, images: list[Path], *, top: int) -> Sequence[Any]:
        return self._inspector.predict(images, top=top)

    def attribute(self, image: Path, *, method: str, target: Target) -> tuple[Any, bytes]:
        result = self._inspector.attribute(image, method=method, target=target)
        return result, attribution_pictures(result, self._inspector.model)[0]

    def occlude(
        self,
        image: Path,
        *,
        target: Target,
        options: OcclusionOptions,
        progress: Callable[[int, int], None] | None,
    ) -> tuple[Any, bytes]:
        x = self._inspector.prepare(image)
        result = self._inspector.occlude(x, target=target, progress=progress, **options)
        return result, occlusion_picture(result, x, self._inspector.model)

    def features(self, images: list[Path], *, layer: str | None, pooling: str) -> Array:
        return self._inspector.features(images, layer=layer, pooling=pooling)


class _Remote:
    def __init__(self, model: RemoteModel) -> None:
        self._model = model

    def layers(self) -> Sequence[Any]:
        return self._model.layers()

    def predict(self, images: list[Path], *, top: int) -> Sequence[Any]:
        return self._model.predict(images, top=top)

    def attribute(self, image: Path, *, method: str, target: Target) -> tuple[Any, bytes]:
        result = self._model.attribute(image, method=method, target=target, rendering="png")
        return result, result.pictures[0]

    def occlude(
        self,
        image: Path,
        *,
        target: Target,
        options: OcclusionOptions,
        progress: Callable[[int, int], None] | None,
    ) -> tuple[Any, bytes]:
        result = self._model.occlude(image, target=target, progress=progress, rendering="png", **options)
        return result, result.picture

    def features(self, images: list[Path], *, layer: str | None, pooling: str) -> Array:
        return self._model.features(images, layer=layer, pooling=pooling)
