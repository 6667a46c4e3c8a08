"""Gradients with kernels equal those without, on whole models: batches, several seeds, float16, codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.pullback import pullbacks
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from tests.support.kernels import choose, needs_kernels
from tests.support.zoo import Zoo

pytestmark = needs_kernels

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5
"""Of the largest magnitude."""

ZOO = (
    "derived_squeezenet1.0_fp32",
    "squeezenet_fp16_winml",
    "derived_mobilenetv2_fp32_op15",
    "mobilenetv2_int8_static_edgeflow",
    "st_mobilenet_v2_05_128",
    "yolox_nano",
    "fastestdet",
    "cifar10_imageclassifier_winml",
)


def gradient(engine: Engine, x: np.ndarray, policy: str, *, seeds: int = 1) -> np.ndarray:
    """Return the gradients of random seeds at the first output, of all images or of several seeds of one."""
    rng, found = np.random.default_rng(1), []
    source, toward = engine.model.outputs[0].name, engine.model.input.name
    for _, values, pullback in pullbacks(
        engine, x, source=source, toward=toward, policy=policy, overrides={}, seeds=seeds
    ):
        shape = (seeds, *values.shape[1:]) if seeds > 1 else values.shape
        found.append(pullback(rng.standard_normal(shape).astype(np.float32)).numpy())
    return np.concatenate(found)


def assert_same_both_ways(
    path: Path, policy: str, monkeypatch: pytest.MonkeyPatch, *, images: int = 1, seeds: int = 1
) -> None:
    model = read_model(path)
    engine = Engine(model, device=CPU, cache=SessionCache(max_bytes=1 << 30))
    sizes = [size if isinstance(size, int) else 96 for size in model.input.shape[1:]]
    x = np.random.default_rng(0).random((images, *sizes)).astype(np.float32)
    answers = []
    for way in ("stock", "kernels"):
        choose(way, monkeypatch)
        answers.append(gradient(engine, x.astype(model.input.dtype), policy, seeds=seeds))
    stock, found = answers
    assert np.abs(stock).max() > 0
    np.testing.assert_allclose(found, stock, rtol=0, atol=TOLERANCE * np.abs(stock).max())


@pytest.mark.parametrize("policy", ["gradient", "guided", "deconvnet", "lrp_epsilon"])
@pytest.mark.parametrize(("images", "seeds"), [(1, 1), (3, 1), (1, 4)])
def test_the_demo(images: int, seeds: int, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = ROOT / "demo" / "model" / "demo.onnx"
    assert_same_both_ways(demo, policy, monkeypatch, images=images, seeds=seeds)


@pytest.mark.parametrize("policy", ["gradient", "guided"])
@pytest.mark.parametrize("name", ZOO)
def test_models_of_the_zoo(zoo: Zoo, name: str, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same_both_ways(zoo.model(name), policy, monkeypatch)
