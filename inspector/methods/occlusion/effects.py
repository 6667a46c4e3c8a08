"""What free masks tell, as a map over the image and as a table."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.methods.occlusion.regions import Regions
from inspector.methods.planes import as_maps
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.layouts import batched
from inspector.types.requests.occlude_regions import OccludeRegionsRequest
from inspector.types.results.maps import Maps, Used
from inspector.types.results.table import Row, Table


def effects_map(
    run: Run, request: OccludeRegionsRequest, x: Array, chosen: Chosen, regions: Regions, effects: Array
) -> Maps:
    """Return the mean effect of the regions that cover a pixel; 0 where none does."""
    total = weight = np.zeros(())
    for index, effect in enumerate(np.nan_to_num(effects)):
        mask = regions.mask(index)
        total, weight = total + effect * mask, weight + mask
    plane = np.where(weight > 0, total / np.maximum(weight, 1e-9), 0).astype(np.float32)
    model = run.engine.model
    fill: Used = "one for each region" if isinstance(request.fill, np.ndarray) else request.fill  # type: ignore[assignment]
    return Maps(
        method=OccludeRegionsRequest.verb,
        maps=as_maps(run.engine, plane[None]),
        targets=(chosen.resolved,),
        inputs=x,
        layout=batched(model.input.layout),
        picture="signed",
        preprocessing=model.preprocessing,
        options={"fill": fill, "keep": request.keep, "kind": regions.kind, "regions": regions.count},
        notes=run.notes,
    )


def effects_table(
    chosen: Chosen, regions: Regions, found: Array, effects: Array, winning: list[str | None]
) -> Table:
    """Return a row per region, the strongest effect first."""
    answer = "probability" if chosen.resolved.kind == "class" else "value"
    order = np.argsort(-np.nan_to_num(effects, nan=-np.inf), kind="stable")
    rows = tuple(
        Row(
            cells=(
                regions.names[index],
                round(float(regions.mask(int(index)).mean()), 6),
                float(found[index]),
                float(effects[index]),
                winning[index],
            )
        )
        for index in order
    )
    return Table(columns=("region", "share of the image", answer, "effect", "most probable"), rows=rows)
