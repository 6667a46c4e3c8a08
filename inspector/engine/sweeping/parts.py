"""The sessions of a model's parts: single-threaded, since several variants of an image run beside each other."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from inspector.engine.kept import Kept
from inspector.engine.sessions import Opened
from inspector.errors import EngineError
from inspector.graph.incremental.costs import Costs
from inspector.graph.incremental.parting import Parting
from inspector.graph.incremental.route import Route
from inspector.graph.incremental.stages import Stage
from inspector.graph.pack import PackedGraph
from inspector.runtime.session import Session
from inspector.types.arrays import Array

_MOST_ROUTES = 8
"""That are kept: a sweep of the same places over another image goes the same way."""
_MOST_WINDOWS = 100_000
"""Of all changes on all maps, of a route that is kept."""


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What comes after the stages."""

    session: Session
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class PartSessions:
    """Makes the sessions of parts when they are first needed. Thread-safe; one value of the cache of sessions."""

    def __init__(self, parting: Parting, opened: Opened) -> None:
        self.parting = parting
        self.opened = opened
        """Opens one more session of their kind."""
        self._lock = threading.Lock()
        self._stages: dict[str, Session] = {}
        self._rests: dict[tuple[str, ...], Rest | None] = {}
        self._routes: Kept[Hashable, Route] = Kept(most=_MOST_ROUTES)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        rests = [rest.session for rest in self._rests.values() if rest is not None]
        return sum(session.size for session in [*self._stages.values(), *rests])

    @property
    def device_bytes(self) -> int:
        """Bytes of all of them of a device's own memory: they are made on the host alone."""
        return 0

    @property
    def threads(self) -> int:
        """Threads of all of them: none beside those that run them."""
        return 0

    def __contains__(self, output: str) -> bool:
        """Return whether the session of the stage that gives a map is there."""
        return output in self._stages

    def route(self, boxes: Array, costs: Costs, *, count: int) -> Route:
        """Return the cheapest route for changes within (K, axes, 2) boxes, of which `count` run at a time."""
        best = self.parting.routes.best
        if len(boxes) * len(self.parting.stages) > _MOST_WINDOWS:
            return best(boxes, costs, count=count)
        key = (boxes.shape, boxes.tobytes(), count)
        return self._routes.get(key, lambda: best(boxes, costs, count=count))

    def stage(self, stage: Stage) -> Session:
        """Return the session of a stage."""
        with self._lock:
            if stage.output not in self._stages:
                self._stages[stage.output] = self.opened(_packed(self.parting.stage(stage), stage.output))
            return self._stages[stage.output]

    def rest(self, whole: Sequence[str]) -> Rest | None:
        """Return what is computed of whole maps, None where nothing that is asked for is."""
        key = tuple(whole)
        with self._lock:
            if key not in self._rests:
                inputs, outputs, graph = self.parting.rest(key)
                session = self.opened(_packed(graph, "the rest"), often=True) if outputs else None
                self._rests[key] = (
                    None if session is None else Rest(session=session, inputs=inputs, outputs=outputs)
                )
            return self._rests[key]


def _packed(graph: PackedGraph | None, what: str) -> PackedGraph:
    if graph is None:
        raise EngineError(f"The part of the model that gives {what!r} cannot be taken by itself.")
    return graph
