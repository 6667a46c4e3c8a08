"""The cases of the verbs that make pictures, figures, interventions and judgements."""

from __future__ import annotations

import numpy as np

from inspector.types.requests.dream import DreamRequest
from inspector.types.requests.fool import FoolRequest
from tests.congruence.case import FLOATS, PHOTO, Case, jpeg

PARTS = np.array([[(1, 2, 5, 6)] * 3, [(3, 9, 8, 15), (8, 1, 13, 7), (10, 10, 15, 16)]], np.float64)

CATALOGUE = {
    "each channel replaced": Case("Run", lambda m, t: m.ablate([PHOTO, FLOATS], layer="relu2")),
    "some channels replaced by a number, drawn": Case(
        "Run",
        lambda m, t: m.ablate(PHOTO, layer="relu1", channels=[4, 1], value=0.5, target=2, rendering="png"),
    ),
    "channels of another image": Case(
        "Run", lambda m, t: m.patch([PHOTO, FLOATS], source=0, target=t.Unit("scores", 1, ()))
    ),
    "a channel that there is none of": Case("Run", lambda m, t: m.ablate(PHOTO, channels=[99])),
    "saliency, judged": Case(
        "Run",
        lambda m, t: m.judge(PHOTO, boxes=[[2, 2, 9, 9]], removals=5, neighbors=2, randomizations=1),
    ),
    "a method with options, judged and drawn": Case(
        "Run",
        lambda m, t: m.judge(
            [PHOTO, FLOATS],
            method="integrated_gradients",
            target=[0, t.Class(1)],
            measures=("deletion", "completeness"),
            removals=3,
            steps=4,
            rendering="png",
        ),
    ),
    "a map of one's own, judged": Case(
        "Run", lambda m, t: m.judge(FLOATS, map=FLOATS, measures="insertion", removals=4, hidden="black")
    ),
    "a measure that there is none of": Case("Run", lambda m, t: m.judge(PHOTO, measures="beauty")),
    "fooled": Case("Run", lambda m, t: m.fool(PHOTO, steps=3)),
    "fooled about classes": Case(
        "Run", lambda m, t: m.fool([PHOTO, FLOATS], target=[1, t.Class(2)], steps=2)
    ),
    "fooled in one step": Case(
        "Run",
        lambda m, t: m.fool(FLOATS, target="bee", attack="fgsm", bound=0.5, unit="input", rendering="png"),
    ),
    "fooled from the image itself": Case(
        "Run", lambda m, t: m.fool(PHOTO, bound=4, step_size=1.5, steps=2, random_start=False, seed=3)
    ),
    "the last of the steps of fooling": Case(
        "Run", lambda m, t: list(m.steps(FoolRequest(images=[PHOTO, PHOTO], steps=2)))[-1]
    ),
    "inverted": Case("Run", lambda m, t: m.invert([PHOTO, FLOATS], layers=["conv1", "flat"], steps=3)),
    "inverted as pixels": Case(
        "Run", lambda m, t: m.invert(PHOTO, layers="conv2", preset="pixels", rate=0.1, steps=3, seed=4)
    ),
    "inverted from no layer": Case("Run", lambda m, t: m.invert(PHOTO)),
    "inverted from an unknown layer": Case("Run", lambda m, t: m.invert(PHOTO, layers=["conv1", "cnv2"])),
    "a dream": Case("Run", lambda m, t: m.dream(PHOTO, steps=2, octaves=2)),
    "a dream of a channel": Case(
        "Run", lambda m, t: m.dream(PHOTO, target=t.Unit("conv2", 1), steps=2, size=(24, 20), rendering="png")
    ),
    "a dream of a layer, told": Case(
        "Run", lambda m, t: list(m.steps(DreamRequest(images=PHOTO, target=t.Unit("relu1"), steps=2)))[-1]
    ),
    "a dream that is too small": Case("Run", lambda m, t: m.dream(PHOTO, size=8)),
    "accentuated": Case("Run", lambda m, t: m.accentuate(PHOTO, steps=2)),
    "accentuated for targets": Case(
        "Run",
        lambda m, t: m.accentuate(PHOTO, target=[1, t.Unit("conv1", 2)], steps=2, closeness=10, jitter=0),
    ),
    "accentuated for no class": Case("Run", lambda m, t: m.accentuate(PHOTO, target=[0, 99])),
    "fooled about a unit": Case("Run", lambda m, t: m.fool(PHOTO, target=t.Unit("conv1", 1))),
    "fooled by an unknown attack": Case("Run", lambda m, t: m.fool(PHOTO, attack="magic")),
    "fooled within nothing": Case("Run", lambda m, t: m.fool(PHOTO, bound=0)),
    "invariance": Case("Run", lambda m, t: m.invariance([PHOTO, FLOATS], angles=[0, 90])),
    "invariance in detail, by its number": Case(
        "Run",
        lambda m, t: m.figure(
            [PHOTO],
            figure=5,
            layers=["conv1"],
            transformations=["scale"],
            scales=[0.5, 2],
            border="gray",
            target=1,
        ),
    ),
    "an invariance under what there is none of": Case(
        "Run", lambda m, t: m.invariance(PHOTO, transformations=["shear"])
    ),
    "health": Case("Run", lambda m, t: m.health()),
    "health over images, by its name": Case(
        "Run",
        lambda m, t: m.figure([PHOTO, FLOATS], figure="health", layers=["conv2"], likeness=0.5, aliasing=0.1),
    ),
    "the health of no convolution": Case("Run", lambda m, t: m.health(PHOTO, layers=["relu1"])),
    "correspondence": Case(
        "Run",
        lambda m, t: m.correspondence([PHOTO, FLOATS, -FLOATS], boxes=PARTS, parts=["eye", "nose"], random=2),
    ),
    "correspondence in detail, by its number": Case(
        "Run",
        lambda m, t: m.figure(
            [PHOTO, FLOATS, -FLOATS],
            figure="8",
            boxes=PARTS,
            layers=["conv1", "flat", "scores"],
            regions=PARTS[0],
            seed=3,
        ),
    ),
    "correspondence without boxes": Case(
        "Run", lambda m, t: m.correspondence([PHOTO, FLOATS], boxes=PARTS[:, :1])
    ),
    "probes": Case(
        "Run",
        lambda m, t: m.probe(
            [PHOTO, FLOATS, -FLOATS, 2 * FLOATS] * 2, classes=["a", "a", "b", "b"] * 2, folds=2
        ),
    ),
    "probes of one layer, by their name": Case(
        "Run",
        lambda m, t: m.figure(
            [PHOTO, FLOATS, -FLOATS, 2 * FLOATS],
            figure="probe",
            classes=("a", "b") * 2,
            layers=["conv1"],
            pooling="max",
        ),
    ),
    "probes without classes": Case("Run", lambda m, t: m.probe([PHOTO, FLOATS])),
    "the strongest examples": Case("Run", lambda m, t: m.top([PHOTO, FLOATS, jpeg(PHOTO)], layer="relu2")),
    "the strongest examples, in detail": Case(
        "Run",
        lambda m, t: m.top(
            [PHOTO, FLOATS],
            layer="conv2",
            channels=(3, 1),
            count=2,
            per_image=2,
            border="cut",
            method="guided",
        ),
    ),
    "the strongest of no such channel": Case("Run", lambda m, t: m.top(PHOTO, layer="conv2", channels=(99,))),
    "filters": Case("Run", lambda m, t: m.filters(order="strength")),
    "filters of no such layer": Case("Run", lambda m, t: m.filters(layer="relu1")),
    "an architecture": Case("Run", lambda m, t: m.architecture(whole=True)),
    "one unit": Case("Run", lambda m, t: m.unit(PHOTO, layer="conv2", channel=3, position=(2, 4))),
    "the occlusion figure": Case(
        "Run", lambda m, t: m.occlusion([PHOTO, FLOATS], target=t.Class(1), size=5, stride=5, count=1)
    ),
    "a figure by its number": Case(
        "Run", lambda m, t: m.figure([PHOTO, FLOATS], figure=2, layer="relu2", rows=2)
    ),
    "a figure by its name, with a target": Case(
        "Run", lambda m, t: m.figure(PHOTO, figure="occlusion", target=2, size=8, stride=8)
    ),
    "no such figure": Case("Run", lambda m, t: m.figure(PHOTO, figure=99)),
    "a figure with an option that there is none of": Case(
        "Run", lambda m, t: m.figure(PHOTO, figure="top", columns=2)
    ),
}
