"""The tour: what the service is asked, in order, and the page that the answers make."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from demo.photographs import Photograph, windows
from demo.units import Sighting, given, layers_to_show, strongest_units
from inspector.client import Class, Client, Model
from inspector.methods.catalog import info_of
from inspector.render.blocks import FigureSize
from inspector.render.grid import tile
from inspector.render.report import ReportPage
from inspector.render.scatter import pca_scatter
from inspector.render.strip import neighbor_strip
from inspector.types.results.model_info import ModelInfo

METHODS = ("saliency", "deconvnet", "guided")
CELL = (216, 216)

_console = Console()


def tour(client: Client, path: Path, photographs: list[Photograph]) -> str:
    """Ask for everything there is, and return the page as HTML."""
    with _step(f"uploading {path.name}"):
        client.upload(path, name="demo")
        model = client.model("demo")
        info = model.info
    report = ReportPage(
        f"Inside {path.name}",
        lead="Every picture here was computed by the inspection service from the exported ONNX file alone, "
        "and asked for over gRPC.",
        footer=f"model sha256 {info.sha256[:16]}…, opset {info.opset}",
    )
    report.add_facts(_facts(path, info))
    for chapter in (_predictions, _projections, _attributions, _occlusions, _feature_maps):
        chapter(report, model, photographs)
    _embeddings(report, client, photographs)
    _layers(report, model)
    return report.to_html()


def _facts(path: Path, info: ModelInfo) -> dict[str, str]:
    shape = " × ".join("?" if size is None else str(size) for size in info.input.shape)
    preprocessing = info.preprocessing
    return {
        "file": f"{path.name}, {info.size / 1e6:.1f} MB, opset {info.opset}",
        "input": f"{info.input.name}: {info.input.dtype}, {info.input.layout}, {shape}",
        "preprocessing": f"from {preprocessing.source}",
        "assumed": ", ".join(preprocessing.assumed) or "nothing",
        "runs on": info.device,
    }


def _predictions(report: ReportPage, model: Model, photographs: list[Photograph]) -> None:
    with _step("predicting"):
        predictions = model.predict([p.picture for p in photographs], top=3)
    report.add_section("What the model answers", "The three most probable classes of each photograph.")
    for photograph, prediction in zip(photographs, predictions, strict=True):
        numbers = [
            (c.label or c.index, c.score if c.probability is None else c.probability)
            for c in prediction.classes
        ]
        words = ", ".join(f"{name} {number:.2f}" for name, number in numbers) or prediction.meaning
        report.add_figure(
            _thumbnail(photograph.picture), f"{photograph.name}: {words}", size=FigureSize.SMALL
        )


def _projections(report: ReportPage, model: Model, photographs: list[Photograph]) -> None:
    report.add_section(
        "What units look for",
        "Deconvnet projections (Zeiler & Fergus 2014, Fig 2). For each layer, some of its feature maps; for each map "
        "the photographs that excite it most: above, what its strongest unit projects to; below, the patch of the "
        "photograph that this unit sees.",
    )
    for layer in layers_to_show(model.layers()):
        with _step(f"projecting units of {layer.name}"):
            sightings = strongest_units(model, layer, [p.picture for p in photographs])
        report.add_group(f"{layer.name} — {layer.channels} maps, each unit sees {_field(layer)} pixels")
        for channel, found in sightings.items():
            report.add_figure(_unit_figure(found), f"map {channel}", size=FigureSize.SMALL)
    report.add_note(info_of("deconvnet").caution or "")


def _attributions(report: ReportPage, model: Model, photographs: list[Photograph]) -> None:
    report.add_section(
        "Why the class won",
        f"Three ways back from the most probable class to the pixels: {', '.join(METHODS)}. Left, what the model was "
        "given.",
    )
    chosen = [p.picture for p in photographs[:6]]
    results = {}
    for method in METHODS:
        with _step(f"{method} of {len(chosen)} photographs"):
            results[method] = model.attribute(chosen, method=method, target=Class(), rendering="png")
    for note in dict.fromkeys(note for result in results.values() for note in result.notes):
        report.add_note(note)
    for index, photograph in enumerate(photographs[:6]):
        seen_by_model = given(results[METHODS[0]], index)
        row = [seen_by_model, *(_open(results[method].rendered[index]) for method in METHODS)]
        target = results[METHODS[0]].targets[index]
        report.add_figure(
            tile(row, columns=4, cell=CELL),
            f"{photograph.name}: {target.label or str(target)}",
            size=FigureSize.WIDE,
        )
    report.add_note(info_of("guided").caution or "")


def _occlusions(report: ReportPage, model: Model, photographs: list[Photograph]) -> None:
    report.add_section(
        "Where the evidence is",
        "A gray square slides over the photograph (Fig 7): the probability of the class, the most probable class, and "
        "the total activation of the strongest map, wherever the square stands. Of the photographs tried, those whose "
        "class suffers most.",
    )
    height = model.info.input.height
    size = None if height is None else max(1, height * 3 // 8)
    found = []
    for photograph in photographs[-6:]:
        with _bar(f"occluding {photograph.name}") as progress:
            result = model.occlude(
                photograph.picture,
                size=size,
                stride=size and max(1, size // 5),
                progress=progress,
                rendering="png",
            )
        found.append((result.baseline_probability - float(result.probability.min()), photograph.name, result))
    for _, name, result in sorted(found, key=lambda entry: -entry[0])[:3]:
        report.add_figure(
            _open(result.rendered[0]),
            f"{name}: {result.target.label or str(result.target)} has "
            f"{result.baseline_probability:.2f} unoccluded and {result.probability.min():.2f} at worst",
            size=FigureSize.WIDE,
        )
    for note in dict.fromkeys(note for _, _, result in found for note in result.notes):
        report.add_note(note)


def _feature_maps(report: ReportPage, model: Model, photographs: list[Photograph]) -> None:
    report.add_section("What each layer saw", f"All feature maps of {photographs[0].name}, layer by layer.")
    names = [layer.name for layer in layers_to_show(model.layers())]
    with _step("feature maps"):
        seen = model.activations(photographs[0].picture, layers=names, rendering="png")
    for name, png in zip(seen, seen.rendered, strict=True):
        report.add_figure(_open(png), name, size=FigureSize.MEDIUM)


def _embeddings(report: ReportPage, client: Client, photographs: list[Photograph]) -> None:
    pieces = {w.name: w.picture for photograph in photographs for w in windows(photograph)}
    collection = client.collection("demo")
    with _step(f"embedding {len(pieces)} windows"):
        collection.add(pieces, model="demo")
    report.add_section(
        "Which images are alike",
        f"{len(pieces)} windows of the photographs, each a vector of what the last dense layer reads.",
    )
    with _step("nearest neighbors and principal components"):
        queries = [f"{photograph.name}-0" for photograph in photographs[:4]]
        answers = collection.neighbors(items=queries, k=7)
        pca = collection.pca(components=2)
    for query, neighbors in zip(queries, answers, strict=True):
        others = [n for n in neighbors if n.id != query][:6]
        strip = neighbor_strip(pieces[query], [pieces[n.id] for n in others], [n.distance for n in others])
        report.add_figure(strip, f"nearest to {query}, by cosine distance", size=FigureSize.WIDE)
    scatter = pca_scatter(
        pca.points,
        [pieces[name] for name in pca.ids],
        explained=[float(share) for share in pca.explained_variance_ratio],
    )
    report.add_figure(scatter, "the windows on the first two principal components", size=FigureSize.WIDE)


def _layers(report: ReportPage, model: Model) -> None:
    report.add_section(
        "The layers", "As the service lists them; receptive fields are computed from the graph."
    )
    rows: list[tuple[str | int, ...]] = [
        (
            layer.name,
            layer.op_type,
            "×".join("?" if d is None else str(d) for d in layer.shape),
            "" if layer.channels is None else layer.channels,
            _field(layer),
        )
        for layer in model.layers()
    ]
    report.add_table(("layer", "operator", "shape", "channels", "receptive field"), rows)


def _unit_figure(found: list[Sighting]) -> Image.Image:
    projections, patches = [s.projection for s in found], [s.patch for s in found]
    return tile([*projections, *patches], columns=len(found), cell=(84, 84))


def _field(layer: object) -> str:
    field = getattr(layer, "receptive_field", None)
    return "–" if field is None else f"{field.rows.size}×{field.columns.size}"


def _thumbnail(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((320, 320))
    return small


def _open(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


@contextmanager
def _step(what: str) -> Iterator[None]:
    with _console.status(what):
        yield
    _console.print(f"✓ {what}", highlight=False)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
    _console.print(f"✓ {what}", highlight=False)
