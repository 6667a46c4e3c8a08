"""What judges the rules: ONNX's own tests, as they are, with random inputs, and at older opsets; and by what."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from onnx.reference import ReferenceEvaluator
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented  # noqa: A004 (its name there)

from inspector.grad.rule import RULES
from tests.grad.cases import Case
from tests.grad.node_test_notes import JUDGED_BY_RUNTIME, LEFT_OUT, OTHERWISE_WRITTEN, inside
from tests.support.node_tests import NodeCase, at_other_opsets, node_cases
from tests.support.numeric import Comparison, Feeds, compare, compare_in_runtime, to_float32
from tests.support.sessions import NEWEST_OPSET, plain_session

ON_CODES = ("QLinear", "QGemm", "ConvInteger", "MatMulInteger")
STEPS = {op_type for _, op_type, _ in RULES if "quantize" in op_type.lower() or op_type.startswith(ON_CODES)}
"""Operators on codes, whose outputs are steps: their twins judge them (test_quantized.py)."""

OPERATORS = sorted({op_type for _, op_type, _ in RULES} - STEPS)

CONSTANT_INPUTS = {
    "BatchNormalization": {1, 2, 3, 4},
    "Clip": {1, 2},
    "DeformConv": {1, 3},
    "Dropout": {1},
    "Pad": {2},
}
"""Inputs that are constants in every exported CNN: their rules declare no gradient for them."""

CONSTANT_IN_MODE = {"test_roialign_mode_max": {1}}
"""By ONNX's test: the same, in the mode that it is of."""

IN_TRAINING = ("training", "train")
"""In the names of ONNX's tests of operators in training mode."""

_AT_MOST = 8
"""How many of an operator's tests, the smallest ones, are judged again at each other opset."""

_LARGEST = 2000
"""Of so many elements at most: the reference evaluator takes seconds for a large pooling."""


@dataclass(frozen=True)
class Verdict:
    """A comparison, and which gradient of which model it judges."""

    case: str
    opset: int
    wrt: str
    comparison: Comparison

    @property
    def holds(self) -> bool:
        """Whether the rule passes."""
        return self.comparison.holds


def judge(case: Case, rng: np.random.Generator) -> Comparison:
    """Judge the rules in a hand-made case."""
    judged_by = compare if case.judge == "reference" else compare_in_runtime
    return judged_by(case.model, {"x": case.image(rng)}, wrt="x", source=case.source, rng=rng)


def judge_node_tests(op_type: str) -> Iterator[Verdict]:
    """Judge an operator's rules on ONNX's own tests of it, by each input of floats."""
    rng = np.random.default_rng(0)
    judged_by = compare_in_runtime if op_type in JUDGED_BY_RUNTIME else compare
    for case in own_tests(op_type):
        for wrt in differentiable(case):
            for feeds in (_nudged(case, rng), drawn(case, rng)):
                with np.errstate(
                    invalid="ignore"
                ):  # a row of attention that is masked whole is 0/0 on its way
                    found = judged_by(case.model, feeds, wrt=wrt, source=_output(case), rng=rng)
                yield Verdict(case.name, case.opset, wrt, found)
    for case in older_tests(op_type):
        for wrt in differentiable(case):
            with np.errstate(invalid="ignore"):
                found = _judge_at_its_opset(case, wrt, rng)
            yield Verdict(case.name, case.opset, wrt, found)


@functools.cache
def own_tests(op_type: str) -> tuple[NodeCase, ...]:
    """Return ONNX's tests of an operator that say something of its rules."""
    return tuple(
        case
        for case in node_cases()
        if case.op_type == op_type
        and not in_training(case)
        and case.name not in LEFT_OUT
        and differentiable(case)
    )


@functools.cache
def older_tests(op_type: str) -> tuple[NodeCase, ...]:
    """Return the smallest of an operator's tests at each other opset where it changed and takes their form."""
    by_opset: dict[int, list[NodeCase]] = defaultdict(list)
    for case in sorted(own_tests(op_type), key=_size):
        for moved in at_other_opsets(case) if _size(case) <= _LARGEST else ():
            by_runtime = op_type in JUDGED_BY_RUNTIME
            if (op_type, moved.opset) not in OTHERWISE_WRITTEN and not (
                by_runtime and moved.opset > NEWEST_OPSET
            ):
                by_opset[moved.opset].append(moved)
    return tuple(case for opset in sorted(by_opset) for case in by_opset[opset][:_AT_MOST])


def node_tests(op_type: str) -> tuple[NodeCase, ...]:
    """Return all models of ONNX's own that an operator's rules are judged by."""
    return (*own_tests(op_type), *older_tests(op_type))


def in_training(case: NodeCase) -> bool:
    """Return whether a test is of an operator in training mode."""
    return any(word in case.name for word in IN_TRAINING)


def differentiable(case: NodeCase) -> list[str]:
    """Return the inputs that the rule has a gradient for."""
    constants = CONSTANT_INPUTS.get(case.op_type, set()) | CONSTANT_IN_MODE.get(case.name, set())
    return [name for index, name in case.float_inputs if index not in constants]


def _judge_at_its_opset(case: NodeCase, wrt: str, rng: np.random.Generator) -> Comparison:
    """Judge at an opset whose meaning of the operator the reference evaluator may not know, but ONNX Runtime does."""
    feeds = drawn(case, rng)
    known = case.op_type not in JUDGED_BY_RUNTIME and _reference_knows(case, feeds)
    return (compare if known else compare_in_runtime)(
        case.model, feeds, wrt=wrt, source=_output(case), rng=rng
    )


def _reference_knows(case: NodeCase, feeds: Feeds) -> bool:
    if case.opset > NEWEST_OPSET:
        return True
    single = {name: array.astype(np.float32) for name, array in feeds.items()}
    try:
        expected = plain_session(to_float32(case.model)).run([_output(case)], single)[0]
    except NotImplemented:  # for these types: nobody else to ask
        return True
    try:
        found = ReferenceEvaluator(case.model).run([_output(case)], feeds)[0]
    except TypeError:  # BatchNormalization of opset 7 stumbles over its own outputs
        return False
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-3, atol=1e-3)


def _nudged(case: NodeCase, rng: np.random.Generator) -> Feeds:
    """Return the test's own inputs, moved off the kinks."""
    feeds = {name: np.asarray(x + 0.01 * rng.standard_normal(x.shape)) for name, x in case.feeds.items()}
    return inside(case.op_type, feeds)


def drawn(case: NodeCase, rng: np.random.Generator) -> Feeds:
    """Return random inputs away from 0, no two close, positive where the test's are."""
    feeds = dict(case.feeds)
    names = differentiable(case)
    count = sum(feeds[name].size for name in names)
    sizes = rng.permutation(count) * 1.7 / count + 0.3
    for name in names:
        size, sizes = sizes[: feeds[name].size].reshape(feeds[name].shape), sizes[feeds[name].size :]
        signs = 1 if (feeds[name] >= 0).all() else rng.choice([-1, 1], size.shape)
        feeds[name] = np.asarray(size * signs)
    return inside(case.op_type, feeds)


def _output(case: NodeCase) -> str:
    return case.model.graph.output[0].name


def _size(case: NodeCase) -> int:
    return sum(array.size for array in case.feeds.values())
