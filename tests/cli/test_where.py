"""With --server, a command asks the model that the client gives, and nothing else changes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inspector as package
import inspector.client
from inspector.cli.exits import EXIT_LATE, EXIT_USAGE
from inspector.client import Endpoint, Tls
from inspector.methods.catalog import attribution_methods
from tests.cli.conftest import Place
from tests.support.command import Command

ADDRESS = "somewhere:50051"


class Service:
    """What the shell needs of a client; its models run here."""

    found: package.Model
    made: list[Endpoint | None]
    """The endpoints of the clients that were made, with None where one was closed."""
    asked: list[dict[str, Any]]

    def __init__(self, endpoint: Endpoint) -> None:
        self.made.append(endpoint)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *error: object) -> None:
        self.made.append(None)

    def model(self, name: str) -> package.Model:
        assert name == "toy"
        model, asked = self.found, self.asked

        class Listening:
            def ask(self, request: Any, control: Any) -> Any:
                asked.append({"request": request, "timeout": control.timeout})
                return model.backend.ask(request, control)

        return package.Model(Listening(), name=name)

    def attribution_methods(self) -> Any:
        return attribution_methods()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, place: Place) -> Iterator[type[Service]]:
    with package.load(place.model, device="cpu") as model:
        made = type("Here", (Service,), {"found": model, "made": [], "asked": []})
        monkeypatch.setattr(inspector.client, "Client", made)
        yield made


CASES = {
    "layers": ("layers",),
    "predict": ("predict", "{image}", "-k", "2"),
    "attribute": (
        "attribute",
        "{image}",
        "-m",
        "integrated_gradients",
        "--option",
        "steps=3",
        "--class",
        "4",
    ),
    "occlude": ("occlude", "{image}", "--size", "5,4", "--stride", "6"),
    "features": ("features", "{images}"),
    "neighbors": ("neighbors", "{image}", "{images}", "-k", "2"),
    "pca": ("pca", "{images}"),
}


@pytest.mark.parametrize("words", CASES.values(), ids=CASES)
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "words"])
def test_it_is_the_same_as_here(
    inspector: Command, place: Place, service: type[Service], words: tuple[str, ...], as_json: bool
) -> None:
    verb, *rest = (word.format(image=place.image, images=place.images) for word in words)
    tail = ("--json",) if as_json else ()
    here = inspector(verb, place.model, *rest, *tail)
    assert not service.made
    there = inspector(verb, "toy", *rest, *tail, "--server", ADDRESS)
    assert here.code == there.code == 0
    assert here.out == there.out
    assert {one.address if one else "closed" for one in service.made} == {ADDRESS, "closed"}
    assert service.asked


def test_the_token_and_the_time_limit(
    inspector: Command, place: Place, service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector("predict", "toy", place.image, "--server", ADDRESS, "--token", "abc", "--timeout", 7.5)
    made = service.made[0]
    assert made is not None
    assert made == Endpoint(ADDRESS, token="abc", timeout=made.timeout)
    assert made.timeout == pytest.approx(7.5, abs=2)
    # One time for all calls of a command: what the first ones took is not there for the last.
    assert made.timeout is not None
    assert 0 < service.asked[0]["timeout"] < made.timeout <= 7.5
    monkeypatch.setenv("INSPECTOR_TOKEN", "from-the-environment")
    inspector("methods", "--server", ADDRESS)
    assert service.made[2] == Endpoint(ADDRESS, token="from-the-environment")
    monkeypatch.delenv("INSPECTOR_TOKEN")
    inspector("methods", "--server", ADDRESS)
    assert service.made[4] == Endpoint(ADDRESS)
    pem = place.image.with_suffix(".pem")
    inspector("predict", "toy", place.image, "--server", ADDRESS, "--root-certificates", pem)
    assert service.made[6] == Endpoint(ADDRESS, tls=Tls(root_certificates=pem))
    inspector("predict", "toy", place.image, "--server", ADDRESS, "--tls")
    assert service.made[8] == Endpoint(ADDRESS, tls=Tls())


def test_a_token_or_its_file_is_taken_before_that_of_the_environment(
    inspector: Command, service: type[Service], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("s3cret")
    monkeypatch.setenv("INSPECTOR_TOKEN", "from-the-environment")
    found = inspector("methods", "--server", ADDRESS, "--token-file", tmp_path / "token")
    assert found.code == 0, found.err
    assert service.made[0] == Endpoint(ADDRESS, token_file=tmp_path / "token")
    inspector("methods", "--server", ADDRESS, "--token", "abc")
    assert service.made[2] == Endpoint(ADDRESS, token="abc")


def test_preprocessing_is_not_for_a_service(inspector: Command, place: Place, service: type[Service]) -> None:
    found = inspector("predict", "toy", place.image, "--server", ADDRESS, "--preprocessing", "{}")
    assert found.code == EXIT_USAGE
    assert "--preprocessing works in-process" in found.err
    assert not service.made


@pytest.mark.parametrize(
    "words", [("predict",), ("attribute", "-m", "rise", "--option", "masks=4"), ("methods",)]
)
def test_a_time_limit_where_nobody_answers(inspector: Command, place: Place, words: tuple[str, ...]) -> None:
    verb, *rest = words
    about = () if verb == "methods" else ("toy", place.image)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = f"127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        found = inspector(verb, *about, *rest, "--server", server, "--timeout", 1)
    assert found.code == EXIT_LATE, found.err
    assert time.monotonic() - began < 10


def test_a_time_limit_here(inspector: Command, place: Place) -> None:
    slow = ("-m", "rise", "--option", "masks=100000")
    found = inspector("attribute", place.model, place.image, *slow, "--timeout", 0.2)
    assert "longer than the 0.2 s" in found.err
    assert "DEADLINE_EXCEEDED" in found.err
    assert found.code == EXIT_LATE


def test_an_input_beside_the_image(
    inspector: Command, place: Place, service: type[Service], tmp_path: Path
) -> None:
    np.save(tmp_path / "scale.npy", np.asarray([1, 2], np.float32))
    inspector("predict", "toy", place.image, "--server", ADDRESS, "--input", f"scale={tmp_path}/scale.npy")
    assert service.asked[0]["request"].inputs["scale"].tolist() == [1, 2]


def test_a_service_is_spoken_to_as_the_options_say(
    inspector: Command, service: type[Service], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret")
    words = {
        "--root-certificates": "r.pem",
        "--client-certificate": "c.pem",
        "--client-key": "k.pem",
        "--server-name": "models.example",
        "--token-file": str(token),
        "--metadata": "x-team=vision",
    }
    pairs = [word for pair in words.items() for word in pair]
    assert inspector("layers", "toy", "--server", ADDRESS, *pairs).code == 0
    tls = Tls(
        root_certificates=Path("r.pem"),
        certificate=Path("c.pem"),
        key=Path("k.pem"),
        server_name="models.example",
    )
    (endpoint,) = (one for one in service.made if one is not None)
    assert endpoint == Endpoint(ADDRESS, tls=tls, token_file=token, metadata={"x-team": "vision"})
    for flag, value in words.items():
        found = inspector("layers", "toy.onnx", flag, value)
        assert found.code == EXIT_USAGE
        assert f"{flag} belongs to --server" in found.err
