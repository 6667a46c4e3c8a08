"""Everything that can be added, in one file outside the package, named in INSPECTOR_PLUGINS; nothing else is edited.

A method of attribution, a verb of an existing kind of result, a verb with a kind of its own, a backward rule, a rule of
`check`, and a store of collections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from PIL import Image

from inspector.checks.examination import Examination
from inspector.checks.rule import Found
from inspector.checks.rule import rule as check_rule
from inspector.collections.registration import store
from inspector.collections.stores.memory import MemoryStore
from inspector.engine.run import Run
from inspector.grad.rule import rule as backward_rule
from inspector.methods.attribution.projection import attribution_of, resolve_targets
from inspector.methods.prepared import prepared
from inspector.methods.registration import attribution_method
from inspector.methods.verbs import answers
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.base import Result, kind, picture_of
from inspector.types.results.maps import Maps
from inspector.types.results.table import Row, Table
from inspector.types.targets import Target
from inspector.wire.results import OTHER_KINDS

# --- a method of attribution


@attribution_method("toy_input", picture="signed")
def toy_input(run: Run, x: Prepared, targets: Sequence[Target], *, strength: float = 1.0) -> Maps:
    """The image itself, times `strength`."""
    chosen = [one.resolved for one in resolve_targets(run, x.values, targets)]
    return attribution_of(
        run, x, np.stack([x.values[one.image] * np.float32(strength) for one in chosen]), chosen
    )


# --- a verb whose result is of a kind that there is


@verb("toy_brightness")
@dataclass(frozen=True, kw_only=True, eq=False)
class ToyBrightnessRequest(ImagesRequest[Table]):
    """Tell how bright images are."""

    scale: float = option(1.0, help="What the mean is multiplied by.")


@answers(ToyBrightnessRequest)
def toy_brightness(run: Run, request: ToyBrightnessRequest) -> Table:
    """Return the mean of each prepared image."""
    values = prepared(run, request.images).values
    means = values.reshape(len(values), -1).mean(axis=1, dtype=np.float64) * request.scale
    run.control.tell(len(values), len(values))
    return Table(
        title="toy brightness",
        columns=("image", "mean"),
        rows=tuple(Row(cells=(index, float(mean))) for index, mean in enumerate(means)),
    )


# --- a verb with a kind of result of its own: the result, its picture, and its message on the wire


@kind("toy_totals")
@dataclass(frozen=True, kw_only=True, eq=False)
class ToyTotals(Result):
    """The sum of each channel."""

    totals: Array
    """float64 (N, C)."""
    unit: str

    def summary(self) -> list[str]:
        """Return the totals in words."""
        return [f"totals of {len(self.totals)} images in {self.unit}"]


@picture_of(ToyTotals)
def draw_totals(result: ToyTotals) -> list[Image.Image]:
    """Draw one pixel per total."""
    shades = np.clip(np.abs(result.totals), 0, 255).astype(np.uint8)
    return [Image.fromarray(shades).resize((64, 64))]


def toy_message() -> type:
    """Return the message of ToyTotals; a file of protos does the same."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="toy_totals.proto",
        package="toy",
        syntax="proto3",
        dependency=["inspector/v1/tensor.proto", "inspector/v1/value.proto"],
    )
    message = file.message_type.add(name="ToyTotals")
    several, one = field.LABEL_REPEATED, field.LABEL_OPTIONAL
    for number, (name, label, kind_of, of) in enumerate(
        [
            ("totals", one, field.TYPE_MESSAGE, ".inspector.v1.Tensor"),
            ("unit", one, field.TYPE_STRING, ""),
            ("notes", several, field.TYPE_MESSAGE, ".inspector.v1.Note"),
            ("rendered", several, field.TYPE_BYTES, ""),
        ],
        start=1,
    ):
        message.field.add(name=name, number=number, label=label, type=kind_of, type_name=of or None)
    pool = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("toy.ToyTotals"))


OTHER_KINDS.add(ToyTotals, toy_message())


@verb("toy_totals")
@dataclass(frozen=True, kw_only=True, eq=False)
class ToyTotalsRequest(ImagesRequest[ToyTotals]):
    """Sum the channels of images."""

    unit: str = option("input units", help="What to call the unit.")


@answers(ToyTotalsRequest)
def toy_totals(run: Run, request: ToyTotalsRequest) -> ToyTotals:
    """Return the sum of each channel of each image."""
    values = prepared(run, request.images).values.astype(np.float64)
    return ToyTotals(
        totals=values.reshape(*values.shape[:2], -1).sum(axis=2), unit=request.unit, notes=run.notes
    )


# --- a backward rule, of an operator that has none in the catalog


@backward_rule("SampleOp", domain="com.microsoft")
def sample_op(b: Any, node: Any, gy: Any) -> Any:
    """y = x, so ∂L/∂x = ∂L/∂y."""
    return [gy]


# --- a rule of check


@check_rule(
    "toy-name",
    family="validity",
    severity="info",
    rationale="Toys should be called toys.",
    mend="Call it a toy.",
)
def toy_name(examination: Examination, *, word: str = "toy") -> Iterator[Found]:
    """Find models whose name does not say that they are toys."""
    if word not in examination.model.name:
        yield Found(message=f"The name does not say that it is a {word}.", subject=examination.model.name)


# --- a store of collections


@store("toy")
class ToyStore(MemoryStore):
    """The memory store under another name, which counts how many are made."""

    made = 0

    def __init__(self, *, max_bytes: int) -> None:
        super().__init__(max_bytes=max_bytes)
        type(self).made += 1
