"""Devices: which execution provider a name means, and whether it is really there.

ONNX Runtime answers a request for CUDA where it is missing with a warning and a session on the CPU. So nothing
here believes a list: a device counts as usable only when a session asked for it reports it back.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import onnxruntime as ort

from inspector.errors import DeviceError
from inspector.runtime.failures import RUNTIME_FAILURES
from inspector.runtime.providers import COMPARED, PROVIDERS, REFUSED, Provider, allowed_names, why_refused

# Relu on one float, opset 13, as a serialized ModelProto: the smallest model that a provider can accept or refuse.
PROBE_MODEL = bytes.fromhex(
    "080812003a330a0c0a0178120179220452656c751201705a0f0a0178120a0a08080112040a020801620f0a0179120a0a"
    "08080112040a02080142040a00100d"
)


@dataclass(frozen=True)
class Device:
    """A place where sessions run and tensors live."""

    kind: str
    """A key of `PROVIDERS`: "cpu", "cuda", "tensorrt"; or one of `COMPARED`."""
    index: int = 0

    @property
    def name(self) -> str:
        """The name users write: "cpu", "cuda:0", "tensorrt:0"."""
        return self.kind if self.kind in ("cpu", *COMPARED) else f"{self.kind}:{self.index}"

    @property
    def providers(self) -> list[str | tuple[str, dict[str, str]]]:
        """What to ask ONNX Runtime for; the CPU stays as the fallback of single operators."""
        asked = [self._provider, *(PROVIDERS[kind] for kind in self._provider.behind)]
        options = [(one.name, one.options(self.index)) for one in asked]
        return [(name, given) if given else name for name, given in options]

    @property
    def memory(self) -> str:
        """Where tensors lie, as ONNX Runtime names it: "cpu" or "cuda"."""
        return self._provider.memory

    @property
    def has_own_memory(self) -> bool:
        """Whether tensors have to be brought there from the host."""
        return self.memory != "cpu"

    @property
    def plans_by_shape(self) -> bool:
        """Whether kernels are planned for the shape of the last run only, so that few shapes are the fastest."""
        return self._provider.plans_by_shape

    @property
    def required_provider(self) -> str:
        """The provider that a session must report back."""
        return self._provider.name

    @property
    def _provider(self) -> Provider:
        return PROVIDERS.get(self.kind) or COMPARED[self.kind]


CPU = Device("cpu")

_REFUSALS: tuple[type[Exception], ...] = (DeviceError, *RUNTIME_FAILURES)


def resolve_device(name: str) -> Device:
    """Return the device for "auto", "cpu", or a kind of `PROVIDERS` with or without ":N".

    "auto" is CUDA where that works, else the CPU. DeviceError where a device is unknown, refused or not usable.
    """
    if name == "cpu":
        return CPU
    if name == "auto":
        cuda = Device("cuda")
        return cuda if _why_unusable(cuda) is None else CPU
    kind, index = _parsed(name)
    refusal = why_refused(kind)
    if refusal is not None:
        raise DeviceError(
            f"Device {name!r} is not offered: {refusal}. Ask for device='cpu' or 'auto'.", field="device"
        )
    device = Device(kind, index)
    refusal = _why_unusable(device)
    if refusal is None:
        return device
    raise DeviceError(
        f"Device {name!r} cannot be used: {refusal}. Available providers: {', '.join(ort.get_available_providers())}. "
        f"{PROVIDERS[kind].install}, or ask for device='cpu' or 'auto'.",
        field="device",
    )


def compared_devices() -> list[Device]:
    """Return the devices of `COMPARED` that are there: on them answers are compared, and nothing else is run."""
    return [one for one in map(Device, COMPARED) if _why_unusable(one) is None]


def _parsed(name: str) -> tuple[str, int]:
    kinds = "|".join(kind for kind in (*PROVIDERS, *REFUSED) if kind != "cpu")
    match = re.fullmatch(rf"({kinds})(?::(\d+))?", name)
    if match is None:
        raise DeviceError(
            f"There is no device {name!r}. Allowed: {allowed_names()}.",
            reason="DEVICE_UNKNOWN",
            field="device",
        )
    return match.group(1), int(match.group(2) or 0)


def runtime_version() -> str:
    """Return the version of ONNX Runtime."""
    return str(ort.__version__)


def check_providers(session: ort.InferenceSession, device: Device) -> None:
    """Raise DeviceError if the session does not run where it was asked to."""
    got = session.get_providers()
    if device.required_provider not in got:
        raise DeviceError(
            f"A session asked for {device.name} came up on {', '.join(got)}: ONNX Runtime fell back in silence. "
            f"Check the libraries of {device.required_provider}, or ask for device='cpu'."
        )


@functools.cache
def _why_unusable(device: Device) -> str | None:
    if device.required_provider not in ort.get_available_providers():
        return f"this ONNX Runtime was built without {device.required_provider}"
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(PROBE_MODEL, options, providers=device.providers)
        check_providers(session, device)
    except _REFUSALS as error:
        return str(error).splitlines()[0].rstrip(".")
    return None
