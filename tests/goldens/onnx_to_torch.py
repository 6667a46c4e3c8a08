"""A small importer of ONNX CNNs into PyTorch, for the operators of the golden models and no others.

Every node becomes a module of its own, rectifiers too: Captum overrides the gradient of `nn.ReLU` modules only,
and one that is called twice, or a functional one, would be missed in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

Attributes = Mapping[str, Any]
Constants = Mapping[str, Tensor]


class Network(nn.Module):
    """An ONNX graph as PyTorch modules, from its image input to one of its tensors."""

    def __init__(self, model: onnx.ModelProto, *, output: str) -> None:
        super().__init__()
        graph = model.graph
        constants = {each.name: _tensor(each) for each in graph.initializer}
        self.input_name = next(each.name for each in graph.input if each.name not in constants)
        self.output_name = output
        self.steps = nn.ModuleList()
        self.names: list[tuple[list[str], str]] = []
        for node in graph.node:
            if node.op_type == "Constant":
                constants[node.output[0]] = _tensor(node.attribute[0].t)
                continue
            if node.op_type not in OPERATORS:
                raise NotImplementedError(f"{node.op_type} of {node.name!r}: known are {sorted(OPERATORS)}")
            attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
            parameters = [constants.get(name) for name in node.input]
            self.steps.append(OPERATORS[node.op_type](attributes, parameters))
            used = [name for name in node.input if name not in constants]
            self.names.append((used, node.output[0]))
            if node.output[0] == output:
                break

    def layer(self, tensor: str) -> nn.Module:
        """Return the module that computes a tensor of the graph."""
        return next(step for step, (_, name) in zip(self.steps, self.names, strict=True) if name == tensor)

    def forward(self, image: Tensor) -> Tensor:
        """Run the nodes in the graph's order."""
        tensors = {self.input_name: image}
        for step, (inputs, output) in zip(self.steps, self.names, strict=True):
            tensors[output] = step(*(tensors[name] for name in inputs))
        return tensors[self.output_name]


def _tensor(proto: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(numpy_helper.to_array(proto).copy())


class Function(nn.Module):
    """A module without parameters around a function of its inputs."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        """Apply the function."""
        return self.function(*inputs)


def _symmetric(pads: list[int]) -> tuple[int, int]:
    if pads[:2] != pads[2:]:
        raise NotImplementedError(f"padding {pads} differs between the sides")
    return pads[0], pads[1]


def _given(weight: Tensor | None) -> Tensor:
    if weight is None:
        raise NotImplementedError("a weight that the graph computes")
    return weight


def _conv(a: Attributes, p: list[Tensor | None]) -> nn.Module:
    weight, bias = _given(p[1]), p[2] if len(p) > 2 else None
    group = a.get("group", 1)
    conv = nn.Conv2d(
        weight.shape[1] * group,
        weight.shape[0],
        tuple(weight.shape[2:]),
        stride=a.get("strides", (1, 1)),
        padding=_symmetric(a.get("pads", [0, 0, 0, 0])),
        dilation=a.get("dilations", (1, 1)),
        groups=group,
        bias=bias is not None,
    )
    conv.weight.data = weight
    if bias is not None:
        conv.bias.data = bias
    return conv


def _batch_normalization(a: Attributes, p: list[Tensor | None]) -> nn.Module:
    scale, bias, mean, variance = map(_given, p[1:])
    norm = nn.BatchNorm2d(len(scale), eps=a.get("epsilon", 1e-5))
    norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var = scale, bias, mean, variance
    return norm


def _max_pool(a: Attributes, p: list[Tensor | None]) -> nn.Module:
    return nn.MaxPool2d(
        tuple(a["kernel_shape"]),
        stride=tuple(a.get("strides", (1, 1))),
        padding=_symmetric(a.get("pads", [0, 0, 0, 0])),
        ceil_mode=bool(a.get("ceil_mode", 0)),
    )


def _gemm(a: Attributes, p: list[Tensor | None]) -> nn.Module:
    if a.get("alpha", 1.0) != 1.0 or a.get("beta", 1.0) != 1.0 or a.get("transA", 0):
        raise NotImplementedError(f"Gemm with {a}")
    weight = _given(p[1]) if a.get("transB", 0) else _given(p[1]).T
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.weight.data, linear.bias.data = weight, p[2]
    return linear


def _lrn(a: Attributes, p: list[Tensor | None]) -> nn.Module:
    if a["size"] % 2 == 0:
        raise NotImplementedError("LRN over an even number of channels: the two sides pad differently")
    return nn.LocalResponseNorm(
        a["size"], alpha=a.get("alpha", 1e-4), beta=a.get("beta", 0.75), k=a.get("bias", 1.0)
    )


def _reshape(a: Attributes, p: list[Tensor | None]) -> nn.Module:
    def reshape(x: Tensor, shape: Tensor | None = p[1]) -> Tensor:
        return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(_given(shape).tolist())])

    return Function(reshape)


def _concat(a: Attributes, p: list[Tensor | None]) -> nn.Module:
    def concat(*computed: Tensor) -> Tensor:
        left = iter(computed)
        return torch.cat([next(left) if each is None else each for each in p], dim=a["axis"])

    return Function(concat)


OPERATORS: dict[str, Callable[[Attributes, list[Tensor | None]], nn.Module]] = {
    "Add": lambda _a, _p: Function(torch.add),
    "BatchNormalization": _batch_normalization,
    "Concat": _concat,
    "Conv": _conv,
    "Dropout": lambda _a, _p: nn.Identity(),
    "Flatten": lambda a, _p: nn.Flatten(a.get("axis", 1)),
    "Gather": lambda a, p: Function(lambda x: torch.select(x, a.get("axis", 0), int(_given(p[1])))),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _a, _p: nn.AdaptiveAvgPool2d(1),
    "LRN": _lrn,
    "MaxPool": _max_pool,
    "Relu": lambda _a, _p: nn.ReLU(),
    "Reshape": _reshape,
    "Shape": lambda _a, _p: Function(lambda x: torch.tensor(x.shape)),
    "Unsqueeze": lambda a, _p: Function(lambda x: x.unsqueeze(a["axes"][0])),
}
