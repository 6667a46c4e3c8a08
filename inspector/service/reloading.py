"""The repository is looked at again and again: models that came are listed, those that went are forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from inspector.errors import InspectorError
from inspector.service.failures import log_failure
from inspector.service.hosted_model import State
from inspector.service.hosting import Models
from inspector.service.repository import Repository
from inspector.service.security.caller import OPEN, acting_as

log = logging.getLogger(__name__)


class Reloader:
    """Follows a repository's folder. For one event loop.

    What has changed counts once it looks the same twice: a model that is still being copied is left alone.
    """

    def __init__(self, models: Models, repository: Repository, *, loads: bool) -> None:
        """With `loads`, models that came are loaded too."""
        self._models = models
        self._repository = repository
        self._loads = loads
        self._before: dict[str, str] = {}

    async def run(self, *, every: float) -> None:
        """Look for ever, every so many seconds."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.look()
            except (OSError, InspectorError) as error:  # of the folder: the next look may go well
                log.warning("The repository cannot be looked at: %s", error)

    async def look(self) -> None:
        """Look once, and do what follows from what changed since the last look and has stayed so."""
        with acting_as(OPEN):
            # Read before the folder is: what is uploaded during the look is not among those that are gone.
            listed = set(self._models.ids())
            before, found = self._before, await asyncio.to_thread(self._found)
            self._before = found
            for identifier in sorted(listed - found.keys() - before.keys()):
                log.info("Model %s is gone from the repository", identifier)
                await self._try(identifier, self._models.forget(identifier))
            for identifier, looks in found.items():
                if before.get(identifier) != looks:
                    continue
                is_there = self._models.has(identifier)
                if not is_there and identifier not in listed:  # what was listed has been deleted since
                    await self._try(identifier, self._came(identifier))
                elif is_there and self._has_changed(identifier, looks):
                    log.info("Model %s has changed, and is loaded again", identifier)
                    await self._try(identifier, self._models.reload(identifier))

    def _found(self) -> dict[str, str]:
        found = {}
        for identifier in self._repository.ids():
            try:
                found[identifier] = self._repository.looks(identifier)
            except (OSError, InspectorError):  # it changes just now
                found[identifier] = ""
        return found

    def _has_changed(self, identifier: str, looks: str) -> bool:
        model = self._models.get(identifier)
        return model.state in (State.READY, State.FAILED) and model.looks not in ("", looks)

    async def _came(self, identifier: str) -> None:
        log.info("Model %s came into the repository", identifier)
        await self._models.list_new(identifier)
        if self._loads:
            await self._models.load(identifier)

    async def _try(self, identifier: str, change: Awaitable[object]) -> None:
        try:
            await change
        except Exception as error:  # noqa: BLE001 — the repository is followed all the same
            log_failure(log, f"Model {identifier}", error)
