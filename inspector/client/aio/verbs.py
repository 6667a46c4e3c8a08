"""Verbs as coroutines: every registered request. Their types stand in verbs.pyi, which is generated."""

from __future__ import annotations

from inspector.face.verbs import Verbs


class AsyncVerbs(Verbs):
    """Finds a model's verbs among the requests."""

    # A task is cancelled as any other, and needs no token.
    _controls = ("progress", "timeout")
