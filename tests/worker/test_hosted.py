"""The models of a worker: one that is replaced or forgotten serves those that run on it to their end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.engine.joint_runs import Joining
from inspector.errors import ConflictError, InvalidInputError
from inspector.worker.hosted import HostedModels
from tests.support.in_process import engine_of
from tests.support.toys import toy_cnn

BLACK = np.zeros((1, 3, 16, 16), np.float32)


@pytest.fixture
def place(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "model.onnx").write_bytes(toy_cnn())
    return {"folder": str(tmp_path), "device": "cpu", "preprocessing": None}


@pytest.fixture
def models(place: dict[str, Any]) -> Iterator[HostedModels]:
    made = HostedModels()
    made.load("toy", place)
    yield made
    made.close()


def test_a_model_that_is_forgotten_serves_who_uses_it(models: HostedModels) -> None:
    with models.using("toy") as model, models.using("toy") as same:
        assert model is same
        models.unload("toy")
        model.attribute(BLACK)  # which makes a session that was not there
    with pytest.raises(ConflictError) as caught:
        model.predict(BLACK)
    assert caught.value.reason == "MODEL_CLOSED"
    with pytest.raises(ConflictError), models.using("toy"):
        pass


def test_another_takes_its_place_when_it_is_ready(models: HostedModels, place: dict[str, Any]) -> None:
    with models.using("toy") as before:
        models.load("toy", place | {"preprocessing": {"scale": 0.5}})
        with models.using("toy") as after:
            assert after is not before
            assert after.info.preprocessing.scale == 0.5
        before.attribute(BLACK)
    with pytest.raises(ConflictError):
        before.predict(BLACK)


def test_one_that_cannot_be_loaded_takes_no_place(models: HostedModels, place: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        models.load("toy", place | {"preprocessing": {"layout": "X"}})
    with models.using("toy") as model:
        model.predict(BLACK)


@pytest.mark.parametrize(
    ("of", "short", "shares"),
    [
        ("all", False, True),
        ("all", True, True),
        ("short", True, True),
        ("short", False, False),
        ("none", True, False),
    ],
)
def test_models_share_runs_where_that_gains_or_is_asked_for(
    place: dict[str, Any], monkeypatch: pytest.MonkeyPatch, of: str, short: bool, shares: bool
) -> None:
    monkeypatch.setattr("inspector.engine.sessions._runs_are_short", lambda model: short)
    made = HostedModels()
    made.load("toy", place | {"joining": {"of": of, "images": 16, "delay": 0.0}})

    with made.using("toy") as model:
        joint = engine_of(model).joint_runs
        assert (joint is not None) == shares
        assert joint is None or joint.joining == Joining(images=16)
    made.close()
