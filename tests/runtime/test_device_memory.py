"""A device's own memory: it is asked for what sessions took, they are bounded by it, its want is an error of its own.

Where there is no such device the CPU is made to be one, and what it says of its memory is planted.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

import inspector
from inspector.errors import DeviceError, EngineError, InvalidModelError, LimitExceededError
from inspector.runtime import device_memory
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU, Device, resolve_device
from inspector.runtime.device_memory import Memory, Taken, is_used_up, memory_of, relieve
from inspector.runtime.session import Session
from tests.runtime.test_cache import Weighed
from tests.support import graphs
from tests.support.small_cnn import images, small_cnn

MIB = 1 << 20
PLENTY = Memory(free=9 << 30, total=16 << 30)
CUBLAS = "CUBLAS failure 3: the resource allocation failed ; GPU=0 ; expr=cublasCreate(&cublas_handle_);"


def relu() -> bytes:
    return graphs.model([graphs.node("Relu", ["x"], "y")], shape=("N",)).SerializeToString()


def session() -> Session:
    return Session(relu(), weights={}, device=CPU)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "has_own_memory", property(lambda self: True))


def plant(monkeypatch: pytest.MonkeyPatch, *said: Memory | None) -> None:
    """Let the device say this of its memory, in turn and round again."""
    answers = itertools.cycle(said)
    for place in ("inspector.runtime.device_memory.memory_of", "inspector.runtime.session.memory_of"):
        monkeypatch.setattr(place, lambda device: next(answers))


def test_the_host_says_nothing() -> None:
    assert memory_of(CPU) is None


def test_without_its_library_nor_does_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_memory, "_library", lambda: None)
    assert memory_of(Device("cuda")) is None


def test_what_is_taken_is_what_gets_less(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [90, 60, 60, 70, 70, 65]  # the second block gives back, which is somebody else's
    plant(monkeypatch, *(Memory(free=free, total=100) for free in said))
    taken = Taken(Device("cuda"))
    for _ in range(3):
        with taken.noted():
            pass
    assert taken.bytes == 35


def test_a_session_takes_when_it_is_made_and_at_its_first_run_of_a_shape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Device, "plans_by_shape", property(lambda self: True))
    frees = itertools.count(9 << 30, -MIB)
    monkeypatch.setattr(
        "inspector.runtime.device_memory.memory_of", lambda device: Memory(free=next(frees), total=16 << 30)
    )
    made = session()
    found = [made.device_bytes]
    for count in (1, 1, 2, 1, 2):
        made.run({"x": np.ones(count, np.float32)}, ["y"])
        found.append(made.device_bytes)
    # The second shape has a session of its own, which is made, and both are noted.
    assert [one // MIB for one in found] == [1, 2, 2, 2 + 1 + 1, 4, 4]


# --- bounds


def test_sessions_are_bounded_by_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = SessionCache(max_bytes=1 << 30, max_device_bytes=10)
    for number in range(9):
        cache.get(number, lambda: Weighed(device_bytes=4))
    assert len(cache) == 2
    cache.get("host", Weighed)
    assert len(cache) == 3


def test_unless_told_otherwise_by_half_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.runtime.cache.most_bytes", lambda: PLENTY.total // 2)
    cache = SessionCache(max_bytes=1 << 30)
    for number in range(9):
        cache.get(number, lambda: Weighed(device_bytes=3 << 30))
    assert len(cache) == 2
    monkeypatch.setattr("inspector.runtime.cache.most_bytes", lambda: None)
    for number in range(9):
        cache.get(number, lambda: Weighed(device_bytes=3 << 30))
    assert len(cache) == 9


# --- where it is used up


@pytest.mark.parametrize(
    "said",
    [
        CUBLAS,
        "CUDA failure 2: out of memory ; GPU=0",
        "CUDNN failure 5000: CUDNN_STATUS_ALLOC_FAILED",
        "Non-zero status code returned while running Conv node. Failed to allocate memory for requested buffer",
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_it_is_known_by_what_the_libraries_say(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    plant(monkeypatch, PLENTY)
    assert is_used_up(RuntimeError(said), CPU)


@pytest.mark.usefixtures("elsewhere")
def test_and_by_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("CUDNN failure 4000: CUDNN_STATUS_INTERNAL_ERROR")
    plant(monkeypatch, PLENTY)
    assert not is_used_up(error, CPU)
    plant(monkeypatch, PLENTY._replace(free=8 * MIB))
    assert is_used_up(error, CPU)
    plant(monkeypatch, None)
    assert not is_used_up(error, CPU)


def test_the_hosts_own_failures_stay_what_they_are() -> None:
    assert not is_used_up(RuntimeError("out of memory"), CPU)


def test_all_caches_give_up_what_they_hold() -> None:
    caches = [SessionCache(max_bytes=1 << 30) for _ in range(2)]
    for cache in caches:
        cache.get("one", Weighed)
    relieve()
    assert list(map(len, caches)) == [0, 0]


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception, *, times: int) -> Callable[[], int]:
    """Let runs fail so many times; return how often they were tried."""
    real, tries = Session._ran, itertools.count()

    def ran(self: Session, *given: Any) -> Any:
        if next(tries) < times:
            raise error
        return real(self, *given)

    monkeypatch.setattr(Session, "_ran", ran)
    return lambda: next(tries)


@pytest.mark.usefixtures("elsewhere")
def test_a_run_is_done_again_once_others_gave_up_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, PLENTY)
    cache = SessionCache(max_bytes=1 << 30)
    made = cache.get("one", session)
    tried = failing(monkeypatch, RuntimeError(CUBLAS), times=1)
    found = made.run({"x": np.full(3, -1, np.float32)}, ["y"])["y"].numpy()
    assert (tried(), found.tolist(), len(cache)) == (2, [0, 0, 0], 0)


@pytest.mark.usefixtures("elsewhere")
def test_where_that_does_not_help_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, PLENTY)
    made = session()
    tried = failing(monkeypatch, RuntimeError(CUBLAS), times=9)
    with pytest.raises(
        LimitExceededError,
        match=r"memory of cpu is used up \(9,216 MiB of 16,384 are free\).*fewer or smaller",
    ) as error:
        made.run({"x": np.ones(1, np.float32)}, ["y"])
    assert (error.value.reason, tried()) == ("DEVICE_MEMORY_USED_UP", 2)


@pytest.mark.usefixtures("elsewhere")
def test_other_failures_are_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, PLENTY)
    made = session()
    tried = failing(monkeypatch, RuntimeError("CUDNN_STATUS_BAD_PARAM"), times=9)
    with pytest.raises(EngineError, match="BAD_PARAM"):
        made.run({"x": np.ones(1, np.float32)}, ["y"])
    assert tried() == 1


@pytest.mark.parametrize(
    ("said", "kind"), [(CUBLAS, LimitExceededError), ("no such operator", InvalidModelError)]
)
@pytest.mark.usefixtures("elsewhere")
def test_nor_is_a_session_made_that_has_no_room(
    monkeypatch: pytest.MonkeyPatch, said: str, kind: type[Exception]
) -> None:
    plant(monkeypatch, PLENTY)

    def refused(*_: Any, **__: Any) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(ort, "InferenceSession", refused)
    with pytest.raises(kind, match=said.partition(":")[0]):
        session()


# --- on a real one


@pytest.fixture
def cuda() -> Device:
    try:
        return resolve_device("cuda")
    except DeviceError as error:
        pytest.skip(error.message)


@contextmanager
def filled() -> Iterator[None]:
    """Take the device's memory to the last few MiB for a block."""
    library = device_memory._library()
    assert library is not None
    library.cudaMalloc.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_size_t]
    library.cudaFree.argtypes = [ctypes.c_void_p]
    held: list[ctypes.c_void_p] = []
    for size in (4 << 30, 512 * MIB, 32 * MIB, 2 * MIB):
        while not library.cudaMalloc(ctypes.byref(place := ctypes.c_void_p()), size):
            held.append(place)
    library.cudaGetLastError()
    try:
        yield
    finally:
        for place in held:
            library.cudaFree(place)


