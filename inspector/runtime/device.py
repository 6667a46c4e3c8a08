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

# Relu on one float, opset 13, as a serialized ModelProto: the smallest model that a provider can accept or refuse.
_PROBE_MODEL = bytes.fromhex(
    "080812003a330a0c0a0178120179220452656c751201705a0f0a0178120a0a08080112040a020801620f0a0179120a0a"
    "08080112040a02080142040a00100d"
)


_CUDA = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
"""Whole float32, since a map of TensorFloat-32 differs from the CPU's by a tenth of its maximum; and no trying of all
kernels for each new shape, which takes seconds (docs/decisions/0063-cuda.md)."""


@dataclass(frozen=True)
class Device:
    """A place where sessions run and tensors live."""

    kind: str
    """"cpu" or "cuda", as ONNX Runtime names devices."""
    index: int = 0

    @property
    def name(self) -> str:
        """The name users write: "cpu", "cuda:0"."""
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"

    @property
    def providers(self) -> list[str | tuple[str, dict[str, str]]]:
        """What to ask ONNX Runtime for; the CPU stays as the fallback of single operators."""
        if self.kind == "cpu":
            return ["CPUExecutionProvider"]
        return [("CUDAExecutionProvider", {"device_id": str(self.index), **_CUDA}), "CPUExecutionProvider"]

    @property
    def plans_by_shape(self) -> bool:
        """Whether kernels are planned for the shape of the last run only, so that few shapes are the fastest."""
        return self.kind == "cuda"

    @property
    def required_provider(self) -> str:
        """The provider that a session must report back."""
        return "CPUExecutionProvider" if self.kind == "cpu" else "CUDAExecutionProvider"


CPU = Device("cpu")

_REFUSALS: tuple[type[Exception], ...] = (DeviceError, *RUNTIME_FAILURES)


def resolve_device(name: str) -> Device:
    """Return the device for "auto", "cpu", "cuda" or "cuda:N"; DeviceError if it is unknown or not usable."""
    match = re.fullmatch(r"auto|cpu|cuda(?::(\d+))?", name)
    if match is None:
        raise DeviceError(
            f"There is no device {name!r}. Allowed: 'auto', 'cpu', 'cuda', 'cuda:N'.",
            reason="DEVICE_UNKNOWN",
            field="device",
        )
    if name == "cpu":
        return CPU
    cuda = Device("cuda", int(match.group(1) or 0))
    refusal = _why_unusable(cuda)
    if refusal is None:
        return cuda
    if name == "auto":
        return CPU
    raise DeviceError(
        f"Device {name!r} cannot be used: {refusal}. Available providers: {', '.join(ort.get_available_providers())}. "
        "Install the extra 'gpu' on a machine with an NVIDIA driver, or ask for device='cpu' or 'auto'.",
        field="device",
    )


def check_providers(session: ort.InferenceSession, device: Device) -> None:
    """Raise DeviceError if the session does not run where it was asked to."""
    got = session.get_providers()
    if device.required_provider not in got:
        raise DeviceError(
            f"A session asked for {device.name} came up on {', '.join(got)}: ONNX Runtime fell back in silence. "
            "Check the CUDA and cuDNN libraries, or ask for device='cpu'."
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
        session = ort.InferenceSession(_PROBE_MODEL, options, providers=device.providers)
        check_providers(session, device)
    except _REFUSALS as error:
        return str(error).splitlines()[0].rstrip(".")
    return None
