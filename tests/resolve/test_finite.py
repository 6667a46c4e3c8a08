"""Where values that are not finite begin: found layer by layer, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.model.read import read_model
from inspector.resolve.finite import find_origin
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.runtime.session import Session
from tests.support.graphs import model, node

X = np.abs(np.random.default_rng(2).standard_normal((1, 3, 8, 8))).astype(np.float32)


def run(*, batch_bytes: int) -> Run:
    chain = ["x", "a", "b", "c", "d", "e"]
    kinds = ["Neg", "Sqrt", "Exp", "Abs", "Neg"]
    nodes = [node(kind, [one], other) for kind, one, other in zip(kinds, chain, chain[1:], strict=False)]
    data = read_model(model(nodes, shape=("n", 3, 8, 8)).SerializeToString())
    return Run(Engine(data, device=CPU, cache=SessionCache(max_bytes=1 << 30), batch_bytes=batch_bytes))


def test_the_first_layer_is_named_and_no_later_one_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched, bare = [], Session.run

    def spy(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> dict[str, Any]:
        fetched.append(tuple(fetch))
        return bare(self, feeds, fetch, **rest)

    monkeypatch.setattr(Session, "run", spy)

    large, small = (find_origin(run(batch_bytes=size), X) for size in (1 << 30, 2 * X.nbytes))

    assert str(large) == str(small) == "layer 'b' (Sqrt; 192 of its 192 values)"
    assert fetched == [("a", "b", "c", "d", "e"), ("a", "b")]


def test_where_all_is_finite_there_is_none() -> None:
    assert find_origin(run(batch_bytes=1), -X) is None
