"""Which images are alike, by the model's features."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inspector.face.collections import Collection
from inspector.render.blocks import FigureSize
from inspector.render.scatter import pca_scatter
from inspector.render.strip import neighbor_strip
from inspector.report.chapter import chapter
from inspector.report.draft import Draft
from inspector.report.subjects import Subject, windows

QUERIES = 4
SHOWN = 6
_GRAY = (128, 128, 128)


@chapter("alike", order=80)
def alike(draft: Draft) -> None:
    """Show nearest neighbors and the principal plane of windows of the images."""
    pieces = [piece for subject in draft.subjects for piece in windows(subject, count=draft.effort.windows)]
    if any(subject.picture is not None for subject in draft.subjects):
        what = f"{len(pieces)} windows of the images"
    else:
        what = f"{len(pieces)} inputs"
    draft.section("Which images are alike", f"{what}, each a vector of what the last dense layer reads.")
    with draft.part(f"embedding {what}"):
        features = [draft.model.features(piece.image) for piece in pieces]
        draft.notes_of(*features)
        names = [f"{place}-{piece.name}" for place, piece in enumerate(pieces)]
        draft.collection.add(
            vectors={name: one.vectors[0] for name, one in zip(names, features, strict=True)}
        )
        by_name = dict(zip(names, pieces, strict=True))
        _neighbors(draft, draft.collection, by_name)
        if len(pieces) > 2:
            with draft.part("the principal plane"):
                _plane(draft, draft.collection, by_name)


def _neighbors(draft: Draft, collection: Collection, pieces: dict[str, Subject]) -> None:
    names = list(pieces)
    queries = names[:: max(1, len(names) // QUERIES)][:QUERIES]
    answers = collection.neighbors(items=queries, k=min(SHOWN + 1, len(names)))
    for query, neighbors in zip(queries, answers, strict=True):
        others = [one for one in neighbors if one.id != query][:SHOWN]
        if not others:
            continue
        strip = neighbor_strip(
            _picture(pieces[query]),
            [_picture(pieces[one.id]) for one in others],
            [one.distance for one in others],
        )
        draft.page.add_figure(
            strip, f"nearest to {pieces[query].name}, by cosine distance", size=FigureSize.WIDE
        )


def _plane(draft: Draft, collection: Collection, pieces: dict[str, Subject]) -> None:
    pca = collection.pca(components=2)
    scatter = pca_scatter(
        np.asarray(pca.points),
        [_picture(pieces[name]) for name in pca.ids],
        explained=[float(share) for share in pca.explained_variance_ratio],
    )
    draft.page.add_figure(scatter, "the windows on the first two principal components", size=FigureSize.WIDE)


def _picture(subject: Subject) -> Image.Image:
    return subject.picture or Image.new("RGB", (64, 64), _GRAY)
