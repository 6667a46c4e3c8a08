"""How models come into a worker and go; and what is known of them there."""

from __future__ import annotations

from inspector.engine.quantized.level import asked_for
from inspector.runtime.device import resolve_device
from inspector.runtime.kernels import usable_kernels
from inspector.runtime.threads import require_threads
from inspector.types.requests.base import REQUESTS
from inspector.v1 import model_pb2
from inspector.wire.codec import to_message
from inspector.worker.operation import Answer, Ask, Here, Lane, operation


@operation("hello", lane=Lane.LIVES)
def hello(_here: Here, ask: Ask) -> Answer:
    """Say what this worker runs on, and which verbs run no model; DeviceError where it cannot run there."""
    require_threads()
    usable_kernels()
    asked_for()
    device = resolve_device(ask.about["device"])
    quick = sorted(name for name, kind in REQUESTS.items() if not kind.runs_model)
    return Answer(about={"device": device.name, "quick": quick})


@operation("load", lane=Lane.LIVES)
def load(here: Here, ask: Ask) -> Answer:
    """Load a model, and tell what is known of it: the bytes of inspector.v1.ModelInfo."""
    made = here.models.load(ask.model, ask.about)
    return Answer(to_message(made.info, model_pb2.ModelInfo).SerializeToString())


@operation("unload", lane=Lane.LIVES)
def unload(here: Here, ask: Ask) -> Answer:
    """Forget a model."""
    here.models.unload(ask.model)
    return Answer()
