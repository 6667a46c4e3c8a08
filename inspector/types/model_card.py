"""What a model card is made from: plain data, the same in process and from a service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from inspector.types.layers import Layer
from inspector.types.results.model_info import ModelInfo
from inspector.types.results.report import Report

LICENSES = ("license", "licence", "licenses", "license_name", "spdx_license")
AUTHORS = ("author", "authors")
"""Keys of the metadata under which exporters write these, in any case."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What is known of a model, and what was found when it was looked over."""

    info: ModelInfo
    layers: tuple[Layer, ...]
    report: Report | None
    unchecked: str = ""
    """Why there is no report, where there is none."""

    @cached_property
    def operators(self) -> Mapping[str, int]:
        """How many layers each operator has, the most frequent first."""
        return dict(Counter(layer.op_type for layer in self.layers).most_common())

    @property
    def license(self) -> str:
        """As the file says it; empty where it says none."""
        return self.said(*LICENSES)

    @property
    def author(self) -> str:
        """As the file says it; empty where it says none."""
        return self.said(*AUTHORS)

    def said(self, *names: str) -> str:
        """Return the first entry of the metadata under one of these names, which are in small letters; "" for none."""
        entries: dict[str, str] = {}
        for key, value in self.info.metadata.items():
            entries.setdefault(key.lower(), value)
        return next((entries[name] for name in names if entries.get(name)), "")

    @cached_property
    def widest(self) -> Layer | None:
        """The layer whose units see most of the image without seeing all of it; None where no layer's is known."""
        found = [
            layer
            for layer in self.layers
            if layer.receptive_field is not None and not layer.receptive_field.covers_all
        ]
        return max(found, key=_pixels, default=None)

    @property
    def seeing_all(self) -> int:
        """How many layers' units see the whole image."""
        fields = (layer.receptive_field for layer in self.layers)
        return sum(one is not None and one.covers_all for one in fields)


def _pixels(layer: Layer) -> int:
    return prod(layer.receptive_field.size if layer.receptive_field else ())
