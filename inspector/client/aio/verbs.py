"""Verbs as coroutines: every registered request. Their types stand in verbs.pyi, which is generated."""

from __future__ import annotations

from typing import Any

from inspector.errors import nearest
from inspector.face.verb import Verb
from inspector.types.requests.base import REQUESTS

CONTROLS = ("progress", "timeout")
"""Parameters of every verb that say how it runs: a task is cancelled as any other, and needs no token."""


class AsyncVerbs:
    """Finds a model's verbs among the requests."""

    def __getattr__(self, name: str) -> Any:
        request = REQUESTS.get(name)
        if request is None:
            raise AttributeError(
                f"A model has no verb {name!r}.{nearest(name, REQUESTS)}", name=name, obj=self
            )
        return Verb(self, request, controls=CONTROLS)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *REQUESTS]
