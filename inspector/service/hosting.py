"""The models of this server and their lives: unloaded, loading, ready, unloading, failed."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from inspector.errors import ConflictError, LimitExceededError, ServerUnavailableError, unknown_name
from inspector.service.changes import Changes
from inspector.service.failures import why_of
from inspector.service.gate import Gate
from inspector.service.health import NOT_SERVING, SERVER, SERVING, Health
from inspector.service.hosted_model import HostedModel, State
from inspector.service.names import MODELS
from inspector.service.repository import Manifest, Repository, model_exists
from inspector.service.sample import Sample
from inspector.service.sandbox import Sandbox
from inspector.service.security.access import may_see, require_few_owned
from inspector.service.settings import Settings
from inspector.service.tenancy import Place, Tenancy
from inspector.service.threads import to_its_end
from inspector.service.workers.pool import Pool
from inspector.service.workers.worker import Worker
from inspector.types.control import Deadline
from inspector.v1 import inspection_service_pb2, model_pb2

log = logging.getLogger(__name__)

T = TypeVar("T")

INSPECTION = inspection_service_pb2.DESCRIPTOR.services_by_name["InspectionService"].full_name
"""The service whose calls run models."""


class Models:
    """All models of one server. For one event loop; models themselves are in workers.

    Who calls sees its own and the service's; the others are not there for it.
    """

    def __init__(
        self, repository: Repository, *, pool: Pool, sandbox: Sandbox, health: Health, settings: Settings
    ) -> None:
        self._repository = repository
        self._sandbox = sandbox
        self._health = health
        self._settings = settings
        self._models: dict[str, HostedModel] = {}
        self._is_open = False
        self._changes = Changes(waiting=settings.waiting_changes)
        self.tenancy = Tenancy(pool, settings=settings, lost=self._lost, away=self._away, back=self._back)
        for identifier in repository.ids():
            self._enlist(identifier, owner=repository.owner(identifier))
        health.restrict(self._is_seen_as)
        self._tell()

    def open(self) -> None:
        """Say that the server serves, once it has loaded what it was told to."""
        self._is_open = True
        self._tell()

    def ids(self) -> list[str]:
        """Return the ids of the models that who calls sees, sorted."""
        return sorted(one.id for one in self._models.values() if may_see(one.id, one.owner))

    def get(self, identifier: str) -> HostedModel:
        """Return a model that who calls sees; NotFoundError names the nearest ones."""
        model = self._models.get(identifier)
        if model is None or not may_see(model.id, model.owner):
            raise unknown_name("model", identifier, self.ids())
        return model

    def has(self, identifier: str) -> bool:
        """Return whether there is a model of that id, whoever sees it."""
        return identifier in self._models

    def ready(self, identifier: str) -> tuple[Place, Gate]:
        """Return what is needed to run a model; ConflictError where it is not READY, nor about to be so again.

        ServerUnavailableError where it is being loaded: it is asked for again.
        """
        model = self.get(identifier)
        usable = model.state is State.READY or model.is_moving
        if model.state is State.LOADING and not usable:
            raise ServerUnavailableError(
                f"Model {identifier!r} is being loaded. Ask again in a moment.",
                reason="MODEL_LOADING",
                field="model",
                retry_seconds=1.0,
            )
        if not usable or model.place is None or model.gate is None:
            why = f" ({model.failure})" if model.failure else ""
            raise ConflictError(
                f"Model {identifier!r} is {model.state.value}{why}. Load it first.",
                reason="MODEL_NOT_LOADED",
                field="model",
            )
        return model.place, model.gate

    async def where(self, identifier: str) -> Mapping[str, Any]:
        """Return what loads a model that is READY, for a run that compares several."""
        self.ready(identifier)
        return await self._to_load(self.get(identifier))

    async def load(self, identifier: str, *, preprocessing: Mapping[str, Any] | None = None) -> HostedModel:
        """Make a model READY; preprocessing overrides what was found, and loads a READY model again."""
        model = self.get(identifier)
        return await self._change(model, lambda: self._load(model, preprocessing))

    async def unload(self, identifier: str) -> HostedModel:
        """Free a model's memory once its running calls have ended."""
        model = self.get(identifier)
        return await self._change(model, lambda: self._unload(model))

    async def register(self, identifier: str) -> HostedModel:
        """Take a folder of the repository that was put there after the start, and load it."""
        await asyncio.to_thread(self._repository.folder, identifier)
        await self.list_new(identifier)
        return await self.load(identifier)

    async def adopt(
        self, identifier: str, store: Callable[[], None], *, worker: Worker, owner: str
    ) -> HostedModel:
        """Let `store` put a model into the repository that `worker` has looked at, and load it, if it can be there.

        What is stored is listed, also where the caller leaves meanwhile. The worker ends unless the model lives in it.
        """

        def stored() -> str:
            store()
            return self._repository.looks(identifier)

        async def listed() -> HostedModel:
            looks = await asyncio.to_thread(stored)
            model = self._models.get(identifier) or self._enlist(identifier, owner=owner)
            model.looks, model.is_checked = looks, True
            return model

        async with AsyncExitStack() as unused:
            unused.push_async_callback(worker.close)
            self._require_free(identifier)
            model = await to_its_end(listed())

            async def loaded() -> HostedModel:
                unused.pop_all()  # it is the load's now, which goes on where the caller leaves
                async with _housed(model, worker):
                    return await self._load(model, None, worker)

            return await self._change(model, loaded)

    async def delete(self, identifier: str) -> None:
        """Unload a model, forget it, and remove its files if they were uploaded."""
        model = self.get(identifier)
        await self._change(
            model, lambda: self._forget(model, remove=lambda: self._repository.remove(model.id))
        )

    async def list_new(self, identifier: str) -> None:
        """List a folder that came into the repository, unless it is listed; it is loaded when somebody asks."""
        if self.has(identifier):
            return
        self.require_room()
        owner = await asyncio.to_thread(self._repository.owner, identifier)
        if not self.has(identifier):  # others may have come meanwhile, it among them
            self.require_room()
            self._enlist(identifier, owner=owner)

    async def reload(self, identifier: str) -> HostedModel:
        """Load a model whose files have changed again, with the preprocessing that it was loaded with."""
        model = self.get(identifier)

        async def again() -> HostedModel:
            await self._release(model)
            self._set(model, State.UNLOADED)
            return await self._load(model, model.override)

        return await self._change(model, again)

    async def forget(self, identifier: str) -> None:
        """Unload a model, and forget it; its files are gone already."""
        model = self.get(identifier)
        await self._change(model, lambda: self._forget(model))

    async def close(self) -> None:
        """Give up changes under way, such as a load that may take minutes, and unload all."""
        await self._changes.give_up()
        # All at once: each may have a process to end.
        await asyncio.gather(*(self._unload(model) for model in list(self._models.values())))
        await self.tenancy.close()

    def samples(self) -> Iterable[Sample]:
        """Return how many models are in which state, and who waits before them."""
        models = tuple(self._models.values())
        for state, count in Counter(model.state for model in models).items():
            yield Sample("inspector_models", count, {"state": state.value})
        for model in models:
            if (gate := model.gate) is not None:
                yield Sample("inspector_gate_running", gate.inside, {"gate": model.name})
                yield Sample("inspector_gate_waiting", gate.waiting, {"gate": model.name})

    async def manifest(self, identifier: str) -> Manifest | None:
        """Return what was uploaded under an id."""
        return (
            await asyncio.to_thread(self._repository.manifest, identifier) if self.has(identifier) else None
        )

    def require_room(self) -> None:
        """Raise LimitExceededError where no further model fits, or who calls has as many as it may."""
        owners = [model.owner for model in self._models.values()]
        require_few_owned(owners, most=self._settings.caller_models)
        if len(self._models) >= self._settings.max_models:
            raise LimitExceededError(
                f"This server holds at most {self._settings.max_models} models. Delete one first.",
                reason="TOO_MANY_MODELS",
                field="model_id",
            )

    def _require_free(self, identifier: str) -> None:
        self.require_room()
        if identifier in self._models:
            raise model_exists(identifier)

    def _enlist(self, identifier: str, *, owner: str) -> HostedModel:
        model = self._models[identifier] = HostedModel(id=identifier, owner=owner)
        self._health.set(model.name, NOT_SERVING)
        self._tell()
        return model

    # --- changes, each made while its model is busy

    async def _change(self, model: HostedModel, change: Callable[[], Awaitable[T]]) -> T:
        """Make a change once those before it are made; NotFoundError where one of them took the model away."""

        async def changed() -> T:
            if self._models.get(model.id) is not model:
                raise unknown_name("model", model.id, self.ids())
            return await change()

        return await self._changes.make(model.busy, changed)

    async def _load(
        self, model: HostedModel, preprocessing: Mapping[str, Any] | None, worker: Worker | None = None
    ) -> HostedModel:
        if model.state is State.READY:
            return await self._overridden(model, preprocessing) if preprocessing else model
        await self._release(model)
        self._set(model, State.LOADING)
        try:
            await self._settle(model, preprocessing, worker)
        except BaseException as error:
            self._set(model, State.FAILED, failure=why_of(error))
            raise
        model.gate = Gate(
            f"model {model.id!r}",
            running=self._settings.running_per_model,
            waiting=self._settings.waiting_per_model,
        )
        self._set(model, State.READY)
        log.info("Model %s is ready on %s", model.id, self.tenancy.device)
        return model

    async def _overridden(self, model: HostedModel, preprocessing: Mapping[str, Any]) -> HostedModel:
        """Let another preprocessing take the place of a READY model's; until then, and where it fails, it serves."""
        place, before = model.place, model.override
        assert place is not None  # noqa: S101 — of a model that is READY
        model.override = preprocessing
        try:
            about = await self._to_load(model)
            answer = await place.load(model.id, about, deadline=Deadline(self._settings.load_seconds))
        except BaseException:
            model.override = before
            raise
        model.info = model_pb2.ModelInfo.FromString(answer.body)
        return model

    async def _settle(
        self, model: HostedModel, preprocessing: Mapping[str, Any] | None, worker: Worker | None
    ) -> None:
        """Let a worker load a model that the sandbox has seen: the one that looked, where it lives on alone."""
        found = await asyncio.to_thread(self._repository.found, model.id)
        if found.looks != model.looks:
            model.looks, model.is_checked = found.looks, False
        if not model.is_checked:
            if worker is not None:  # it has seen other files
                await worker.close()
            worker = await self._sandbox.checked(found.folder)
            model.is_checked = True
        model.override = preprocessing
        async with _housed(model, worker):
            place = self.tenancy.place_of(model.id, is_uploaded=found.is_uploaded)
            try:
                about = await self._to_load(model)
                deadline = Deadline(self._settings.load_seconds)
                answer = await place.load(model.id, about, first=worker, deadline=deadline)
            except BaseException:
                await place.unload(model.id)
                raise
            model.info = model_pb2.ModelInfo.FromString(answer.body)
            model.place = place

    async def _to_load(self, model: HostedModel) -> Mapping[str, Any]:
        return {
            "folder": str(await asyncio.to_thread(self._repository.folder, model.id)),
            "device": self._settings.device,
            "preprocessing": model.override,
            "limits": self._settings.limits,
            "joining": {
                "of": self._settings.joining,
                "images": self._settings.joined_images,
                "delay": self._settings.joining_seconds,
            },
        }

    async def _unload(self, model: HostedModel) -> HostedModel:
        await self._release(model)
        self._set(model, State.UNLOADED)
        return model

    async def _forget(self, model: HostedModel, *, remove: Callable[[], object] = lambda: None) -> None:
        await self._release(model)
        await asyncio.to_thread(remove)
        del self._models[model.id]
        self._health.forget(model.name)
        self._tell()

    async def _release(self, model: HostedModel) -> None:
        """Close the gate, wait for those inside, and free the memory."""
        place, gate = model.place, model.gate
        if place is None or gate is None:
            return
        self._set(model, State.UNLOADING)
        await gate.close()
        model.info = model.place = model.gate = None
        await place.unload(model.id)

    def _is_seen_as(self, name: str) -> bool:
        """Return whether who calls sees what health knows under a name: a model, or else anything."""
        kind, _, identifier = name.partition("/")
        model = self._models.get(identifier)
        return kind != MODELS or (model is not None and may_see(model.id, model.owner))

    # --- what workers do

    def _away(self, identifier: str) -> None:
        """A model's worker has ended, and another is started for it."""
        model = self._models.get(identifier)
        if model is not None and model.state is State.READY:
            self._set(model, State.LOADING)
            model.is_moving = True

    def _back(self, identifier: str) -> None:
        model = self._models.get(identifier)
        if model is not None and model.is_moving:
            self._set(model, State.READY)

    def _lost(self, identifier: str, why: str) -> None:
        """A model cannot be loaded again, or ends its worker again and again."""
        model = self._models.get(identifier)
        if model is None or not (model.is_moving or model.state is State.READY):
            return
        log.error("Model %s failed: %s", identifier, why)
        self._set(model, State.FAILED, failure=why)

    def _set(self, model: HostedModel, state: State, *, failure: str = "") -> None:
        model.state, model.failure, model.is_moving = state, failure, False
        self._health.set(model.name, SERVING if state is State.READY else NOT_SERVING)
        self._tell()

    def _tell(self) -> None:
        """Tell whether models can be asked: not before the start is done, nor where every model failed."""
        states = [model.state for model in self._models.values()]
        can_run = not states or any(state is not State.FAILED for state in states)
        for name in (SERVER, INSPECTION):
            self._health.set(name, SERVING if self._is_open and can_run else NOT_SERVING)


@asynccontextmanager
async def _housed(model: HostedModel, worker: Worker | None) -> AsyncIterator[None]:
    """End a worker after the block, unless the model lives in it by then."""
    try:
        yield
    finally:
        if worker is not None and not (model.place is not None and model.place.has(worker)):
            await worker.close()
