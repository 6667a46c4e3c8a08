"""A provider is offered where every model of the zoo gives the CPU's answers and gradients on it.

Of providers that this machine does not have, nothing is said here. `INSPECTOR_PROVIDERS_ON_TRIAL` lets one that is on
trial run (docs/providers.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.engine.engine import Engine
from inspector.errors import DeviceError
from inspector.runtime.device import resolve_device
from inspector.runtime.providers import PROVIDERS
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from tests.support.in_process import engine_of
from tests.support.parity import disagreements
from tests.support.quantized_cnn import quantized_cnn
from tests.support.small_cnn import images, small_cnn
from tests.support.zoo import Zoo, zoo_models
from tests.support.zoo_subjects import subject


def present() -> list[str]:
    """Return the kinds of device that can be used here: the CPU itself shows that each model can be compared."""
    found = []
    for kind in PROVIDERS:
        try:
            resolve_device(kind)
        except DeviceError:
            continue
        found.append(kind)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", present())
@pytest.mark.parametrize("name", zoo_models())
def test_every_model_of_the_zoo_gives_the_cpus_answers_and_gradients(zoo: Zoo, kind: str, name: str) -> None:
    one = subject(zoo, name)
    with inspector.load(zoo.model(name), device=kind) as device:
        assert disagreements(one.engine, engine_of(device), one.x) == []


# --- the comparison can fail

Values = Mapping[str, DeviceTensor]


@pytest.fixture(params=["float", "quantized"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Engine, Engine, np.ndarray]]:
    """The CPU as a device of its own: its sessions are not those of the other."""
    if request.param == "float":
        source, x = small_cnn(), images(3)
    else:
        source = quantized_cnn().SerializeToString()
        x = np.random.default_rng(0).uniform(-3, 3, (3, 3, 24, 24)).astype(np.float32)
    with inspector.load(source, device="cpu") as one, inspector.load(source, device="cpu") as other:
        yield engine_of(one), engine_of(other), x


def plant(engine: Engine, monkeypatch: pytest.MonkeyPatch, *, way: str, fault: Callable[[Any], None]) -> None:
    """Let the forward or the backward sessions of an engine change, in what they first fetch, a copy of the values."""
    make = getattr(engine.sessions, way)
    planted: list[Session] = []

    def faulty(session: Session) -> None:
        if session in planted:
            return
        planted.append(session)
        run = session.run

        def changed(*args: Any, **options: Any) -> dict[str, DeviceTensor]:
            found = run(*args, **options)
            name = next(iter(found))
            values = found[name].numpy().copy()
            fault(values)
            return {**found, name: DeviceTensor.place(values)}

        monkeypatch.setattr(session, "run", changed)

    def wrapped(*args: Any, **options: Any) -> Any:
        made = make(*args, **options)
        faulty(made if isinstance(made, Session) else made.session)
        return made

    monkeypatch.setattr(engine.sessions, way, wrapped)


def flip(values: Any) -> None:
    """Flip the sign of the largest value."""
    flat = values.reshape(-1)
    flat[np.argmax(np.abs(flat))] *= -1


def halve(values: Any) -> None:
    """What the gradient is where a mask is 0.5 instead of 1."""
    values *= 0.5


def lose(values: Any) -> None:
    """One value that is not finite."""
    values.reshape(-1)[0] = np.nan


def test_the_cpu_agrees_with_itself(pair: tuple[Engine, Engine, np.ndarray]) -> None:
    assert disagreements(*pair) == []


@pytest.mark.parametrize("fault", [flip, halve, lose])
def test_a_fault_in_an_answer_is_seen(
    pair: tuple[Engine, Engine, np.ndarray], monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], None]
) -> None:
    plant(pair[1], monkeypatch, way="forward", fault=fault)
    found = disagreements(*pair)
    assert any(text.startswith("output ") for text in found), found


@pytest.mark.parametrize("fault", [flip, halve, lose])
def test_a_fault_on_the_way_back_is_seen_and_told_of_the_gradient_alone(
    pair: tuple[Engine, Engine, np.ndarray], monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], None]
) -> None:
    plant(pair[1], monkeypatch, way="backward", fault=fault)
    found = disagreements(*pair)
    assert found
    assert all(text.startswith("gradient ") for text in found), found
