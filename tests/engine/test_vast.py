"""Graphs of very many nodes are run as they are: rewriting them takes ONNX Runtime the square of their number."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
import pytest

import inspector
from inspector.engine import sessions
from inspector.graph.expose import Exposed
from inspector.graph.pack import pack
from inspector.model.read import read_model
from inspector.runtime.session import Optimization, Session
from tests.support.small_cnn import small_cnn

IMAGE = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)


def test_a_packed_graph_knows_its_size() -> None:
    packed = pack(read_model(small_cnn()).ir)
    assert packed.nodes == len(read_model(small_cnn()).ir.graph)
    assert 1 <= packed.widest < packed.nodes


@pytest.mark.parametrize("bound", ["_MANY", "_WIDE"])
def test_vast_graphs_are_not_rewritten_and_answer_alike(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[Optimization] = []

    class Watched(Session):
        def __init__(self, graph: bytes, *, optimization: Optimization, **given: Any) -> None:
            levels.append(optimization)
            super().__init__(graph, optimization=optimization, **given)

    monkeypatch.setattr(sessions, "Session", Watched)
    with inspector.load(small_cnn(), device="cpu") as model:
        size = model.info.input.image_shape[1:]
        image = np.resize(IMAGE, (1, 3, *(side if isinstance(side, int) else 32 for side in size)))
        usual = model.attribute(image, method="saliency").maps
    assert Optimization.ALL in levels
    levels.clear()
    monkeypatch.setattr(sessions, bound, 0)
    with inspector.load(small_cnn(), device="cpu") as model:
        np.testing.assert_allclose(model.attribute(image, method="saliency").maps, usual, atol=1e-4)
    assert set(levels) == {Optimization.NONE}


def test_a_graph_is_copied_once_for_each_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph of many nodes takes longer to copy than to load."""
    copied: list[ir.Model] = []
    clone = ir.Model.clone

    def counted(self: ir.Model, *given: Any, **options: Any) -> ir.Model:
        copied.append(self)
        return clone(self, *given, **options)

    with inspector.load(small_cnn(), device="cpu") as model:
        engine = model.backend.engine  # type: ignore[attr-defined]
        monkeypatch.setattr(ir.Model, "clone", counted)
        for tensor in [layer.output for layer in engine.model.layers[:3]]:
            engine.sessions.forward(Exposed(tensors=(tensor,)))
    assert [one is engine.model.ir for one in copied] == [True] * 3
