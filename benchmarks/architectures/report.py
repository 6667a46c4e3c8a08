"""The results as the page docs/architectures.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.architectures.catalog import ARCHITECTURES, Architecture, Export
from benchmarks.architectures.comparison import BOUND, POLICIES, Verdict, judge

Result = Mapping[str, Any]

PEER_BOUND = 1e-2
"""Up to here onnx2torch's gradient counts as right: rounding decides masks there, too."""

NOTES = """\
- **SuperPoint**: the TorchScript exporter writes a two-dimensional MaxPool over a tensor of three dimensions, which
  ONNX Runtime refuses, too.
- **AlexNet and VGG** at 224×224 have up to 14 million rectified units, of which a few per image are so near zero that
  rounding decides. Compared unit by unit with autograd's float64, exactly one of VGG-11's falls the other way, at 9e-8
  of its layer's spread, on one of the two images, and makes all of the difference of 5e-3; the other image agrees to
  4e-7. One of AlexNet's, at 2e-7, makes the 3e-2. Forward, and deconvnet, which reads no mask, agree.
- **BiT**: by default ONNX Runtime fuses the embedder's padding with zeros into the MaxPool behind it, which pads with
  −∞: the scores differ from PyTorch's by 3 % of their maximum, here as in a plain session (with the optimizer
  `Pad_Fusion` disabled, by 2e-7). The maps are those of the model.
- **RT-DETR** detaches its boxes between the decoder's layers. A file knows nothing of that, so autograd was kept from
  it.
- **Detectors** of torchvision are exported as far as the raw answers of their heads (of Faster R-CNN: of the region
  proposal network). What follows is `nms` and `roi_align` of torchvision's compiled operators.
- Not tried for want of time or of a definition that runs without its own compiled operators: MaxViT, Mask R-CNN,
  deformable networks of torchvision."""
"""What the figures do not say: written by hand, of onnxruntime 1.31.1, torch 2.13.0 and transformers 5.23.0."""

_MARKS = {Verdict.AGREES: "", Verdict.ROUNDING: " †", Verdict.DIFFERS: " **differs**"}


@dataclass(frozen=True)
class Row:
    """One file and what was found."""

    architecture: Architecture
    export: Export
    exported: Result
    ours: Result
    theirs: Result
    end: str | None
    """How a process ended that ended badly."""

    @property
    def works(self) -> bool:
        """Whether all policies agree, or rounding decides."""
        return all(
            judge(self.ours[policy]) is not Verdict.DIFFERS for policy in POLICIES if policy in self.ours
        ) and all(policy in self.ours for policy in POLICIES)

    @property
    def note(self) -> str:
        """Return why there is no file or no result."""
        return str(self.exported.get("error") or self.ours.get("error") or self.end or "")


def markdown(results: Result) -> str:
    """Return the page."""
    rows = list(_rows(results["architectures"]))
    files = [row for row in rows if "nodes" in row.exported]
    return (
        "\n\n".join(
            [
                "# Architectures",
                _introduction(results["environment"]),
                _summary(rows, files),
                _table(files),
                "## What did not work",
                _failures(rows),
                NOTES,
            ]
        )
        + "\n"
    )


def _rows(architectures: Mapping[str, Result]) -> Iterator[Row]:
    for architecture in ARCHITECTURES:
        found = architectures.get(architecture.name)
        if found is None:
            continue
        exported = {line["export"]: line for line in found["peer"] if "export" in line}
        theirs = {line["onnx2torch"]: line for line in found["peer"] if "onnx2torch" in line}
        ours = {line["file"]: line for line in found["ours"]}
        ends = found["ends"]
        for export in architecture.exports:
            key = export.key
            end = ends.get("peer") if key not in exported else ends.get("ours") if key not in ours else None
            yield Row(
                architecture, export, exported.get(key, {}), ours.get(key, {}), theirs.get(key, {}), end
            )