@pytest.mark.cuda
def test_the_device_says_how_much_it_has(cuda: Device) -> None:
    memory = memory_of(cuda)
    assert memory is not None
    assert 0 < memory.free < memory.total


@pytest.mark.cuda
def test_sessions_stay_within_their_bound(cuda: Device) -> None:
    cache = SessionCache(max_bytes=1 << 30, max_device_bytes=1 << 30)
    before = memory_of(cuda)
    with inspector.load(small_cnn(), device=cuda.name, sessions=cache) as model:
        layers = [layer.name for layer in model.layers()]
        for first, second in itertools.combinations(layers, 2):
            model.activations(images(2), layers=[first, second])
        assert 1 < len(cache) < len(layers) * (len(layers) - 1) / 2
        gc.collect()
        after = memory_of(cuda)
    assert before is not None
    assert after is not None
    assert before.free - after.free < 1.5 * (1 << 30)


@pytest.mark.cuda
@pytest.mark.skipif(
    "PYTEST_XDIST_WORKER" in os.environ, reason="tests beside this one need the device's memory"
)
def test_a_full_device_is_told_and_it_works_again_once_there_is_room(cuda: Device) -> None:
    with inspector.load(small_cnn(), device=cuda.name, sessions=SessionCache(max_bytes=1 << 30)) as model:
        expected = model.attribute(images(1), target=1).maps
        relieve()
        with filled(), pytest.raises(LimitExceededError, match=r"memory of cuda:0 is used up") as error:
            model.attribute(images(1), target=1)
        assert error.value.reason == "DEVICE_MEMORY_USED_UP"
        found = model.attribute(images(1), target=1).maps
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
