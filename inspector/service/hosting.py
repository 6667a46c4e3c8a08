"""The models of this server and their lives: unloaded, loading, ready, unloading, failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from inspector.engine.engine import Engine
from inspector.errors import ConflictError, InspectorError, LimitExceededError, unknown_name
from inspector.face.load import load
from inspector.face.local import LocalBackend
from inspector.face.model import Model
from inspector.service.gate import Gate
from inspector.service.health import NOT_SERVING, SERVER, SERVING, Health
from inspector.service.names import MODELS, name_of
from inspector.service.repository import Manifest, Repository, model_exists
from inspector.service.sandbox import Sandbox
from inspector.service.settings import Settings
from inspector.v1 import inspection_service_pb2

log = logging.getLogger(__name__)

T = TypeVar("T")

INSPECTION = inspection_service_pb2.DESCRIPTOR.services_by_name["InspectionService"].full_name
"""The service whose calls run models."""


class State(Enum):
    """What a model can do now."""

    UNLOADED = "unloaded"
    LOADING = "loading"
    READY = "ready"
    UNLOADING = "unloading"
    FAILED = "failed"


@dataclass(kw_only=True, eq=False)
class HostedModel:
    """One model of the repository."""

    id: str
    state: State = State.UNLOADED
    failure: str = ""
    loaded: Model | None = None
    gate: Gate | None = None
    is_checked: bool = False
    """Whether the sandbox has seen it."""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the state changes."""

    @property
    def name(self) -> str:
        """The resource name."""
        return name_of(MODELS, self.id)