def _introduction(where: Result) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in (where["peer"] | where["ours"]).items())
    return f"""Architectures from other people's definitions, exported by both of PyTorch's exporters, and the maps that
the backward graphs give for them, against PyTorch's autograd on the same weights. Made by
`python -m benchmarks.architectures` (`make architectures`) on {where["date"]}: {versions}.

- The weights are random (seed 0): the definition's own initialization; parameters that it starts at one value (gains,
  biases, layer scales, position embeddings) are drawn anew, and the statistics of batch normalization are set from
  random pictures, so that signals neither vanish nor explode; its biases are around 1, so that most rectifiers are
  open, as in trained networks. Files with batch N are run with two images at once.
- Of each output one element is explained, the largest. The figures are the largest difference from autograd,
  relative to the largest value of the map, over images and outputs; up to {BOUND:g} counts as agreement.
- A mask or a pooling switch can fall either way where two numbers differ by rounding. So autograd also runs in float64,
  and the nearer of the two counts. Where the maps still differ, they are computed again at eight images within about
  1e-5 of the image: what rounding decides falls the other way there, and a wrong rule would stay wrong. † marks maps
  that agree at one of those, or where autograd's float32 is itself further than {BOUND:g} from its float64.
- "deconvnet" and "guided" put their rule in place of every rectifier (ReLU, ReLU6, SiLU, hard-swish, GELU, …), in
  autograd by a function mode, here by the patterns of `inspector.grad.policies.rectifiers`.
- onnx2torch's column is its network's gradient against the same reference; up to {PEER_BOUND:g} counts, because
  rounding decides there, too."""


def _summary(rows: list[Row], files: list[Row]) -> str:
    names = {row.architecture.name for row in files}
    works = sum(row.works for row in files)
    rounding = sum(
        any(judge(row.ours[policy]) is Verdict.ROUNDING for policy in POLICIES if policy in row.ours)
        for row in files
    )
    peer = sum(row.theirs.get("deviation", 1.0) <= PEER_BOUND for row in files)
    return (
        f"**{works} of {len(files)} files** ({len(names)} architectures, opsets "
        f"{min(row.exported['opset'] for row in files)} to {max(row.exported['opset'] for row in files)}) give all "
        f"three maps; in {rounding} rounding decides somewhere (†). onnx2torch differentiates {peer} of them. "
        f"{len(rows) - len(files)} exports failed in the exporter, each named below."
    )


def _table(files: list[Row]) -> str:
    lines = [
        "| architecture | source | exporter | opset | batch | nodes | gradient | deconvnet | guided | onnx2torch |",
        "| --- | --- | --- | ---: | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in files:
        cells = [
            row.architecture.name,
            row.architecture.source,
            row.export.exporter,
            _opset(row),
            row.export.batch,
            str(row.exported["nodes"]),
            *(_figure(row.ours.get(policy)) for policy in POLICIES),
            _peer(row),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _opset(row: Row) -> str:
    asked, got = row.export.opset, row.exported["opset"]
    return str(got) if asked == got else f"{got} ({asked} asked)"


def _figure(found: Mapping[str, float] | None) -> str:
    return "–" if found is None else f"{found['off']:.0e}{_MARKS[judge(found)]}"


def _peer(row: Row) -> str:
    if not row.theirs:
        return "–"
    if "error" in row.theirs:
        return _cell(_short(row.theirs["error"]))
    return f"{row.theirs['deviation']:.0e}"


def _short(error: str) -> str:
    """Return what onnx2torch says of an operator without a converter as its name and opset."""
    if "operation_type='" in error:
        operator = error.partition("operation_type='")[2].partition("'")[0]
        return f"no {operator}-{error.partition('version=')[2].partition(')')[0]}"
    return error[:80]


def _failures(rows: list[Row]) -> str:
    lines = [
        f"- **{row.architecture.name}**, {row.export.exporter}, opset {row.export.opset}: {_cell(row.note)}"
        for row in rows
        if row.note
    ]
    return "\n".join(lines) or "Nothing."


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
