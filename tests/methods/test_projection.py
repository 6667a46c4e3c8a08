"""Many targets: looked up once each, and grouped by the tensor that they live in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Element, Unit
from inspector.engine.engine import Engine
from inspector.methods.attribution import projection
from inspector.resolve.targets import source_of
from inspector.runtime.session import Session
from inspector.types.targets import Target
from tests.support.small_cnn import images, small_cnn


def test_each_target_is_looked_up_once_and_each_tensor_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, runs, bare, run = [], [], source_of, Session.run

    def noted(engine: Engine, target: Target) -> str:
        asked.append(target)
        return bare(engine, target)

    def ran(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> dict[str, Any]:
        runs.append(fetch)
        return run(self, feeds, fetch, **rest)

    x = images(1)
    targets: list[Target] = [Unit(f"conv{1 + i % 2}", channel=i % 5) for i in range(30)]
    targets += [Class(i % 5) for i in range(10)] + [Element("scores", (3,)), Unit("relu1", channel=2)]
    with inspector.load(small_cnn(), device="cpu") as ours:
        alone = {target: ours.attribute(x, target=target).maps[0] for target in set(targets[:40])}
        monkeypatch.setattr(projection, "source_of", noted)
        monkeypatch.setattr(Session, "run", ran)
        found = ours.attribute(x, target=targets)

    assert asked == targets
    assert len(runs) == 2 * 4
    for target, values in zip(targets[:40], found.maps, strict=False):
        np.testing.assert_allclose(values, alone[target], atol=2e-6)
    assert [target.tensor for target in found.targets[-2:]] == ["scores", "relu1"]
