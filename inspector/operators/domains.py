"""Domains of operators, and how an operator is named across them."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.operators.nodes import Named

STANDARD = ""
"""ONNX's own operators. Models also spell it "ai.onnx"."""

STANDARD_SPELLINGS = ("", "ai.onnx")

MICROSOFT = "com.microsoft"
"""ONNX Runtime's contributed operators, which quantizers and the runtime's own optimizer write."""

MACHINE_LEARNING = "ai.onnx.ml"
"""ONNX's operators of classical machine learning, with which some exporters end a network."""

KERNELS = "inspector.kernels"
"""The operators of the package onnx-inspector-kernels, for float32 on CPUs."""
KERNELS_VERSION = 1

Key = tuple[str, str]
"""A domain and an operator."""


def key_of(node: Named) -> Key:
    """Return the domain, in its one spelling, and the operator of a node."""
    return (STANDARD if is_standard(node) else node.domain), node.op_type


def is_standard(node: Named) -> bool:
    """Return whether a node's operator is one of ONNX's own."""
    return node.domain in STANDARD_SPELLINGS


def opset_among(imports: Mapping[str, int], *, default: int) -> int:
    """Return the version of ONNX's own operators among imported opsets, however their domain is spelled there."""
    return next((imports[name] for name in STANDARD_SPELLINGS if name in imports), default)
