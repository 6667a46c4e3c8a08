"""Which providers are offered, and what is said of the others."""

from __future__ import annotations

import onnxruntime as ort
import pytest

from inspector.errors import DeviceError
from inspector.runtime.device import CPU, Device, resolve_device
from inspector.runtime.providers import ON_TRIAL, PROVIDERS, REFUSED, allowed_names

without_tensorrt = pytest.mark.skipif(
    "TensorrtExecutionProvider" in ort.get_available_providers(), reason="this ONNX Runtime has TensorRT"
)


def test_names_that_are_allowed_are_all_told() -> None:
    assert allowed_names() == "'auto', 'cpu', 'cuda', 'cuda:N', 'tensorrt', 'tensorrt:N'"


def test_openvino_is_refused_by_name_with_what_it_failed_of() -> None:
    with pytest.raises(
        DeviceError, match=r"'openvino' is not offered: its gradients are wrong .*HardSigmoid.*device='cpu'"
    ):
        resolve_device("openvino")
    assert not REFUSED.keys() & PROVIDERS.keys()


def test_one_on_trial_is_not_offered_until_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ON_TRIAL, raising=False)
    with pytest.raises(DeviceError, match=rf"'tensorrt:1' is not offered: .*zoo.*{ON_TRIAL}=tensorrt"):
        resolve_device("tensorrt:1")


def test_one_that_rounds_unless_told_before_the_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ON_TRIAL, "openvino, tensorrt")
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    with pytest.raises(DeviceError, match=r"TensorFloat-32 unless .* NVIDIA_TF32_OVERRIDE=0"):
        resolve_device("tensorrt")
    with pytest.raises(DeviceError, match="its gradients are wrong"):  # a trial does not mend what failed
        resolve_device("openvino")


@without_tensorrt
def test_one_that_is_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ON_TRIAL, "tensorrt")
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    with pytest.raises(
        DeviceError,
        match=r"'tensorrt' cannot be used: .*without TensorrtExecutionProvider.*package 'tensorrt'",
    ) as error:
        resolve_device("tensorrt")
    assert error.value.reason == "DEVICE_UNAVAILABLE"


def test_auto_never_takes_one_on_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ON_TRIAL, "tensorrt")
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    assert resolve_device("auto").kind in ("cpu", "cuda")


def test_what_is_asked_of_the_runtime() -> None:
    assert CPU.providers == ["CPUExecutionProvider"]
    asked = Device("tensorrt", 2).providers
    assert [one if isinstance(one, str) else one[0] for one in asked] == [
        "TensorrtExecutionProvider",
        "CUDAExecutionProvider",
        "CPUExecutionProvider",
    ]
    options = [one[1] for one in asked if not isinstance(one, str)]
    assert all(given["device_id"] == "2" for given in options)
    assert {options[0][name] for name in ("trt_fp16_enable", "trt_int8_enable", "trt_bf16_enable")} == {"0"}
    assert options[1]["use_tf32"] == "0"
    assert (Device("tensorrt").memory, Device("tensorrt").name) == ("cuda", "tensorrt:0")
    assert Device("tensorrt").required_provider == "TensorrtExecutionProvider"