class Models:
    """All models of one server. For one event loop; what blocks runs in threads."""

    def __init__(
        self, repository: Repository, *, sandbox: Sandbox, health: Health, settings: Settings
    ) -> None:
        self._repository = repository
        self._sandbox = sandbox
        self._health = health
        self._settings = settings
        self._models: dict[str, HostedModel] = {}
        self._is_open = False
        self._changes: set[asyncio.Task[Any]] = set()
        for identifier in repository.ids():
            self._enlist(identifier)
        self._tell()

    def open(self) -> None:
        """Say that the server serves, once it has loaded what it was told to."""
        self._is_open = True
        self._tell()

    def ids(self) -> list[str]:
        """Return all ids, sorted."""
        return sorted(self._models)

    def get(self, identifier: str) -> HostedModel:
        """Return a model; NotFoundError names the nearest ones."""
        if identifier not in self._models:
            raise unknown_name("model", identifier, self._models)
        return self._models[identifier]

    def ready(self, identifier: str) -> tuple[Model, Gate]:
        """Return what is needed to run a model; ConflictError where it is not READY."""
        model = self.get(identifier)
        if model.state is not State.READY or model.loaded is None or model.gate is None:
            why = f" ({model.failure})" if model.failure else ""
            raise ConflictError(
                f"Model {identifier!r} is {model.state.value}{why}. Load it first.",
                reason="MODEL_NOT_LOADED",
                field="model",
            )
        return model.loaded, model.gate

    def _engine(self, identifier: str) -> Engine:
        """Return the engine of another model that is READY, for a run that compares several; called in its thread."""
        loaded, _ = self.ready(identifier)
        backend = loaded.backend
        if not isinstance(backend, LocalBackend):
            raise ConflictError(
                f"Model {identifier!r} does not run in this process.", reason="MODEL_ELSEWHERE"
            )
        return backend.engine

    async def load(self, identifier: str, *, preprocessing: Mapping[str, Any] | None = None) -> HostedModel:
        """Make a model READY; preprocessing overrides what was found, and loads a READY model again."""
        model = self.get(identifier)
        return await self._change(lambda: self._load(model, preprocessing))

    async def unload(self, identifier: str) -> HostedModel:
        """Free a model's memory once its running calls have ended."""
        model = self.get(identifier)
        return await self._change(lambda: self._unload(model))

    async def register(self, identifier: str) -> HostedModel:
        """Take a folder of the repository that was put there after the start, and load it."""
        self._repository.folder(identifier)
        if identifier not in self._models:
            self.require_room()
            self._enlist(identifier)
        return await self.load(identifier)

    async def adopt(self, identifier: str, store: Callable[[], None]) -> HostedModel:
        """Let `store` put a checked model into the repository, and load it."""
        self.require_room()
        if identifier in self._models:
            raise model_exists(identifier)
        await asyncio.to_thread(store)
        self._enlist(identifier).is_checked = True
        return await self.load(identifier)

    async def delete(self, identifier: str) -> None:
        """Unload a model, forget it, and remove its files if they were uploaded."""
        model = self.get(identifier)
        await self._change(lambda: self._delete(model))

    async def close(self) -> None:
        """Give up changes under way, such as a load that may take minutes, and unload all."""
        for change in self._changes:
            change.cancel()
        if self._changes:
            await asyncio.wait(self._changes)
        for identifier in self.ids():
            await self.unload(identifier)

    def manifest(self, identifier: str) -> Manifest | None:
        """Return what was uploaded under an id."""
        return self._repository.manifest(identifier) if identifier in self._models else None

    def require_room(self) -> None:
        """Raise LimitExceededError where no further model fits."""
        if len(self._models) >= self._settings.max_models:
            raise LimitExceededError(
                f"This server holds at most {self._settings.max_models} models. Delete one first.",
                reason="TOO_MANY_MODELS",
                field="model_id",
            )

    def _enlist(self, identifier: str) -> HostedModel:
        model = self._models[identifier] = HostedModel(id=identifier)
        self._health.set(model.name, NOT_SERVING)
        self._tell()
        return model

    async def _change(self, change: Callable[[], Awaitable[T]]) -> T:
        """Let a change go on to its end even where the caller leaves: a model is never left half loaded."""
        task = asyncio.ensure_future(change())
        self._changes.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._changes.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.debug("A change of a model failed: %s", task.exception())

    async def _load(self, model: HostedModel, preprocessing: Mapping[str, Any] | None) -> HostedModel:
        async with model.busy:
            self._require_listed(model)
            if model.state is State.READY and not preprocessing:
                return model
            await self._release(model)
            self._set(model, State.LOADING)
            try:
                folder = self._repository.folder(model.id)
                if not model.is_checked:
                    await self._sandbox.check(folder)
                    model.is_checked = True
                model.loaded = await asyncio.to_thread(
                    load,
                    folder,
                    device=self._settings.device,
                    name=model.id,
                    preprocessing=preprocessing or None,
                    others=lambda: nullcontext(self._engine),
                )
            except BaseException as error:
                failure = str(error) if isinstance(error, InspectorError) else "The server's log tells why."
                self._set(model, State.FAILED, failure=failure)
                raise
            model.gate = Gate(
                f"model {model.id!r}",
                running=self._settings.running_per_model,
                waiting=self._settings.waiting_per_model,
            )
            self._set(model, State.READY)
            log.info("Model %s is ready on %s", model.id, model.loaded.info.device)
            return model

    async def _unload(self, model: HostedModel) -> HostedModel:
        async with model.busy:
            await self._release(model)
            self._set(model, State.UNLOADED)
            return model

    async def _delete(self, model: HostedModel) -> None:
        async with model.busy:
            self._require_listed(model)
            await self._release(model)
            await asyncio.to_thread(self._repository.remove, model.id)
            del self._models[model.id]
            self._health.forget(model.name)
            self._tell()

    async def _release(self, model: HostedModel) -> None:
        """Close the gate, wait for those inside, and free the memory."""
        loaded, gate = model.loaded, model.gate
        if loaded is None or gate is None:
            return
        self._set(model, State.UNLOADING)
        await gate.close()
        model.loaded = model.gate = None  # before it is closed: nobody may ask a closed model what it is
        await asyncio.to_thread(loaded.close)

    def _require_listed(self, model: HostedModel) -> None:
        if self._models.get(model.id) is not model:  # deleted while we waited
            raise unknown_name("model", model.id, self._models)

    def _set(self, model: HostedModel, state: State, *, failure: str = "") -> None:
        model.state, model.failure = state, failure
        self._health.set(model.name, SERVING if state is State.READY else NOT_SERVING)
        self._tell()

    def _tell(self) -> None:
        """Tell whether models can be asked: not before the start is done, nor where every model failed."""
        states = [model.state for model in self._models.values()]
        can_run = not states or any(state is not State.FAILED for state in states)
        for name in (SERVER, INSPECTION):
            self._health.set(name, SERVING if self._is_open and can_run else NOT_SERVING)
