"""The models of a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from inspector.engine.engine import Engine
from inspector.engine.run import Others
from inspector.errors import ConflictError
from inspector.face.load import load
from inspector.face.local import LocalBackend
from inspector.face.model import Model
from inspector.face.others import opened

Beside = Callable[[str], Mapping[str, Any]]

_beside: ContextVar[Beside] = ContextVar("beside")
"""How the operation that runs in this thread asks where another model lies."""


class HostedModels:
    """Loaded models by their ids. Thread-safe."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}

    def get(self, identifier: str) -> Model:
        """Return a model; ConflictError where it is not here."""
        found = self._models.get(identifier)
        if found is None:
            raise ConflictError(
                f"Model {identifier!r} is not loaded here. Load it first.",
                reason="MODEL_NOT_LOADED",
                field="model",
            )
        return found

    def load(self, identifier: str, place: Mapping[str, Any]) -> Model:
        """Load a model of a folder, in the place of what may be there; see `inspector.load` for what it raises."""
        made = load(
            Path(place["folder"]),
            device=place["device"],
            name=identifier,
            preprocessing=place["preprocessing"] or None,
            others=self._others,
        )
        self.unload(identifier)
        self._models[identifier] = made
        return made

    def unload(self, identifier: str) -> None:
        """Forget a model; what runs on it ends in peace."""
        found = self._models.pop(identifier, None)
        if found is not None:
            found.close()

    def close(self) -> None:
        """Forget all."""
        for identifier in tuple(self._models):
            self.unload(identifier)

    @contextmanager
    def _others(self) -> Iterator[Others]:
        """Give the engines of models that a request names beside its own: those here, or others for as long as it runs.

        The server says which there are, and which the caller may know of.
        """
        places: dict[str, Mapping[str, Any]] = {}

        def open_elsewhere(name: str) -> Engine:
            place = places[name]
            made = load(
                Path(place["folder"]),
                device=place["device"],
                name=name,
                preprocessing=place["preprocessing"] or None,
            )
            return _engine(made)

        with opened(open_elsewhere) as elsewhere:

            def give(name: str) -> Engine:
                if name not in places:
                    places[name] = _beside.get()(name)
                here = self._models.get(name)
                return elsewhere(name) if here is None else _engine(here)

            yield give


@contextmanager
def asking(beside: Beside) -> Iterator[None]:
    """While the block lasts, what runs in this thread finds other models by `beside`."""
    token = _beside.set(beside)
    try:
        yield
    finally:
        _beside.reset(token)


def _engine(model: Model) -> Engine:
    backend = model.backend
    if not isinstance(backend, LocalBackend):
        raise TypeError(f"{backend!r} has no engine of this process.")
    return backend.engine
