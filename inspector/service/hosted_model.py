"""One model of a server: its state, and what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from inspector.service.gate import Gate
from inspector.service.names import MODELS, name_of
from inspector.service.tenancy import Place
from inspector.v1 import model_pb2


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
