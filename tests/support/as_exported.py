"""A model that was rewritten on the way in must still be what was exported."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import inspector
from tests.support.sessions import plain_session


def same_as_the_runtime(proto: onnx.ModelProto, x: np.ndarray) -> None:
    """Check the first output against the untouched model's, its gradient by a difference along a random direction."""
    session = plain_session(proto)
    name = session.get_inputs()[0].name
    step = 1e-3 * np.random.default_rng(1).standard_normal(x[:1].shape).astype(np.float32)
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        output = ours.info.outputs[0].name
        found = ours.activations(x, layers=[output])[output]
        first = inspector.Element(output, (0,) * (found.ndim - 1))
        gradient = ours.attribute(x[:1], target=first).maps

    np.testing.assert_allclose(found, session.run(None, {name: x})[0], rtol=1e-5, atol=1e-6)
    ahead, behind = (session.run(None, {name: x[:1] + sign * step})[0] for sign in (1, -1))
    change = float((ahead - behind).reshape(-1)[0])
    assert 2 * np.sum(gradient * step) == pytest.approx(change, rel=2e-2, abs=1e-5)
