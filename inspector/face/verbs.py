"""Verbs: every registered request is a method of a model. Their types stand in verbs.pyi, which is generated."""

from __future__ import annotations

from typing import Any

from inspector.errors import nearest
from inspector.face.verb import CONTROLS, Verb
from inspector.types.requests.base import REQUESTS


class Verbs:
    """Finds a model's verbs among the requests."""

    _controls: tuple[str, ...] = CONTROLS

    def __getattr__(self, name: str) -> Any:
        request = REQUESTS.get(name)
        if request is None:
            raise AttributeError(
                f"A model has no verb {name!r}.{nearest(name, REQUESTS)}", name=name, obj=self
            )
        return Verb(self, request, controls=self._controls)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *REQUESTS]
