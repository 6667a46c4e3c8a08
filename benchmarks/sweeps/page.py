"""The table of sweeps, and the page around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One verb of one model, in CPU seconds."""

    model: str
    verb: str
    runs: int
    loop: float
    batch: int
    """Of the loop at its best."""
    ours: float
    apart: float | None
    """The largest difference of the answers by the largest; None where a verb gives no answers one by one."""


def header() -> list[str]:
    """Return the first lines of the table."""
    return [
        "| model | verb | runs | loop, s (batch) | ours, s | loop ÷ ours | apart |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]


def row(one: Measured) -> str:
    """Return a line of the table."""
    apart = "" if one.apart is None else f"{one.apart:.0e}"
    return (
        f"| {one.model} | {one.verb} | {one.runs} | {one.loop:.3f} ({one.batch}) | {one.ours:.3f} "
        f"| {one.loop / one.ours:.2f} | {apart} |"
    )


def page(rows: Sequence[Measured]) -> str:
    """Return the page."""
    return "\n".join([_BEFORE, *header(), *map(row, rows), ""])


_BEFORE = """# Sweeps

Every verb that asks a model about many images made of one image, beside the loop that one would write by hand over
ONNX Runtime. Written by

```
python -m benchmarks.sweeps --write
```

CPU seconds of one thread; contenders take turns in one process, and the least of all turns counts: on a machine that is
busy with other things figures wander by a tenth all the same. A loop runs the exported file, asks for what it reads
alone, and has the best of the batches 1, 4 and 16; for `ablate` the graph is cut in two by hand, and the clean pass run
once. What is measured of ours is the verb, whole: it also chooses the target, names what wins, sums the watched map,
and writes notes and tables. SqueezeNet 1.0, MobileNetV2 and the quantized model are trained ones, others torchvision's
architectures with random weights (`make bench` exports them). *apart* is the largest difference of the answers, by the
largest of them.

Models and verbs can be measured one by one, and rows come from several calls: a row is of one process. Where ours is
the slower, by a tenth and less, it is what the verb does beside the runs; in the last layer of MobileNetV2, behind
which a run takes less than 0.1 ms, that is as much as all runs (a second pass of the image, and the table).

Why sweeps are as they are, and where what is left of the time goes:
[decision 0067](../decisions/0067-incremental-inference.md), and for `ablate`
[0047](../decisions/0047-interventions.md).
"""
