"""Checkpoints beside a model: what they show, when layers settle, and how other models are reached at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import inspector
from inspector.client import Client
from inspector.engine.engine import Engine
from inspector.errors import ConflictError, InspectorError, InvalidInputError, NotFoundError
from inspector.methods.figures.settling import distance, gram, settles_at
from inspector.types.results.figure import Figure
from inspector.types.results.images import Examples
from inspector.types.results.table import Series
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_image

SET = np.stack([toy_image(seed) for seed in range(10)])
DEMO = Path(__file__).parents[2] / "demo"


def checkpoint(noise: dict[str, float], *, narrow: bool = False) -> bytes:
    """Return the toy, with noise on some of its weights; a narrow one's second layer looks at one place and channel."""
    proto = onnx.load_from_string(toy_cnn())
    rng = np.random.default_rng(1)
    for weights in proto.graph.initializer:
        values = numpy_helper.to_array(weights)
        moved = values + noise.get(weights.name, 0) * rng.standard_normal(values.shape)
        if narrow and weights.name == "w2":
            moved[:, 1:] = moved[:, :, 1:] = moved[:, :, :, 1:] = 0
        weights.CopyFrom(numpy_helper.from_array(moved.astype(np.float32), weights.name))
    return proto.SerializeToString()


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return three checkpoints: the first layer is done in all, the second from the second on, the last never."""
    folder = tmp_path_factory.mktemp("training")
    noises = [{"w3": 0.4}, {"w3": 0.4}, {"w3": 0.2}]
    files = []
    for index, noise in enumerate(noises):
        files.append(folder / f"epoch_{index + 1}.onnx")
        files[-1].write_bytes(checkpoint(noise, narrow=index == 0))
    (folder / "last.onnx").write_bytes(toy_cnn())
    return files


@pytest.fixture(scope="module")
def found(training: list[Path]) -> Figure:
    with inspector.load(training[0].parent / "last.onnx", device="cpu") as model:
        return model.evolution(SET, models=training, layer="relu2", channels=[1, 5])


def test_layers_settle_when_their_weights_do(found: Figure) -> None:
    columns, rows = found["When each layer settles"].table()
    when = {row[0]: row[columns.index("settles at")] for row in rows}
    assert when == {"conv1": "epoch_1", "conv2": "epoch_2", "scores": "last"}


def test_the_distance_is_one_minus_linear_cka(found: Figure, training: list[Path]) -> None:
    series = found["Distance to the last checkpoint"]
    assert isinstance(series, Series)
    with inspector.load(training[0], device="cpu") as first, inspector.load(toy_cnn(), device="cpu") as last:
        x, y = (
            model.activations(SET, layers=["scores"])["scores"].astype(np.float64) for model in (first, last)
        )
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)  # by features: Kornblith et al. 2019, eq. 3 and 4
    cka = np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert series.curves["scores"][0] == pytest.approx(1 - cka, abs=1e-4)
    assert series.curves["scores"][-1] == pytest.approx(0, abs=1e-6)


def test_cka_does_not_see_turns_and_scales() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((8, 5))
    turn, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    assert distance(gram(features), gram(3 * features @ turn)) == pytest.approx(0, abs=1e-6)
    assert distance(gram(features), gram(rng.standard_normal((8, 5)))) > 0.2
    assert np.isnan(distance(gram(np.ones((4, 2))), gram(features[:4])))


def test_it_settles_where_it_stays_near() -> None:
    assert settles_at([0.2, 0.01, 0.2, 0.01, 0], settled=0.05) == 3
    assert settles_at([0.0, 0.0], settled=0.05) == 0
    assert settles_at([0.5, float("nan")], settled=0.05) is None


def test_each_checkpoint_shows_its_own_strongest(found: Figure, training: list[Path]) -> None:
    shown = found["Channels of relu2"]
    assert isinstance(shown, Examples)
    for row in shown.rows:
        assert [one.caption for one in row.examples] == ["epoch_1", "epoch_2", "epoch_3", "last"]
        for one, path in zip(row.examples, training, strict=False):
            with inspector.load(path, device="cpu") as model:
                strongest = (
                    model.top(SET, layer="relu2", channels=[row.channel or 0], count=1).rows[0].examples
                )
            if one.value == 0:
                assert not strongest  # it does not fire at that checkpoint, and projects to nothing
                assert one.projection is not None
                assert len(np.unique(one.projection)) <= 2
                continue
            (own,) = strongest
            assert (one.image, one.window) == (own.image, own.window)
            assert one.value == pytest.approx(own.value)
            assert one.projection is not None
            assert own.projection is not None
            np.testing.assert_array_equal(one.projection, own.projection)


def test_without_enough_images_nothing_is_said_of_layers(training: list[Path]) -> None:
    with inspector.load(toy_cnn(), device="cpu") as model:
        found = model.evolution(SET[:2], models=training[:1], layer="relu2")
    assert [panel.title for panel in found.panels] == ["Channels of relu2"]
    assert "few_images" in {note.id for note in found.notes}


def test_the_demo_settles_from_the_bottom_up() -> None:
    checkpoints = sorted((DEMO / "model" / "checkpoints").glob("*.onnx"))
    photos = sorted((DEMO / "photos").glob("*.jpg"))
    if not checkpoints:
        pytest.skip("the demo has no checkpoints: python -m demo.train.train makes them")
    with inspector.load(DEMO / "model" / "demo.onnx", device="cpu") as model:
        found = model.evolution(photos, models=checkpoints, rows=2)
    columns, rows = found["When each layer settles"].table()
    settled = [row[columns.index("checkpoint")] for row in rows]
    assert [row[0] for row in rows] == ["conv1", "conv2", "conv3", "conv4", "fc5", "fc6"]
    assert settled == sorted(settled)  # type: ignore[type-var]
    assert settled[0] < settled[-1]  # type: ignore[operator]
    series = found["Distance to the last checkpoint"]
    assert isinstance(series, Series)
    first = [float(curve[0]) for curve in series.curves.values()]
    assert first[0] == min(first)
    assert max(first[-2:]) == max(first)


# --- other models beside the one that is asked


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the models whose engines are closed."""
    names: list[str] = []
    close = Engine.close

    def told(engine: Engine) -> None:
        names.append(engine.model.name)
        close(engine)

    monkeypatch.setattr(Engine, "close", told)
    return names


