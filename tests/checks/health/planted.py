"""A small CNN with nodes planted in it, and what rules about nodes find in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx

from inspector.types.results.report import Finding
from tests.checks.drift.pairs import behind
from tests.support import checked
from tests.support.toys import toy_cnn

RULES = (
    "foldable-nodes",
    "foldable-normalization",
    "redundant-nodes",
    "squashed-twice",
    "unreached-layers",
    "unused-initializers",
    "unused-nodes",
)
Values = Mapping[str, np.ndarray | np.generic]


def found(proto: onnx.ModelProto, *rules: str, **options: object) -> list[tuple[str, str]]:
    """Return (rule, subject) of all that these rules, or all of them, find."""
    return [(one.id, one.subject) for one in findings(proto, *rules, **options)]


def findings(proto: onnx.ModelProto, *rules: str, **options: object) -> tuple[Finding, ...]:
    """Return what these rules, or all of them, find; they must have looked."""
    return checked.findings(proto, *(rules or RULES), **options)


def toy() -> onnx.ModelProto:
    """Return conv1 - relu1 - pool1 - conv2 - relu2 - flat - scores."""
    return onnx.load_from_string(toy_cnn())


def between(
    tensor: str,
    nodes: Sequence[onnx.NodeProto],
    values: Values | None = None,
    *,
    proto: onnx.ModelProto | None = None,
) -> onnx.ModelProto:
    """Return the toy with nodes behind a tensor, the last of which gives what is read in its place."""
    return behind(proto or toy(), tensor, *nodes, **(values or {}))
