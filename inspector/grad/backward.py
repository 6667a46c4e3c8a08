"""The engine's heart: reverse mode over an ONNX graph, written as another ONNX graph.

For a source tensor s, a target tensor x and seeds g, the graph computes the vector-Jacobian product gᵀ·∂s/∂x, or
what a policy puts in its place (reverse accumulation: Griewank & Walther, Evaluating Derivatives, ch. 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import onnx_ir as ir

from inspector.errors import NotFoundError
from inspector.grad.accumulate import accumulate, total
from inspector.grad.choice import Choice
from inspector.grad.path import find_blocks, find_path
from inspector.grad.policies.rectifiers import Rectifier, find_rectifiers
from inspector.grad.policies.table import Policy
from inspector.grad.pooled import Pooled, noting
from inspector.grad.refusal import is_control_flow, no_rule, no_way, nothing_handed_on
from inspector.grad.rule import Rule, find_rule
from inspector.grad.writing.builder import Batch, Builder
from inspector.graph.expose import SWITCHES, Exposed
from inspector.graph.marks import Mark
from inspector.graph.opset import standard_opset
from inspector.model.dependence import dependents
from inspector.types.arrays import Array
from inspector.types.layers import Dim

SEED = "grad/seed"
GRADIENT = "grad/gradient"


@dataclass(frozen=True, kw_only=True)
class BackwardGraph:
    """A model that computes a vector-Jacobian product.

    Inputs: `SEED` (K, *source without batch), the saved forward tensors, the switches. Output: `GRADIENT`
    (K, *target without batch).
    """

    model: ir.Model
    saved: tuple[str, ...]
    """Forward tensors to feed, under their own names."""
    switches: tuple[str, ...]
    """Outputs of max-poolings whose argmax indices to feed, under the name plus SWITCHES."""
    batchable: bool
    """Whether K seeds of one image may share a run; else each image and seed needs a run of its own."""
    rectified: frozenset[str]
    """The outputs of the rectifiers at which a policy put something else in the place of the derivative."""
    idle: frozenset[str]
    """The tensors of overrides that made no difference."""
    sees_image: bool
    """Whether the gradient depends on any value that is fed beside the seeds: else it is the same for every image."""
    poolings: tuple[Pooled, ...]
    """Where the gradients of max-poolings stand, as far as a kernel could compute them (inspector.grad.kernels)."""
    spread: frozenset[str]
    """Values that stand for all of the maps, or of other axes, of what they are added to."""
    marks: tuple[Mark, ...] = ()
    """What is fed instead of forward tensors of which nothing else is asked, under their own names."""

    @property
    def fed(self) -> Exposed:
        """What is fed of a forward pass."""
        return Exposed(tensors=self.saved, switches=self.switches, marks=self.marks)


def write_backward(
    model: ir.Model,
    *,
    source: str,
    target: str,
    policy: Policy,
    overrides: Mapping[str, Policy] = MappingProxyType({}),
    shapes: Mapping[str, Sequence[Dim]],
    dtypes: Mapping[str, str] = MappingProxyType({}),
    dtype: ir.DataType = ir.DataType.FLOAT,
    batch: Batch = Batch.ANY,
    source_steps: Array | None = None,
    target_steps: Array | None = None,
    rectifiers: Mapping[ir.Node, Rectifier] | None = None,
) -> BackwardGraph:
    """Write the backward graph from tensor `source` to tensor `target` under a policy.

    `overrides` gives other policies to the layers that compute the tensors it names.
    `shapes` gives the shapes for one image, `dtypes` the NumPy names of types that the graph does not state; `dtype`
    is the float type of the gradient, `batch` says how many images and seeds a run takes. Where an end holds codes of
    quantized values, its `_steps` (real values per code, which broadcast against the tensor) make seeds and gradient
    those of the real values. `rectifiers` are those of the whole graph, where they have been found.

    Raises NotFoundError for an unknown tensor, InvalidInputError where no way from the target to the source passes a
    gradient, and UnsupportedOperatorError at an operator without a rule.
    """
    source_value, target_value = _find(model, source), _find(model, target)
    nodes, reached = find_path(source_value, target_value, dtypes=dtypes)
    if source_value not in reached:
        blocks = find_blocks(source_value, target_value, reached=reached)
        raise no_way(source_value, target_value, blocks, dtypes=dtypes)
    for node in nodes:
        if is_control_flow(node):  # whose shapes are unknown too, but that is not what is to mend
            raise no_rule(node)
    builder = Builder(shapes=shapes, dtypes=dtypes, dtype=dtype, reached=reached, batch=batch)
    opset = standard_opset(model)

    def rule_of(node: ir.Node) -> Rule:
        return _rule_for(node, opset)

    choice = Choice(
        find_rectifiers(model.graph) if rectifiers is None else rectifiers,
        nodes=nodes,
        reached=reached,
        policy=policy,
        overrides=overrides,
        rule_of=rule_of,
        builder=builder,
    )
    seed = builder.feed_seed(SEED, source_value)
    if source_steps is not None:
        seed = builder.op("Mul", seed, builder.constant(source_steps))
    arrived = {source_value: [seed]}
    poolings: list[Pooled] = []
    step_for = noting(choice.step, rule_of=rule_of, poolings=poolings)
    accumulate(builder, nodes, arrived, reached=reached, step_for=step_for)
    gradient = total(builder, arrived.get(target_value))
    if gradient is None:
        raise nothing_handed_on(source_value, target_value, policy.name)
    if target_steps is not None:
        gradient = builder.op("Div", gradient, builder.constant(target_steps))
    idle = frozenset(overrides) - choice.effective
    return _finish(
        builder,
        gradient,
        builder.shape(target_value),
        rectified=frozenset(choice.rectified),
        idle=idle,
        poolings=tuple(poolings),
    )


def _rule_for(node: ir.Node, opset: int) -> Rule:
    rule = find_rule(node, opset)
    if rule is None:
        raise no_rule(node)
    return rule


def _find(model: ir.Model, name: str) -> ir.Value:
    for value in model.graph.inputs:
        if value.name == name:
            return value
    for node in model.graph:
        for value in node.outputs:
            if value.name == name:
                return value
    raise NotFoundError(f"The graph has no tensor {name!r}.", reason="TENSOR_NOT_FOUND", field="target")


def _finish(
    builder: Builder,
    gradient: ir.Value,
    shape: tuple[Dim, ...],
    *,
    rectified: frozenset[str],
    idle: frozenset[str],
    poolings: tuple[Pooled, ...],
) -> BackwardGraph:
    model = builder.finish({GRADIENT: (gradient, builder.outer_shape(shape))}, name="backward")
    graph = model.graph
    drop_unread_inputs(graph)
    left = {value.name for value in graph.inputs}
    return BackwardGraph(
        model=model,
        saved=tuple(name for name in builder.saved_names if name in left),
        switches=tuple(name for name in builder.switch_names if name + SWITCHES in left),
        batchable=builder.batchable,
        rectified=rectified,
        idle=idle,
        sees_image=any(
            value.name == GRADIENT
            for fed in left - {SEED}
            for node in dependents(graph, fed or "")
            for value in node.outputs
        ),
        poolings=poolings,
        spread=frozenset(builder.spread),
    )


def drop_unread_inputs(graph: ir.Graph) -> None:
    """Remove what no node of a backward graph reads from its inputs; the seed stays."""
    for value in list(graph.inputs):
        if not value.uses() and value.name != SEED:
            graph.inputs.remove(value)
