"""Models in which an attribute has the value zero: 0, 0.0 or [0, …], where its operator's default is another value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import onnx
from onnx import defs, helper
from onnx.reference import ReferenceEvaluator
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from inspector.grad.rule import RULES
from inspector.operators.defaults import default_of
from inspector.operators.domains import STANDARD
from tests.grad.hand_made import FLOAT_CASES
from tests.grad.judging import differentiable, drawn, node_tests
from tests.support import schemas
from tests.support.numeric import Comparison, Feeds, compare, compare_in_runtime, to_float32
from tests.support.sessions import NEWEST_OPSET, plain_session

NUMERIC = (defs.OpSchema.AttrType.INT, defs.OpSchema.AttrType.FLOAT, defs.OpSchema.AttrType.INTS)
_TRIED = 150
"""How many models of an operator, the smallest ones, are tried until some may have the value and it matters there."""

_CODES = "it is judged on codes (tests/grad/cases_quantized.py, pair per first axis)"
_POSITIVE = "ONNX Runtime takes values above 0 only"
_SIZE = "sizes, steps and counts are 1 or more"
_TRAINING = "it has a meaning in training only"
_WITHOUT = "it is what holds without the attribute"
_TYPE = "it names a type, and 0 is none"
NEVER_ZERO: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "blocksize", "dilations", "group", "k", "kernel_shape", "kv_num_heads", "num_groups", "num_heads",
            "num_outputs", "offset_group", "output_height", "output_shape", "output_width", "p", "pooled_shape",
            "q_num_heads", "size", "split", "strides",
        ),
        _SIZE,
    ),
    **dict.fromkeys(("softmax_precision", "stash_type", "to"), _TYPE),
    "output_padding": _WITHOUT,
    "pads": _WITHOUT,
    "perm": "it is a permutation",
    "momentum": _TRAINING,
    "ratio": _TRAINING,
    "seed": _TRAINING,
    "saturate": "it has a meaning for 8-bit floats only, which have no derivative to compare with",
    "sorted": "the order is left open then",
}  # fmt: skip
"""By attribute, of whatever operator: why no case has the value zero."""

NOT_ZERO: Mapping[tuple[str, str], str] = {
    ("Celu", "alpha"): "it divides",
    ("CenterCropPad", "axes"): "it is the batch, which has no center",
    ("DequantizeLinear", "axis"): _CODES,
    ("LRN", "alpha"): _POSITIVE,
    ("LRN", "beta"): _POSITIVE,
    ("MaxRoiPool", "spatial_scale"): _POSITIVE,
    ("QuantizeLinear", "axis"): _CODES,
    (
        "ReverseSequence",
        "batch_axis",
    ): "ONNX's own tests of the operator have it, together with time_axis = 1",
    ("Resize", "axes"): "it is the batch, which is not resampled",
    ("Slice", "axes"): _WITHOUT,
    ("Slice", "ends"): "nothing is left",
    ("TensorScatter", "axis"): "it is the batch, which the operator does not allow",
}
"""By operator and attribute: why no case has the value zero."""


JUDGED: Mapping[tuple[str, str], int] = {
    ("MeanVarianceNormalization", "axes"): 1,  # over two images nothing but signs would be left
}
"""By operator and attribute: how many models are judged, where not three."""


@dataclass(frozen=True)
class Zeroed:
    """A model, where its inputs are, and what its gradient is by."""

    model: onnx.ModelProto
    feeds: Feeds
    wrt: str
    source: str
    op_type: str

    def holds(self) -> bool:
        """Return whether the rule agrees with a difference, in the reference evaluator or in the runtime.

        Each of them is wrong somewhere: the one rounds to float32, the other knows no float64.
        """
        return any(self._holds(by) for by in (compare, compare_in_runtime))

    def _holds(self, by: Callable[..., Comparison]) -> bool:
        try:
            found = by(self.model, self.feeds, wrt=self.wrt, source=self.source, rng=np.random.default_rng(0))
        except Exception:  # noqa: BLE001  (the other one is asked; where neither can say, the rule has failed)
            return False
        return found.holds


def attributes() -> Iterator[tuple[str, str]]:
    """Yield the numeric attributes of ruled operators, by operator, whose default is not zero."""
    for op_type in sorted({op_type for domain, op_type, _ in RULES if domain == STANDARD}):
        found = {
            name
            for schema in schemas.history().get(op_type, ())
            if schema.since_version in schemas.versions(op_type)
            for name, attribute in schema.attributes.items()
            if attribute.type in NUMERIC
        }
        for name in sorted(found):
            defaults = {
                default_of((STANDARD, op_type), name, opset)
                for opset in schemas.opsets(op_type)
                if name in defs.get_schema(op_type, opset).attributes
            }
            if defaults != {0}:
                yield op_type, name


def reason(op_type: str, attribute: str) -> str | None:
    """Return why an attribute is never zero, or None."""
    return NOT_ZERO.get((op_type, attribute)) or NEVER_ZERO.get(attribute)


def zeroed(op_type: str, attribute: str) -> Iterator[Zeroed]:
    """Yield models of the operator with the value zero that a runtime takes."""
    found = 0
    for model, feeds, wrt, source in islice(_models(op_type), _TRIED):
        zero, default = (_with(model, op_type, attribute, is_zero=is_zero) for is_zero in (True, False))
        if zero is None or default is None:
            continue
        case = Zeroed(zero, feeds, wrt, source, op_type)
        if _is_out_of_bounds(case):
            continue
        if found < JUDGED.get((op_type, attribute), 6) and _differ(
            run(case), run(replace(case, model=default))
        ):
            found += 1
            yield case


def _differ(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Return whether a model may have the value, and gives something else with it than without."""
    if one is None or one.size == 0:
        return False
    return other is None or one.shape != other.shape or not np.array_equal(one, other, equal_nan=True)


