"""Sessions: a serialized graph and its weights, ready to run on one device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType

import onnxruntime as ort

from inspector.errors import EngineError, InvalidModelError
from inspector.runtime.by_shape import ByShape
from inspector.runtime.device import Device, check_providers
from inspector.runtime.failures import RUNTIME_FAILURES
from inspector.runtime.memory import share_arena
from inspector.runtime.tensor import DeviceTensor
from inspector.runtime.threads import Spinning, set_threads
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

ort.disable_telemetry_events()  # in a process that had imported it before us


class Optimization(Enum):
    """How far ONNX Runtime may rewrite the graph."""

    NONE = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    """Loads fastest: for graphs that run once."""
    BASIC = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    """For QDQ models: above it, CPUs without VNNI flip answers (top-1 of 5 to 14 images in 40)."""
    ALL = ort.GraphOptimizationLevel.ORT_ENABLE_ALL


_FATAL = 4


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
    ) -> None:
        """Create the session. What `graph` names as external is given on the host.

        `weights` are shared with other sessions; `constants` are this session's alone, and can be forgotten once it
        is made, because ONNX Runtime then has its own copy.

        Raises InvalidModelError if ONNX Runtime refuses the graph, DeviceError if it falls back to another device.
        """
        self.device = device
        self._weights = dict(weights)
        self.threads = 0
        """How many threads of its own it has, beside the one that runs it."""

        def made() -> ort.InferenceSession:
            options = self._options(optimization, constants, spinning)
            return ort.InferenceSession(graph, options, providers=device.providers)

        try:
            self._session = made()
        except RUNTIME_FAILURES as error:
            raise InvalidModelError(
                f"ONNX Runtime {ort.__version__} cannot load this graph: {_one_line(error)}{_mend(error)}",
                reason="MODEL_REFUSED",
            ) from error
        check_providers(self._session, device)
        # What makes more of them keeps the constants: only where it is needed.
        self._by_shape = ByShape(self._session, made) if device.plans_by_shape else None
        self.inputs = tuple(i.name for i in self._session.get_inputs())
        self.outputs = tuple(o.name for o in self._session.get_outputs())
        self._size = len(graph) + sum(w.nbytes for w in (*self._weights.values(), *constants.values()))

    @property
    def size(self) -> int:
        """The bytes of the graph and what it holds, as many times as there are sessions of it."""
        return self._size * (1 if self._by_shape is None else len(self._by_shape))

    def _options(
        self, optimization: Optimization, constants: Mapping[str, DeviceTensor], spinning: Spinning
    ) -> ort.SessionOptions:
        options = ort.SessionOptions()
        self.threads = set_threads(options, spinning=spinning) - 1
        share_arena(options)
        options.graph_optimization_level = optimization.value
        options.log_severity_level = 3
        # Together these two let sessions use one copy of a dense weight; either alone, or prepacking, copies it.
        options.add_session_config_entry("session.disable_prepacking", "1")
        given = {**self._weights, **constants}
        options.add_external_initializers(list(given), [w.value for w in given.values()])
        if self.device.kind == "cpu":
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

        Raises CancelledError when the token ends the run, EngineError when ONNX Runtime fails.
        """
        token = cancellation or Cancellation()
        # ONNX Runtime looks at `terminate` between two nodes, and what was terminated once fails for ever: each run
        # gets options of its own.
        options = ort.RunOptions()
        options.log_severity_level = _FATAL  # what it would print of a failure is in our error
        with token.stopping(lambda: setattr(options, "terminate", True)):
            try:
                session = self._session_for(feeds)
                binding = self._bind(session, feeds, fetch)
                session.run_with_iobinding(binding, options)
            except RUNTIME_FAILURES as error:
                token.raise_if_cancelled()
                raise EngineError(f"ONNX Runtime failed: {_one_line(error)}", reason="RUN_FAILED") from error
        token.raise_if_cancelled()
        return {name: DeviceTensor(v) for name, v in zip(fetch, binding.get_outputs(), strict=True)}

    def _session_for(self, feeds: Mapping[str, DeviceTensor | Array]) -> ort.InferenceSession:
        if self._by_shape is None:
            return self._session
        return self._by_shape.get(tuple(tuple(feed.shape) for feed in feeds.values()))

    def _bind(
        self, session: ort.InferenceSession, feeds: Mapping[str, DeviceTensor | Array], fetch: Sequence[str]
    ) -> ort.IOBinding:
        binding = ort.IOBinding(session)
        for name, value in feeds.items():
            tensor = value if isinstance(value, DeviceTensor) else DeviceTensor.place(value, self.device)
            binding.bind_ortvalue_input(name, tensor.value)
        for name in fetch:
            binding.bind_output(name, self.device.kind, self.device.index)
        return binding


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
