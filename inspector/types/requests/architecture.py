"""Architecture: what is a network made of, and what does each layer see?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inspector.types.requests.base import Request, option, verb
from inspector.types.results.figure import Figure


@verb("architecture")
@dataclass(frozen=True, kw_only=True, eq=False)
class ArchitectureRequest(Request[Figure]):
    """Draw the architecture as a table: layer, operator, filters, shape, receptive field, stride.

    Zeiler & Fergus 2014, Fig 3.
    """

    runs_model: ClassVar[bool] = False

    whole: bool = option(
        default=False, help="All layers; without, those with weights, poolings, and what answers."
    )