def run(case: Zeroed) -> np.ndarray | None:
    """Return what ONNX Runtime makes of a model, or, where it does not have the operator, the reference evaluator.

    None where they say that the value is not allowed.
    """
    single = {
        name: np.asarray(x, np.float32) if x.dtype == np.float64 else x for name, x in case.feeds.items()
    }
    if max(entry.version for entry in case.model.opset_import) > NEWEST_OPSET:
        return _by_reference(case)
    try:
        return plain_session(to_float32(case.model)).run([case.source], single)[0]
    except (runtime.NotImplemented, runtime.InvalidGraph):
        return _by_reference(case)
    except Exception:  # noqa: BLE001  (whatever the runtime says against the value)
        return None


def _by_reference(case: Zeroed) -> np.ndarray | None:
    try:
        return ReferenceEvaluator(case.model).run([case.source], case.feeds)[0]
    except Exception:  # noqa: BLE001  (it has no one error for what it does not know)
        return None


def _is_out_of_bounds(case: Zeroed) -> bool:
    """Return whether indices do not fit; the runtime looks over some."""
    try:
        ReferenceEvaluator(case.model).run([case.source], case.feeds)
    except IndexError:
        return True
    except Exception:  # noqa: BLE001  (as above)
        return False
    return False


@functools.cache
def _models(op_type: str) -> list[tuple[onnx.ModelProto, Feeds, str, str]]:
    found = [
        (case.model, {"x": case.image(np.random.default_rng(1))}, "x", case.source)
        for case in FLOAT_CASES
        if any(node.op_type == op_type for node in case.model.graph.node)
    ]
    found += [
        (_runnable(case.model), drawn(case, np.random.default_rng(1)), name, case.model.graph.output[0].name)
        for case in node_tests(op_type)
        for name in differentiable(case)
    ]
    return sorted(found, key=lambda item: (len(item[0].graph.node), sum(x.size for x in item[1].values())))


def _runnable(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model at the newest opset that the runtime knows, where its operators mean the same there."""
    opset = model.opset_import[0].version
    if opset <= NEWEST_OPSET:
        return model
    names = {node.op_type for node in model.graph.node}
    if any(schemas.version_at(name, opset) != schemas.version_at(name, NEWEST_OPSET) for name in names):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.opset_import[0].version = NEWEST_OPSET
    return copy


def _with(model: onnx.ModelProto, op_type: str, name: str, *, is_zero: bool) -> onnx.ModelProto | None:
    """Return a copy whose first node of the operator has the value zero, or does not say it.

    None where its version has no such attribute.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    opset = next(entry.version for entry in copy.opset_import if entry.domain in ("", "ai.onnx"))
    node = next(node for node in copy.graph.node if node.op_type == op_type)
    has_it = schemas.version_at(op_type, opset) is not None
    known = defs.get_schema(op_type, opset).attributes.get(name) if has_it else None
    if known is None:
        return None
    given = next((item for item in node.attribute if item.name == name), None)
    count = len(given.ints) if given is not None else 1
    if given is not None:
        node.attribute.remove(given)
    value = {
        defs.OpSchema.AttrType.INT: 0,
        defs.OpSchema.AttrType.FLOAT: 0.0,
        defs.OpSchema.AttrType.INTS: list(range(count)) if name == "axes" else [0] * count,
    }[known.type]
    if is_zero:
        node.attribute.append(helper.make_attribute(name, value))
    for output in copy.graph.output:
        output.type.tensor_type.ClearField("shape")
    return copy
