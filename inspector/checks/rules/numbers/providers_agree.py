"""Answers that depend on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.agreement import TOLERANCE, Agreement, Answers, Difference
from inspector.checks.measures.repeats import require_repeats
from inspector.checks.measures.trials import trials
from inspector.checks.rule import Found, rule
from inspector.engine.engine import Engine
from inspector.errors import DeviceError, EngineError, InvalidModelError
from inspector.runtime.device import Device, compared_devices, resolve_device
from inspector.runtime.providers import PROVIDERS
from inspector.types.arrays import Array
from inspector.types.control import Cancellation


@rule(
    "providers-agree",
    family="numbers",
    severity="warning",
    rationale="What was tested on one device is served on another: the answers should be the same.",
    mend="Serve it on the device that it was tested on, or look for the first layer that differs, by --baseline.",
    needs=("runs",),
)
def providers_agree(examination: Examination, *, tolerance: float = TOLERANCE) -> Iterator[Found]:
    """Find execution providers of ONNX Runtime that are present, and do not give the answers of the one in use.

    Of those that may be asked for as a device, and OpenVINO, oneDNN, XNNPACK and Core ML, on which models are served.
    """
    engine, token = examination.run.engine, examination.run.control.cancellation
    devices = _others(engine.device)
    require_repeats(examination)
    images = examination.measured(trials)
    agreement = Agreement(examination, tolerance=tolerance)
    reference = list(_answers(engine, images, agreement.outputs, token))
    for device in devices:
        token.raise_if_cancelled()
        try:
            with engine.elsewhere(device) as other:
                found = agreement.first(reference, _answers(other, images, agreement.outputs, token))
                if found is not None:
                    yield _told(engine, other, *found)
        except (DeviceError, EngineError, InvalidModelError) as error:
            yield Found(
                subject=device.name,
                message=f"On {device.name} it does not run, as it does on {engine.device.name}: {error.message}",
                measured="an error",
                allowed="answers",
            )


def _others(own: Device) -> list[Device]:
    """Return the devices that are there beside the own one; SkippedError says why there is none."""
    found, reasons = [], []
    for kind in PROVIDERS:
        if kind == own.kind:
            continue
        try:
            found.append(resolve_device(kind))
        except DeviceError as error:
            reasons.append(error.message.partition(". ")[0])
    found += compared_devices()
    if not found:
        raise SkippedError(f"there is no provider beside {own.name} here. {'. '.join(reasons)}.")
    return found


def _told(engine: Engine, other: Engine, index: int, found: Difference) -> Found:
    return Found(
        subject=f"{found.output} on {other.device.name}",
        kind="output",
        message=f"On {other.device.name}, output {found.output!r} of image {index} {found.text}, against "
        f"{engine.device.name}.",
        measured=found.measured,
        allowed=found.allowed,
    )


def _answers(
    engine: Engine, images: Sequence[Array], outputs: Sequence[str], token: Cancellation
) -> Iterator[Answers]:
    for image in images:
        chunk = engine.filled(image)
        found = engine.fetch(chunk, outputs, cancellation=token)
        yield {name: engine.values(name, tensor, chunk, images=1) for name, tensor in found.items()}
