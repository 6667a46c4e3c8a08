"""`inspector.load`: from a file to a Model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from inspector.deferred import deferred
from inspector.errors import InvalidInputError, in_brief
from inspector.extras import engine_required
from inspector.face.model import Model
from inspector.plugins import load_plugins
from inspector.types.given import require_text
from inspector.types.preprocessing import Preprocessing, PreprocessingLike
from inspector.types.sources import ModelSource

T = TypeVar("T")

# onnx_ir needs sympy for arithmetic with symbolic dimensions only: a third of the time that importing the engine takes.
with engine_required(), deferred("sympy", "onnx_ir._symbolic_shapes"):
    from inspector.engine.engine import Engine
    from inspector.face.local import LocalBackend, OpenOthers
    from inspector.face.others import opened
    from inspector.model.checks.limits import Limits
    from inspector.model.read import read_model
    from inspector.runtime.cache import SessionCache
    from inspector.runtime.device import resolve_device
    from inspector.runtime.memory import release_free_memory

SESSIONS = SessionCache(max_bytes=4 << 30)
"""The sessions of all models of this process."""


def load(
    source: ModelSource,
    *,
    device: str = "auto",
    name: str | None = None,
    preprocessing: Preprocessing | PreprocessingLike | None = None,
    labels: Sequence[str] | None = None,
    layout: str | None = None,
    limits: Limits | None = None,
    sessions: SessionCache = SESSIONS,
    others: OpenOthers | None = None,
) -> Model:
    """Load an exported CNN: a path to an .onnx file, a folder with one (and its external data), or its bytes.

    `device` is "auto" (CUDA where it works, else the CPU), "cpu", "cuda" or "cuda:N". `preprocessing` overrides what
    is found in the file or beside it: a mapping overrides only its keys, and a string is the name of a preset:
    "imagenet", "caffe", "tf", "clip", "0..1", "0..255" or "-1..1". `layout` says which axis of the input is which
    ("NCHW", "NHWC", "NCL", …), where no convolution says it; a preprocessing may say it too. `others` opens the models
    that requests name beside this one, by default files by their paths. Raises InvalidModelError, LimitExceededError
    or DeviceError.
    """
    load_plugins()
    place = resolve_device(require_text(device, field="device"))
    model = read_model(
        source,
        name=None if name is None else require_text(name, field="name"),
        limits=_required(limits, Limits, field="limits") or Limits(),
        preprocessing=preprocessing,
        labels=labels,
        layout=None if layout is None else require_text(layout, field="layout"),
    )
    release_free_memory()
    given = _required(sessions, SessionCache, field="sessions")
    cache = SESSIONS if given is None else given  # an empty one is false
    engine = Engine(model, device=place, cache=cache)

    def open_beside(path: str) -> Engine:
        return Engine(read_model(path, limits=limits or Limits()), device=place, cache=cache)

    backend = LocalBackend(engine, others=others or (lambda: opened(open_beside)))
    return Model(backend, name=model.name, close=engine.close)


def _required(given: T | None, kind: type[T], *, field: str) -> T | None:
    """Return what is given; InvalidInputError where it is of another kind."""
    if given is None or isinstance(given, kind):
        return given
    raise InvalidInputError(
        f"{field} is {in_brief(given, long='a {}')}; give a {kind.__name__}.", field=field
    )
