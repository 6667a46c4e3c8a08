"""What verbs work on: a model in this process, or one on a service, behind the same verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from inspector.cli.options import read_preprocessing
from inspector.client.client import Client
from inspector.client.remote_model import RemoteModel
from inspector.errors import InvalidInputError
from inspector.face.load import load
from inspector.face.model import Model, attribution_methods
from inspector.face.pictures import attribution_pictures, occlusion_picture
from inspector.types.arrays import Array
from inspector.types.layers import FoundRectifier, Layer
from inspector.types.options import MethodInfo
from inspector.types.results import Attribution, Occlusion, Prediction
from inspector.types.targets import Target

Options = Mapping[str, Any]
Progress = Callable[[int, int], None]


class Subject(Protocol):
    """A model with the verbs of the command line; results have the same fields wherever it runs."""

    def layers(self) -> Sequence[Layer]: ...

    def predict(self, images: list[Path], *, top: int) -> Sequence[Prediction]: ...

    def rectifiers(self) -> Sequence[FoundRectifier]: ...

    def attribute(
        self,
        image: Path,
        *,
        method: str,
        target: Target,
        policies: Mapping[str, str],
        options: Options,
        progress: Progress | None,
    ) -> tuple[Attribution, bytes]: ...

    def occlude(
        self, image: Path, *, target: Target, options: Options, progress: Progress | None
    ) -> tuple[Occlusion, bytes]: ...

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


def known_methods(server: str | None) -> tuple[MethodInfo, ...]:
    """Return the attribution methods that there are, here or on the service."""
    return attribution_methods() if server is None else Client(server).attribution_methods()


class _Local:
    def __init__(self, inspector: Model) -> None:
        self._inspector = inspector

    def layers(self) -> Sequence[Layer]:
        return self._inspector.layers()

    def predict(self, images: list[Path], *, top: int) -> Sequence[Prediction]:
        return self._inspector.predict(images, top=top)

    def rectifiers(self) -> Sequence[FoundRectifier]:
        return self._inspector.rectifiers()

    def attribute(
        self,
        image: Path,
        *,
        method: str,
        target: Target,
        policies: Mapping[str, str],
        options: Options,
        progress: Progress | None,
    ) -> tuple[Attribution, bytes]:
        result = self._inspector.attribute(
            image, method=method, target=target, policies=policies, progress=progress, **options
        )
        return result, attribution_pictures(result, self._inspector.model)[0]

    def occlude(
        self, image: Path, *, target: Target, options: Options, progress: Progress | None
    ) -> tuple[Occlusion, bytes]:
        x = self._inspector.prepare(image)
        result = self._inspector.occlude(x, target=target, progress=progress, **options)
        return result, occlusion_picture(result, x, self._inspector.model)

    def features(self, images: list[Path], *, layer: str | None, pooling: str) -> Array:
        return self._inspector.features(images, layer=layer, pooling=pooling)


class _Remote:
    def __init__(self, model: RemoteModel) -> None:
        self._model = model

    def layers(self) -> Sequence[Layer]:
        return self._model.layers()

    def predict(self, images: list[Path], *, top: int) -> Sequence[Prediction]:
        return self._model.predict(images, top=top)

    def rectifiers(self) -> Sequence[FoundRectifier]:
        return self._model.rectifiers()

    def attribute(
        self,
        image: Path,
        *,
        method: str,
        target: Target,
        policies: Mapping[str, str],
        options: Options,
        progress: Progress | None,
    ) -> tuple[Attribution, bytes]:
        result = self._model.attribute(
            image,
            method=method,
            target=target,
            policies=policies,
            progress=progress,
            rendering="png",
            **options,
        )
        return result, result.pictures[0]

    def occlude(
        self, image: Path, *, target: Target, options: Options, progress: Progress | None
    ) -> tuple[Occlusion, bytes]:
        result = self._model.occlude(image, target=target, progress=progress, rendering="png", **options)
        return result, result.picture

    def features(self, images: list[Path], *, layer: str | None, pooling: str) -> Array:
        return self._model.features(images, layer=layer, pooling=pooling)
