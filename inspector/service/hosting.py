"""The models of this server and their lives: unloaded, loading, ready, unloading, failed."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from inspector.errors import ConflictError, InspectorError, LimitExceededError, unknown_name
from inspector.service.changes import Changes
from inspector.service.gate import Gate
from inspector.service.health import NOT_SERVING, SERVER, SERVING, Health
from inspector.service.names import MODELS, name_of
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
    owner: str
    """Whose it is; empty for one of the service's: see `security.access`."""
    state: State = State.UNLOADED
    failure: str = ""
    info: model_pb2.ModelInfo | None = None
    """What is known of it, once it was loaded."""
    place: Place | None = None
    gate: Gate | None = None
    override: Mapping[str, Any] | None = None
    """What whoever loaded it last said of its preprocessing."""
    looks: str = ""
    """How its files looked when it was last to be loaded; see Repository.looks."""
    is_checked: bool = False
    """Whether the sandbox has seen them so."""
    is_moving: bool = False
    """Whether its worker is being started again; calls wait for it."""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the state changes."""

    @property
    def name(self) -> str:
        """The resource name."""
        return name_of(MODELS, self.id)


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
            self._enlist(identifier)
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
        """Return what is needed to run a model; ConflictError where it is not READY, nor about to be so again."""
        model = self.get(identifier)
        usable = model.state is State.READY or model.is_moving
        if not usable or model.place is None or model.gate is None:
            why = f" ({model.failure})" if model.failure else ""
            raise ConflictError(
                f"Model {identifier!r} is {model.state.value}{why}. Load it first.",
                reason="MODEL_NOT_LOADED",
                field="model",
            )
        return model.place, model.gate

    def where(self, identifier: str) -> Mapping[str, Any]:
        """Return what loads a model that is READY, for a run that compares several."""
        self.ready(identifier)
        return self._to_load(self.get(identifier))

    async def load(self, identifier: str, *, preprocessing: Mapping[str, Any] | None = None) -> HostedModel:
        """Make a model READY; preprocessing overrides what was found, and loads a READY model again."""
        model = self.get(identifier)
        return await self._changes.make(model.busy, lambda: self._load(model, preprocessing))

    async def unload(self, identifier: str) -> HostedModel:
        """Free a model's memory once its running calls have ended."""
        model = self.get(identifier)
        return await self._changes.make(model.busy, lambda: self._unload(model))

    async def register(self, identifier: str) -> HostedModel:
        """Take a folder of the repository that was put there after the start, and load it."""
        self._repository.folder(identifier)
        if identifier not in self._models:
            self.require_room()
            self._enlist(identifier)
        return await self.load(identifier)

    async def adopt(
        self, identifier: str, store: Callable[[], None], *, worker: Worker, owner: str
    ) -> HostedModel:
        """Let `store` put a model into the repository that `worker` has looked at, and load it, if it can be there.

        What is stored is listed, also where the caller leaves meanwhile.
        """

        def stored() -> str:
            store()
            return self._repository.looks(identifier)

        async def listed() -> HostedModel:
            looks = await asyncio.to_thread(stored)
            model = self._models.get(identifier) or self._enlist(identifier, owner=owner)
            model.looks, model.is_checked = looks, True
            return model

        try:
            self._require_free(identifier)
            model = await to_its_end(listed())
        except BaseException:
            await worker.close()
            raise
        return await self._changes.make(model.busy, lambda: self._load(model, None, worker))

    async def delete(self, identifier: str) -> None:
        """Unload a model, forget it, and remove its files if they were uploaded."""
        model = self.get(identifier)
        await self._changes.make(model.busy, lambda: self._delete(model))

    def list_new(self, identifier: str) -> None:
        """List a folder of the repository that was put there after the start; it is loaded when somebody asks."""
        self.require_room()
        self._enlist(identifier)

    async def reload(self, identifier: str) -> HostedModel:
        """Load a model whose files have changed again, with the preprocessing that it was loaded with."""
        model = self.get(identifier)

        async def again() -> HostedModel:
            await self._release(model)
            self._set(model, State.UNLOADED)
            return await self._load(model, model.override)

        return await self._changes.make(model.busy, again)

    async def forget(self, identifier: str) -> None:
        """Unload a model, and forget it; its files are gone already."""
        model = self.get(identifier)
        await self._changes.make(model.busy, lambda: self._forget(model))

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

    def manifest(self, identifier: str) -> Manifest | None:
        """Return what was uploaded under an id."""
        return self._repository.manifest(identifier) if identifier in self._models else None

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

    def _enlist(self, identifier: str, *, owner: str | None = None) -> HostedModel:
        kept = self._repository.owner(identifier) if owner is None else owner
        model = self._models[identifier] = HostedModel(id=identifier, owner=kept)
        self._health.set(model.name, NOT_SERVING)
        self._tell()
        return model

    # --- changes, each made while its model is busy

    async def _load(
        self, model: HostedModel, preprocessing: Mapping[str, Any] | None, worker: Worker | None = None
    ) -> HostedModel:
        self._require_listed(model)
        if model.state is State.READY:
            return await self._overridden(model, preprocessing) if preprocessing else model
        await self._release(model)
        self._set(model, State.LOADING)
        try:
            await self._settle(model, preprocessing, worker)
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
        log.info("Model %s is ready on %s", model.id, self.tenancy.device)
        return model

    async def _overridden(self, model: HostedModel, preprocessing: Mapping[str, Any]) -> HostedModel:
        """Let another preprocessing take the place of a READY model's; until then, and where it fails, it serves."""
        place, before = model.place, model.override
        assert place is not None  # noqa: S101 — of a model that is READY
        model.override = preprocessing
        try:
            deadline = Deadline(self._settings.load_seconds)
            answer = await place.load(model.id, self._to_load(model), deadline=deadline)
        except BaseException:
            model.override = before
            raise
        model.info = model_pb2.ModelInfo.FromString(answer.body)
        return model

    async def _settle(
        self, model: HostedModel, preprocessing: Mapping[str, Any] | None, worker: Worker | None
    ) -> None:
        """Let a worker load a model that the sandbox has seen: the one that looked, where it lives on alone."""
        looks = await asyncio.to_thread(self._repository.looks, model.id)
        if looks != model.looks:
            model.looks, model.is_checked = looks, False
        if not model.is_checked:
            worker = await self._sandbox.checked(self._repository.folder(model.id))
            model.is_checked = True
        model.override = preprocessing
        place = self.tenancy.place_of(model.id, is_uploaded=self._repository.manifest(model.id) is not None)
        try:
            deadline = Deadline(self._settings.load_seconds)
            answer = await place.load(model.id, self._to_load(model), first=worker, deadline=deadline)
        except BaseException:
            await place.unload(model.id)
            raise
        finally:
            if worker is not None and not place.has(worker):
                await worker.close()
        model.info = model_pb2.ModelInfo.FromString(answer.body)
        model.place = place

    def _to_load(self, model: HostedModel) -> Mapping[str, Any]:
        return {
            "folder": str(self._repository.folder(model.id)),
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

    async def _delete(self, model: HostedModel) -> None:
        self._require_listed(model)
        await self._forget(model, remove=lambda: self._repository.remove(model.id))

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
        return kind != MODELS or identifier in self.ids()

    def _require_listed(self, model: HostedModel) -> None:
        if self._models.get(model.id) is not model:  # deleted while we waited
            raise unknown_name("model", model.id, self.ids())

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
