"""Where values that are not finite begin: found layer by layer, in bounded memory."""

from __future__ import annotations

from typing import Any

import ml_dtypes  # noqa: F401 — NumPy knows bfloat16 by it
import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.model.read import read_model
from inspector.resolve.finite import find_origin, is_choosable
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


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
def test_there_is_a_largest_value_unless_one_is_nan_or_infinite(dtype: str) -> None:
    for values, expected in {
        (1.0, 2.0): True,
        (-np.inf, 2.0): True,
        (-np.inf, -np.inf): True,
        (np.inf, 2.0): False,
        (np.nan, 2.0): False,
        (2.0, np.nan): False,
        (np.nan, np.inf): False,
        (): False,
    }.items():
        assert is_choosable(np.array(values).astype(np.dtype(dtype))) is expected, values


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "bool"])
def test_whole_numbers_have_a_largest(dtype: str) -> None:
    assert is_choosable(np.array([1, 0], dtype))