def ask(model: inspector.Model, models: list[str]) -> Figure:
    return model.evolution(SET[:3], models=models, layer="relu2", rows=1)


def test_what_was_opened_beside_is_closed_with_the_request(training: list[Path], closed: list[str]) -> None:
    with inspector.load(toy_cnn(), device="cpu", name="own") as model:
        ask(model, [str(path) for path in (*training[:2], training[0])])
        assert sorted(closed) == ["epoch_1", "epoch_2"]  # each opened once, and the model itself stays
        closed.clear()
        with pytest.raises(NotFoundError) as caught:
            model.evolution(SET[:3], models=training[:1], layer="relu2", channels=[99])
        assert caught.value.field == "channels[0]"
        assert closed == ["epoch_1"]
        assert ask(model, [str(training[0])]).panels


def test_in_process_a_file_that_is_not_there_is_named(training: list[Path]) -> None:
    with inspector.load(toy_cnn(), device="cpu") as model:
        with pytest.raises(InspectorError) as caught:
            ask(model, [str(training[0]), "no_such.onnx"])
        assert (caught.value.field or "").startswith("models[1]")
        with pytest.raises(InvalidInputError) as nothing:
            ask(model, [])
        assert nothing.value.field == "models"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, training: list[Path]) -> Iterator[Client]:
    with running_server(tmp_path_factory.mktemp("models")) as server, Client(server.address) as made:
        for path in training:
            made.upload(path, name=path.stem)
        made.upload(toy_cnn(), name="last")
        yield made


def test_on_a_service_they_are_models_that_are_ready(
    client: Client, training: list[Path], found: Figure
) -> None:
    there = client.model("last").evolution(
        SET, models=[path.stem for path in training], layer="relu2", channels=[1, 5]
    )
    for title in ("When each layer settles", "Distance to the last checkpoint"):
        assert there[title].table() == found[title].table()
    for one, other in zip(there.panels, found.panels, strict=True):
        assert one.title == other.title
        if isinstance(one.result, Examples) and isinstance(other.result, Examples):
            for row, again in zip(one.result.rows, other.result.rows, strict=True):
                assert [example.caption for example in row.examples] == [
                    example.caption for example in again.examples
                ]
                for example, same in zip(row.examples, again.examples, strict=True):
                    np.testing.assert_array_equal(example.pixels, same.pixels)
    assert client.model("epoch_1").predict(SET[:1])  # it was not closed


def test_on_a_service_a_model_that_is_not_there_or_not_loaded_is_named(client: Client) -> None:
    model = client.model("last")
    with pytest.raises(NotFoundError) as missing:
        ask(model, ["epoch_1", "epoch_9"])
    assert "models[1]" in (missing.value.field or "")
    client.unload("epoch_3")
    with pytest.raises(ConflictError) as unloaded:
        ask(model, ["epoch_3"])
    assert "models[0]" in (unloaded.value.field or "")
    client.load("epoch_3")


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes((DEMO / "model" / "demo.onnx").read_bytes())
    with inspector.load(toy_cnn(), device="cpu") as model, pytest.raises(InvalidInputError) as caught:
        ask(model, [str(tmp_path / "other.onnx")])
    assert caught.value.field == "models[0]"


def test_a_checkpoint_without_the_layer_is_named(tmp_path: Path) -> None:
    proto = onnx.load_from_string(toy_cnn())
    for node in proto.graph.node:
        node.name = f"other_{node.name}"
        node.output[0] = node.output[0].replace("relu2", "rely2")
        node.input[0] = node.input[0].replace("relu2", "rely2")
    (tmp_path / "other.onnx").write_bytes(proto.SerializeToString())
    with inspector.load(toy_cnn(), device="cpu") as model, pytest.raises(NotFoundError) as caught:
        ask(model, [str(tmp_path / "other.onnx")])
    assert (caught.value.field or "").startswith("models[0]")
