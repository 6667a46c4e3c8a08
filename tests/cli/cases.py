"""What every verb is asked, on a file and on a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cli.conftest import LABELS, PHOTOGRAPHS

IMAGE = object()
"""Stands for one photograph."""
BEFORE_MODEL = {"figure": ("2",)}
"""What stands before the model, by the verb."""
WITHOUT_MODEL = frozenset({"methods"})
"""Verbs that ask for no model."""
IMAGES = object()
"""Stands for the folder of photographs."""
BOXES = object()
"""Stands for a file of boxes, two parts of every photograph."""
MODEL = object()
"""Stands for the model once more, among other models."""


@dataclass(frozen=True)
class Case:
    """A command without its model; `words` are what people must find in what it prints for them."""

    verb: str
    arguments: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()
    draws: bool = False


def attribute(*options: object, words: tuple[str, ...]) -> Case:
    return Case("attribute", (IMAGE, *options), words, draws=True)


CASES = {
    "methods": Case(
        "methods", words=("10 methods", "integrated_gradients", "steps=50", "Petsiuk", "lrp_zplus")
    ),
    "rectifiers": Case("rectifiers", words=("2 rectifiers", "relu1", "Relu")),
    "layers": Case("layers", words=("conv1", "MaxPool", "1×8×6×6", "4×4", "7 layers")),
    "predict": Case("predict", (IMAGE,), words=("probability", LABELS[0])),
    "predict, two of several images": Case(
        "predict", (IMAGES, "--top", 2), words=tuple(f"photo{n}" for n in range(PHOTOGRAPHS))
    ),
    "saliency of the class": attribute(words=("saliency of class", "value")),
    "saliency of a class by number": attribute("--class", 4, words=("class 4 eel",)),
    "deconvnet of a unit": attribute(
        *("--method", "deconvnet", "--layer", "conv2", "--channel", 3, "--position", "2,4"),
        words=("deconvnet of channel 3 of conv2 at (2, 4)",),
    ),
    "deconvnet of the strongest unit of a map": attribute(
        "-m", "deconvnet", "-l", "pool1", "-c", 1, words=("channel 1 of pool1 at (",)
    ),
    "guided of the strongest map": attribute("-m", "guided", "-l", "relu2", words=("guided of channel",)),
    "integrated gradients": attribute(
        *("-m", "integrated_gradients", "--option", "steps=7", "--option", "baseline=0.1,-1,0.5"),
        words=("integrated_gradients of class", "completeness gap"),
    ),
    "SmoothGrad": attribute(
        *("-m", "smoothgrad", "--option", "samples=3", "--option", "noise=0.5", "--option", "seed=9"),
        words=("smoothgrad of class",),
    ),
    "Grad-CAM of a layer": attribute("-m", "gradcam", "--option", "layer=relu1", words=("gradcam of class",)),
    "LRP by a rule, and another at a layer": attribute(
        *("-m", "lrp", "--option", "rule=zplus", "--policy", "scores=lrp_epsilon"), words=("lrp of class",)
    ),
    "saliency, guided at two layers": attribute(
        "--policy", "relu1=guided", "--policy", "relu2=guided", words=("saliency of class",)
    ),
    "an element": attribute(
        "-t", "conv2", "--index", "3,2,4", words=("saliency of element (3, 2, 4) of conv2",)
    ),
    "the largest element": attribute("--tensor", "relu1", words=("of relu1", "saliency of element (")),
    "a region": attribute(
        *("-t", "conv1", "--region", "1,10:12,:", "--reduce", "sum"),
        words=("saliency of sum of 32 elements of conv1[1, 10:12, 0:16]",),
    ),
    "a norm": attribute("-t", "flat", "--direction", "own", words=("saliency of direction of flat: value",)),
    "a class of a named output": attribute(
        "--class", 4, "--tensor", "scores", words=("saliency of class 4 eel: value",)
    ),
    "occlude a region": Case(
        "occlude",
        (IMAGE, "-t", "relu2", "--region", ":,2:4,2", "--size", 8, "--stride", 8),
        words=("mean of 16 elements of relu2[0:8, 2:4, 2]: value",),
        draws=True,
    ),
    "occlude": Case(
        "occlude", (IMAGE, "--size", 4, "--stride", 3), words=("unoccluded", "4×4 square"), draws=True
    ),
    "occlude, with everything chosen": Case(
        "occlude",
        (IMAGE, "--class", 1, "--layer", "conv1", "--size", 6, "--stride", 5, "--fill", 0.25),
        words=("bee: probability", "6×6 square"),
        draws=True,
    ),
    "boxes of an image": Case(
        "occlude_regions",
        (IMAGE, "--boxes", "0,0,8,8,4,4,16,16", "--class", 1, "--against", "next", "--fill", "blur"),
        words=("class 1 bee − class", "uncovered", "share of the image", "kind='boxes'"),
        draws=True,
    ),
    "a class against the next": attribute(
        *("-m", "gradcam", "--against", "next", "--option", "relu=false"),
        words=("− class", "by layer 'relu2'"),
    ),
    "ablate": Case("ablate", (IMAGE, "-l", "relu2"), words=("answers changed", "all")),
    "ablate some channels by their mean": Case(
        "ablate",
        (IMAGES, "-l", "conv2", "--channels", "1,3", "--value", "mean"),
        words=("5 images", "change"),
    ),
    "patch": Case("patch", (IMAGES, "-l", "relu1", "--source", 1), words=("restored", "on the source")),
    "judge": Case(
        "judge",
        (IMAGE, "-m", "guided", "--removals", 5, "--neighbors", 2, "--randomizations", 1),
        words=("deletion", "Gaussian", "randomization"),
    ),
    "judge, with a method's own option and some measures": Case(
        "judge",
        *(
            (
                IMAGE,
                "-m",
                "integrated_gradients",
                "--option",
                "steps=3",
                "--measures",
                "completeness,insertion",
            ),
        ),
        words=("completeness gap", "insertion"),
    ),
    "describe": Case("describe", words=("opset", "float32", "preprocessing")),
    "describe by its other name": Case("info", words=("any batch", "5: ant, bee", "assumed", "sha256")),
    "activations": Case(
        "activations",
        (IMAGE, "-l", "conv1,conv2", "-l", "flat"),
        words=("1×6×16×16", "1×8×6×6", "1×288"),
    ),
    "features": Case("features", (IMAGES,), words=("photo4.png", "288")),
    "features, the largest of each map": Case(
        "features", (IMAGES, "--layer", "conv2", "--pooling", "max"), words=("dimensions", " 8 ")
    ),
    "neighbors": Case(
        "neighbors", (IMAGE, IMAGES, "-k", 3), words=("cosine distance", "photo2.png", "0.0000")
    ),
    "neighbors by another measure": Case(
        "neighbors", (IMAGE, IMAGES, "-l", "relu1", "--metric", "euclidean"), words=("euclidean distance",)
    ),
    "fool": Case(
        "fool", (IMAGE, "--class", "eel", "--bound", 30, "--steps", 4), words=("class 4 eel",), draws=True
    ),
    "fool in one step": Case(
        "fool", (IMAGES, "--attack", "fgsm", "--unit", "pixels"), words=("the change × 63",)
    ),
    "synthesize": Case(
        "synthesize",
        ("--class", "eel", "--preset", "naive", "--steps", 3),
        words=("class 4 eel", "total variation"),
        draws=True,
    ),
    "invert": Case(
        "invert", (IMAGE, "-l", "conv1,relu2", "--steps", 4), words=("features off by",), draws=True
    ),
    "dream": Case("dream", (IMAGE, "-l", "conv1", "--steps", 2), words=("norm of conv1",), draws=True),
    "dream of a channel": Case(
        "dream", (IMAGE, "-l", "conv1", "-c", 3, "--octaves", 2), words=("channel 3 of conv1",), draws=True
    ),
    "accentuate": Case("accentuate", (IMAGE, "--steps", 3), words=("class 3 dog: p",), draws=True),
    "saliency of a class by its label": attribute("--class", "eel", words=("class 4 eel",)),
    "pca": Case("pca", (IMAGES,), words=("PC1", "PC2", "photo0.png"), draws=True),
    "pca with three components": Case("pca", (IMAGES, "--components", 3), words=("PC3",), draws=True),
    "top": Case(
        "top",
        (IMAGES, "-l", "relu2", "--channels", "1,4", "--count", 3),
        words=("relu2, channel 4", "photo"),
        draws=True,
    ),
    "filters": Case("filters", ("--order", "strength"), words=("conv1: 6×3×3×3", "rms"), draws=True),
    "evolution": Case(
        "evolution",
        (IMAGES, "--models", MODEL, "-l", "relu2", "--rows", 1),
        words=("settles at", "conv2"),
        draws=True,
    ),
    "occlusion": Case("occlusion", (IMAGES, "--size", 8, "--stride", 8), words=("(b, d, e)",), draws=True),
    "unit": Case(
        "unit", (IMAGE, "-l", "conv2", "-c", 3, "-p", "2,4"), words=("unpool by the switches",), draws=True
    ),
    "architecture": Case("architecture", words=("8×6×3×3", "sees"), draws=True),
    "invariance": Case(
        "invariance",
        (IMAGES, "--angles", "0,90", "--shifts", "1", "--layers", "conv1,flat"),
        words=("rotate: layers compared", "degrees counterclockwise"),
        draws=True,
    ),
    "health": Case("health", (IMAGES, "-l", "conv2"), words=("Health of 8 filters", "8×6×3×3"), draws=True),
    "correspondence": Case(
        "correspondence",
        (IMAGES, "--boxes", BOXES, "--parts", "eye,nose", "--random", 2),
        words=("eye", "nose", "random", "draws below"),
        draws=True,
    ),
    "probe": Case(
        "probe",
        (IMAGES, "--classes", ",".join("ab"[seed % 2] for seed in range(PHOTOGRAPHS)), "--folds", 2),
        words=("Linear probes of 2 classes", "chance"),
        draws=True,
    ),
    "a figure": Case(
        "figure",
        (IMAGES, "-l", "relu2", "--option", "rows=2"),
        words=("What excites channels most",),
        draws=True,
    ),
}
