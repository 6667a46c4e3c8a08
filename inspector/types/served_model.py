"""A model of a server: what is stored there, and what it can do now."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.results.model_info import ModelInfo


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """One model of a server's repository."""

    name: str
    """Its id, without "models/"."""
    state: str
    """"unloaded", "loading", "ready", "unloading" or "failed"."""
    failure: str
    """Why the last load failed, or nothing."""
    info: ModelInfo | None
    """What is known of it; None unless it is ready."""
