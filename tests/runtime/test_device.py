"""Devices: what is asked for is what runs, or an error says why not."""

from __future__ import annotations

import onnxruntime as ort
import pytest

from inspector.errors import DeviceError
from inspector.runtime.device import CPU, Device, check_providers, resolve_device
from tests.support.graphs import model, node
from tests.support.sessions import plain_session

HAS_CUDA = "CUDAExecutionProvider" in ort.get_available_providers()
without_cuda = pytest.mark.skipif(HAS_CUDA, reason="this ONNX Runtime has CUDA")

RELU = model([node("Relu", ["x"], "y")], shape=(1,)).SerializeToString()


def test_the_cpu_is_always_there() -> None:
    assert resolve_device("cpu") == CPU
    assert CPU.name == "cpu"
    assert CPU.providers == ["CPUExecutionProvider"]


@pytest.mark.parametrize("name", ["", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "cuda:0 "])
def test_an_unknown_device_is_refused_with_what_is_allowed(name: str) -> None:
    with pytest.raises(DeviceError, match=r"'auto', 'cpu', 'cuda', 'cuda:N'") as error:
        resolve_device(name)
    assert error.value.reason == "DEVICE_UNKNOWN"
    assert error.value.field == "device"


@without_cuda
@pytest.mark.parametrize("name", ["cuda", "cuda:3"])
def test_cuda_where_it_is_missing_is_an_error_that_names_the_providers(name: str) -> None:
    with pytest.raises(
        DeviceError, match=rf"'{name}' cannot be used.*CPUExecutionProvider.*device='cpu'"
    ) as error:
        resolve_device(name)
    assert error.value.reason == "DEVICE_UNAVAILABLE"


@without_cuda
def test_auto_is_the_cpu_where_there_is_no_cuda() -> None:
    assert resolve_device("auto") == CPU


def test_names_of_devices() -> None:
    assert Device("cuda", 2).name == "cuda:2"
    first = Device("cuda", 2).providers[0]
    assert isinstance(first, tuple)
    assert (first[0], first[1]["device_id"]) == ("CUDAExecutionProvider", "2")


def test_a_session_that_fell_back_is_refused() -> None:
    """ONNX Runtime answers a request for CUDA where it is missing with a session on the CPU."""
    session = plain_session(RELU)

    check_providers(session, CPU)
    with pytest.raises(DeviceError, match=r"asked for cuda:0 came up on CPUExecutionProvider"):
        check_providers(session, Device("cuda"))


@pytest.mark.cuda
def test_cuda_runs_on_cuda() -> None:
    if not HAS_CUDA:
        pytest.skip("this ONNX Runtime was built without CUDA")
    try:
        device = resolve_device("cuda")
    except DeviceError as error:
        pytest.skip(error.message)
    assert device.name == "cuda:0"
    assert resolve_device("auto") == device
    with pytest.raises(DeviceError):
        resolve_device("cuda:99")
