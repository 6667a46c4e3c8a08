"""The models of a worker."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from inspector.engine.engine import Engine
from inspector.engine.joint_runs import Joining
from inspector.engine.run import Others
from inspector.errors import ConflictError
from inspector.face.load import load
from inspector.face.local import LocalBackend, OpenOthers
from inspector.face.model import Model
from inspector.face.others import opened
from inspector.model.checks.limits import ON_A_SERVER, Limits
from inspector.runtime.device import CPU

Beside = Callable[[str], Mapping[str, Any]]
"""Asks the server where another model lies: what `HostedModels.load` takes. Raises what the server answers."""

_beside: ContextVar[Beside] = ContextVar("beside")
"""How the operation that runs in this thread asks where another model lies."""


def limits_of(place: Mapping[str, Any]) -> Limits:
    """Return the limits that the server says for a model; who reads their errors can ask for more, and not set it."""
    return Limits(**place.get("limits", {}), remedy=ON_A_SERVER)


class HostedModels:
    """Loaded models by their ids. Thread-safe: one that is forgotten while it runs is closed when the last run ends."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}
        self._lock = threading.Lock()
        self._users: Counter[Model] = Counter()
        self._retired: set[Model] = set()

    @contextmanager
    def using(self, identifier: str) -> Iterator[Model]:
        """Give a model for the length of a block; ConflictError where it is not here."""
        with self._lock:
            model = self._models.get(identifier)
            if model is None:
                raise ConflictError(
                    f"Model {identifier!r} is not loaded here. Load it first.",
                    reason="MODEL_NOT_LOADED",
                    field="model",
                )
            self._users[model] += 1
        try:
            yield model
        finally:
            with self._lock:
                self._users[model] -= 1
                is_last = not self._users[model]
                if is_last:
                    del self._users[model]
                is_over = is_last and model in self._retired
                self._retired -= {model} if is_over else set()
            if is_over:
                model.close()

    def load(self, identifier: str, place: Mapping[str, Any]) -> Model:
        """Load a model of a folder, beside the one that is here until then; see `inspector.load` for what it raises."""
        made = _loaded(identifier, place, others=self._others)
        _let_share(engine_of(made), place.get("joining"))
        engine_of(made).find_level()  # callers' deadlines are for their answers
        with self._lock:
            before = self._models.pop(identifier, None)
            self._models[identifier] = made
        self._retire(before)
        return made

    def unload(self, identifier: str) -> None:
        """Forget a model."""
        with self._lock:
            found = self._models.pop(identifier, None)
        self._retire(found)

    def close(self) -> None:
        """Forget all."""
        for identifier in tuple(self._models):
            self.unload(identifier)

    def _retire(self, model: Model | None) -> None:
        if model is None:
            return
        with self._lock:
            is_used = model in self._users
            self._retired |= {model} if is_used else set()
        if not is_used:
            model.close()

    @contextmanager
    def _others(self) -> Iterator[Others]:
        """Give the engines of models that a request names beside its own: those here, or others for as long as it runs.

        The server says which there are, and which the caller may know of.
        """
        places: dict[str, Mapping[str, Any]] = {}

        def open_elsewhere(name: str) -> Engine:
            return engine_of(_loaded(name, places[name]))

        with opened(open_elsewhere) as elsewhere, ExitStack() as used:

            def give(name: str) -> Engine:
                if name not in places:
                    places[name] = _beside.get()(name)
                if name not in self._models:
                    return elsewhere(name)
                return engine_of(used.enter_context(self.using(name)))

            yield give


@contextmanager
def asking(beside: Beside) -> Iterator[None]:
    """While the block lasts, what runs in this thread finds other models by `beside`."""
    token = _beside.set(beside)
    try:
        yield
    finally:
        _beside.reset(token)


def _loaded(name: str, place: Mapping[str, Any], *, others: OpenOthers | None = None) -> Model:
    return load(
        Path(place["folder"]),
        device=place["device"],
        name=name,
        preprocessing=place["preprocessing"] or None,
        limits=limits_of(place),
        others=others,
    )


def _let_share(engine: Engine, joining: Mapping[str, Any] | None) -> None:
    """Let calls share runs where that was found to gain, or where it is asked for (docs/decisions/0062)."""
    if joining is None or joining["of"] == "none":
        return
    if joining["of"] == "all" or (engine.sessions.runs_are_short and engine.device == CPU):
        engine.share_runs(Joining(images=joining["images"], delay=joining["delay"]))


def engine_of(model: Model) -> Engine:
    """Return the engine of a model that was loaded here."""
    backend = model.backend
    if not isinstance(backend, LocalBackend):
        raise TypeError(f"{backend!r} has no engine of this process.")
    return backend.engine
