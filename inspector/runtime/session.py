"""Sessions: a serialized graph and its weights, ready to run on one device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from enum import Enum
from types import MappingProxyType
from typing import TypeVar

import onnxruntime as ort

from inspector.errors import EngineError, InspectorError, InvalidModelError, LimitExceededError
from inspector.runtime.by_shape import ByShape
from inspector.runtime.device import Device, check_providers
from inspector.runtime.device_memory import Taken, is_used_up, memory_of, relieve
from inspector.runtime.failures import RUNTIME_FAILURES
from inspector.runtime.kernels import Kernels
from inspector.runtime.memory import share_arena
from inspector.runtime.rest import REST
from inspector.runtime.tensor import DeviceTensor
from inspector.runtime.threads import Spinning, set_threads
from inspector.types.arrays import Array
from inspector.types.control import NEVER, Cancellation

ort.disable_telemetry_events()  # in a process that had imported it before us


class Optimization(Enum):
    """How far ONNX Runtime may rewrite the graph."""

    NONE = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    """Loads fastest: for graphs that run once."""
    BASIC = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    """For QDQ models, unless their answers stand above it (docs/decisions/0072-quantized-levels.md)."""
    EXTENDED = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    """Adds fusions of several operators into ones that the device has: to compare with."""
    ALL = ort.GraphOptimizationLevel.ORT_ENABLE_ALL


T = TypeVar("T")

_FATAL = 4

_NO_CAPTURE = ("gpu_graph_id", "-1")
"""Says that no run is captured as a graph of the GPU, which none of our sessions asks for. Where nothing says so, ONNX
Runtime looks for it in every run, throws and catches an error: 30 of the 33 µs that it takes beside the graph."""


class Session:
    """One graph on one device; `run` is thread-safe."""

    def __init__(
        self,
        graph: bytes,
        *,
        weights: Mapping[str, DeviceTensor],
        constants: Mapping[str, DeviceTensor] = MappingProxyType({}),
        device: Device,
        optimization: Optimization = Optimization.ALL,
        spinning: Spinning = Spinning.RUNNING,
        threads: int | None = None,
        kernels: Kernels | None = None,
        prepacked: bool = False,
        plans_memory: bool = False,
    ) -> None:
        """Create the session, with as many threads as all have where `threads` is None.

        What `graph` names as external is given on the host.

        `kernels` are those whose operators the graph has; `prepacked` has ONNX Runtime lay out weights for its own,
        which makes a copy of them; `plans_memory` has it take one block for all that a run holds, planned at the first
        run of a shape: for many runs of few shapes. `weights` are shared with other sessions; `constants` are this
        session's alone, and can be forgotten once it is made, because ONNX Runtime then has its own copy.

        Raises InvalidModelError if ONNX Runtime refuses the graph, DeviceError if it falls back to another device,
        LimitExceededError where the device has no memory left for it.
        """
        self.device = device
        self._taken = Taken(device)
        self._is_on_host = not device.has_own_memory
        self._weights = dict(weights)
        self._threads = 0

        def made() -> ort.InferenceSession:
            options = self._options(optimization, constants, spinning, threads, prepacked=prepacked)
            # Its patterns, of one block for all that a run takes, are held beside what the first run took.
            options.enable_mem_pattern = plans_memory or device.kind != "cpu"
            if kernels is not None:
                kernels.register(options)
            with self._taken.noted():
                session = ort.InferenceSession(graph, options, providers=device.providers)
            session.disable_fallback()  # a run that fails is an error, and not done again elsewhere
            return session

        try:
            self._session = self._with_room(made)
        except RUNTIME_FAILURES as error:
            raise self._full(error) or InvalidModelError(
                f"ONNX Runtime {ort.__version__} cannot load this graph: {_one_line(error)}{_mend(error)}",
                reason="MODEL_REFUSED",
            ) from error
        check_providers(self._session, device)
        # What makes more of them keeps the constants: only where it is needed.
        self._by_shape = ByShape(self._session, made) if device.plans_by_shape else None
        self.inputs = tuple(i.name for i in self._session.get_inputs())
        self.outputs = tuple(o.name for o in self._session.get_outputs())
        copies = 2 if prepacked else 1
        self._size = len(graph) + sum(w.nbytes for w in self._weights.values()) * copies
        self._size += sum(w.nbytes for w in constants.values())

    @property
    def size(self) -> int:
        """The bytes of the graph and what it holds, as many times as there are sessions of it."""
        return self._size * self._copies

    @property
    def device_bytes(self) -> int:
        """The bytes that it took of the device's own memory so far, as far as that can be told; 0 on the host."""
        return self._taken.bytes

    @property
    def threads(self) -> int:
        """How many threads of its own it has, beside the one that runs it; in all sessions of the graph."""
        return self._threads * self._copies

    @property
    def _copies(self) -> int:
        return 1 if self._by_shape is None else len(self._by_shape)

    def _options(
        self,
        optimization: Optimization,
        constants: Mapping[str, DeviceTensor],
        spinning: Spinning,
        threads: int | None,
        *,
        prepacked: bool,
    ) -> ort.SessionOptions:
        options = ort.SessionOptions()
        self._threads = set_threads(options, spinning=spinning, count=threads) - 1
        share_arena(options)
        options.graph_optimization_level = optimization.value
        options.log_severity_level = 3
        # Together these two let sessions use one copy of a dense weight; either alone, or prepacking, copies it.
        options.add_session_config_entry("session.disable_prepacking", "0" if prepacked else "1")
        given = {**self._weights, **constants}
        options.add_external_initializers(list(given), [w.value for w in given.values()])
        if self._is_on_host:
            for name, weight in self._weights.items():
                options.add_initializer(name, weight.value)
        return options

    def run(
        self,
        feeds: Mapping[str, DeviceTensor | Array],
        fetch: Sequence[str],
        *,
        cancellation: Cancellation | None = None,
    ) -> dict[str, DeviceTensor]:
        """Run and return the fetched tensors, left on the device.

        Raises CancelledError when the token ends the run, EngineError when ONNX Runtime fails, LimitExceededError where
        that is for want of the device's memory, also without the sessions that nobody runs.
        """
        token = NEVER if cancellation is None else cancellation
        # ONNX Runtime looks at `terminate` between two nodes, and what was terminated once fails for ever: each run
        # gets options of its own.
        options = ort.RunOptions()
        options.log_severity_level = _FATAL  # what it would print of a failure is in our error
        options.add_run_config_entry(*_NO_CAPTURE)
        with token.stopping(lambda: setattr(options, "terminate", True)):
            REST.begun()
            try:
                values = self._with_room(lambda: self._planned(feeds, fetch, options))
            except RUNTIME_FAILURES as error:
                token.raise_if_cancelled()
                raise self._full(error) or EngineError(
                    f"ONNX Runtime failed: {_one_line(error)}", reason="RUN_FAILED"
                ) from error
            finally:
                REST.ended()
        token.raise_if_cancelled()
        return dict(zip(fetch, map(DeviceTensor, values), strict=True))

    def _planned(
        self, feeds: Mapping[str, DeviceTensor | Array], fetch: Sequence[str], options: ort.RunOptions
    ) -> Sequence[ort.OrtValue]:
        """Run in the session for these shapes; its first run of them takes memory that it keeps."""
        if self._by_shape is None:
            return self._ran(self._session, feeds, fetch, options)
        shapes = tuple(tuple(feed.shape) for feed in feeds.values())
        noting = nullcontext() if shapes in self._by_shape else self._taken.noted()
        session = self._by_shape.get(shapes)
        with noting:
            return self._ran(session, feeds, fetch, options)

    def _with_room(self, do: Callable[[], T]) -> T:
        """Do something; where the device's memory is used up, once more without the sessions that nobody runs."""
        try:
            return do()
        except RUNTIME_FAILURES as error:
            if not is_used_up(error, self.device):
                raise
        relieve()
        return do()

    def _full(self, error: Exception) -> InspectorError | None:
        """Return what to say of a failure for want of the device's memory."""
        if not is_used_up(error, self.device):
            return None
        memory = memory_of(self.device)
        left = "" if memory is None else f" ({memory.free >> 20:,} MiB of {memory.total >> 20:,} are free)"
        return LimitExceededError(
            f"The memory of {self.device.name} is used up{left}, also without the sessions that nobody runs: "
            f"{_one_line(error)}. Give fewer or smaller images, end what else uses the device, or ask for "
            "device='cpu'.",
            reason="DEVICE_MEMORY_USED_UP",
        )

    def _ran(
        self,
        session: ort.InferenceSession,
        feeds: Mapping[str, DeviceTensor | Array],
        fetch: Sequence[str],
        options: ort.RunOptions,
    ) -> Sequence[ort.OrtValue]:
        """Run, and return what is fetched, in the device's memory.

        Where that is not the host's it must be said; and only so, an input that nothing fetched needs can be left out.
        """
        given = {
            name: value if isinstance(value, DeviceTensor) else DeviceTensor.place(value, self.device)
            for name, value in feeds.items()
        }
        if self._is_on_host and len(given) == len(self.inputs):
            found: Sequence[ort.OrtValue] = session.run_with_ort_values(
                fetch, {name: tensor.value for name, tensor in given.items()}, options
            )
            return found
        binding, memory, index = ort.IOBinding(session), self.device.memory, self.device.index
        for name, tensor in given.items():
            binding.bind_ortvalue_input(name, tensor.value)
        for name in fetch:
            binding.bind_output(name, memory, index)
        session.run_with_iobinding(binding, options)
        return list(binding.get_outputs())


def _mend(error: Exception) -> str:
    """Say what to do where a kernel is missing, which mostly is one for bfloat16 or float64."""
    if "NOT_IMPLEMENTED" not in str(error) and "bfloat16" not in str(error):
        return ""
    return (
        " This device has no kernel for that operator in the model's type or opset: convert the model to float32 or "
        "float16 (or to another opset), or use another device."
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
