"""Execution providers: what a kind of device means to ONNX Runtime, and which of them are offered.

A provider is offered where it gave the CPU's answers and gradients on every model of the zoo
(tests/runtime/test_parity.py). One that has not been through that yet is on trial, and one that failed is refused by
name (docs/providers.md says which to take, docs/decisions/0072-quantized-levels.md why).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Options = dict[str, str]

ON_TRIAL = "INSPECTOR_PROVIDERS_ON_TRIAL"
"""The environment variable that names, with commas between, kinds of device on trial that may be used all the same."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What a kind of device means."""

    kind: str
    """As users write it: "cpu", "cuda"."""
    name: str
    """As ONNX Runtime names the provider that must come up."""
    memory: str
    """As ONNX Runtime names the device where tensors lie."""
    options: Callable[[int], Options]
    """Of the provider, by the device's index."""
    behind: tuple[str, ...] = ()
    """The kinds that take the operators which this one does not, in their order."""
    plans_by_shape: bool = False
    """Whether kernels are planned for the shape of the last run only, so that few shapes are the fastest."""
    requires: Mapping[str, str] | None = None
    """Environment variables that must be set before the process starts, for the model's own answers."""
    is_on_trial: bool = False
    """Whether it has not been through the zoo yet."""
    install: str = ""
    """How to get it, as a sentence."""


def _cuda(index: int) -> Options:
    """Whole float32, since a map of TensorFloat-32 differs from the CPU's by a tenth of its maximum; and no trying of
    all kernels for each new shape, which takes seconds (docs/decisions/0063-cuda.md).
    """
    return {"device_id": str(index), "use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}


def _tensorrt(index: int) -> Options:
    """Nothing below the model's own types."""
    return {"device_id": str(index), "trt_fp16_enable": "0", "trt_int8_enable": "0", "trt_bf16_enable": "0"}


PROVIDERS: Mapping[str, Provider] = {
    one.kind: one
    for one in (
        Provider(kind="cpu", name="CPUExecutionProvider", memory="cpu", options=lambda _index: {}),
        Provider(
            kind="cuda",
            name="CUDAExecutionProvider",
            memory="cuda",
            options=_cuda,
            behind=("cpu",),
            plans_by_shape=True,
            install="Install the extra 'gpu' on a machine with an NVIDIA driver",
        ),
        Provider(
            kind="tensorrt",
            name="TensorrtExecutionProvider",
            memory="cuda",
            options=_tensorrt,
            behind=("cuda", "cpu"),
            plans_by_shape=True,
            requires={"NVIDIA_TF32_OVERRIDE": "0"},
            is_on_trial=True,
            install="Install the extra 'gpu' and the package 'tensorrt' on a machine with an NVIDIA driver",
        ),
    )
}
"""By kind."""

COMPARED: Mapping[str, Provider] = {
    one.kind: one
    for one in (
        Provider(kind=kind, name=name, memory="cpu", options=lambda _index: {})
        for kind, name in (
            ("openvino", "OpenVINOExecutionProvider"),
            ("dnnl", "DnnlExecutionProvider"),
            ("xnnpack", "XnnpackExecutionProvider"),
            ("coreml", "CoreMLExecutionProvider"),
        )
    )
}
"""By kind, those on which `check` compares a model's answers, since models are served there, and nothing else runs."""

REFUSED: Mapping[str, str] = {
    "openvino": "its gradients are wrong (HardSigmoid with a steep slope, by which rectifiers are masked, gives 0.5 "
    "where it is 1), and it was no faster than the CPU's own provider",
}
"""Kinds that failed, and what they failed of."""


def allowed_names() -> str:
    """Return what users may write for a device."""
    kinds = [kind for kind in PROVIDERS if kind != "cpu"]
    return ", ".join(["'auto'", "'cpu'", *(f"'{kind}', '{kind}:N'" for kind in kinds)])


def why_refused(kind: str) -> str | None:
    """Return why a kind of device is not to be had here, as a sentence without its end, before it is looked for."""
    if kind in REFUSED:
        return REFUSED[kind]
    provider = PROVIDERS[kind]
    if provider.is_on_trial and kind not in [
        name.strip() for name in os.environ.get(ON_TRIAL, "").split(",")
    ]:
        return (
            f"it has not been compared with the CPU on the zoo's models yet. {ON_TRIAL}={kind} lets it run all the "
            "same; docs/providers.md says how to compare"
        )
    wrong = [
        f"{name}={value}"
        for name, value in (provider.requires or {}).items()
        if os.environ.get(name) != value
    ]
    if wrong:
        return f"it rounds float32 to TensorFloat-32 unless the process was started with {' '.join(wrong)}"
    return None
