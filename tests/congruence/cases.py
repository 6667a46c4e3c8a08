"""One table of cases: each is one expression over a model, wherever it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.occlude import OccludeRequest
from tests.congruence.case import FLOATS, PHOTO, Case, jpeg
from tests.congruence.catalogue import CATALOGUE
from tests.support.toys import SIDE

NOTHING: Any = {"options": None, "policies": None, "inputs": None}
SCALAR = np.ones((), np.float32)
CHECKS = np.indices((SIDE, SIDE)).sum(axis=0) % 2 == 0


def told(model: Any, **given: Any) -> tuple[Any, tuple[int, int] | None]:
    """Attribute a photo; return the result and the last of its progress, which is told in order."""
    steps: list[tuple[int, int]] = []
    result = model.attribute(PHOTO, progress=lambda done, total: steps.append((done, total)), **given)
    assert steps == sorted(set(steps))
    return result, steps[-1] if steps else None


CASES = {
    "predict a photo": Case("Predict", lambda m, t: m.predict(PHOTO)),
    "what is known of it": Case("Describe", lambda m, t: m.info),
    "its layers": Case("Layers", lambda m, t: m.layers()),
    "one layer": Case("Layers", lambda m, t: m.layer("conv2")),
    "no such layer": Case("Layers", lambda m, t: m.layer("cnv2")),
    "synthesize a class and a channel": Case(
        "Run",
        lambda m, t: m.synthesize(
            target=[t.Class(2), t.Unit("conv2", 3)], steps=3, preset="crops", samples=2, seed=5
        ),
    ),
    "synthesize one picture of two targets": Case(
        "Run",
        lambda m, t: m.synthesize(
            target=[0, 1], weights=[1, -0.5], steps=2, total_variation=3, optimizer="nadam"
        ),
    ),
    "synthesize under a photo's spectrum": Case(
        "Run", lambda m, t: m.synthesize([PHOTO], target=1, preset="spectrum", steps=2)
    ),
    "synthesize nothing": Case("Run", lambda m, t: m.synthesize(steps=2)),
    "synthesize a class that nobody named": Case("Run", lambda m, t: m.synthesize(target=t.Class())),
    "its check": Case("Run", lambda m, t: m.check()),
    "its check, in part": Case("Run", lambda m, t: m.check(ignore=("no_such_rule",))),
    "an option of another type by name": Case("Run", lambda m, t: m.check(select=3)),
    "predict floats": Case("Predict", lambda m, t: m.predict(FLOATS, top=3)),
    "predict a batch of floats": Case("Predict", lambda m, t: m.predict(np.stack([FLOATS, -FLOATS]))),
    "predict a JPEG": Case("Predict", lambda m, t: m.predict(jpeg(PHOTO))),
    "predict a PIL image": Case("Predict", lambda m, t: m.predict(Image.fromarray(PHOTO))),
    "predict a mixture": Case(
        "Predict", lambda m, t: m.predict([PHOTO, FLOATS, jpeg(PHOTO), FLOATS[None]], top=1)
    ),
    "all activations": Case(
        "Activations",
        lambda m, t: m.activations([PHOTO, FLOATS], layers=[layer.name for layer in m.layers()]),
    ),
    "saliency": Case("Attribute", lambda m, t: m.attribute(PHOTO)),
    "saliency of a class": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=2)),
    "saliency of classes": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=[0, t.Class(1), None])),
    "guided, pairs": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], method="guided", target=[3, 4])
    ),
    "deconvnet of a channel": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], method="deconvnet", target=t.Unit("conv2", 5))
    ),
    "deconvnet of a unit": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="deconvnet", target=t.Unit("relu2", 1, (2, 3)))
    ),
    "deconvnet of the strongest": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="deconvnet", target=t.Unit("pool1"))
    ),
    "guided of a dense unit": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="guided", target=t.Unit("scores", 1, ()))
    ),
    "integrated gradients": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="integrated_gradients", steps=7, baseline="black")
    ),
    "integrated gradients from values": Case(
        "Attribute",
        lambda m, t: m.attribute(
            [PHOTO, FLOATS], method="integrated_gradients", steps=np.int64(3), baseline=[0.1, -1, 0.5]
        ),
    ),
    "integrated gradients from an image": Case(
        "Attribute",
        lambda m, t: m.attribute(PHOTO, method="integrated_gradients", steps=3.0, baseline=FLOATS),
    ),
    "SmoothGrad": Case(
        "Attribute",
        lambda m, t: m.attribute(PHOTO, method="smoothgrad", samples=5, noise=0.3, seed=2**53 + 1, target=1),
    ),
    "RISE": Case(
        "Attribute",
        lambda m, t: m.attribute(FLOATS, method="rise", masks=70, cells=4, keep=0.4, seed=3, baseline=0.25),
    ),
    "Grad-CAM of a layer": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], method="gradcam", layer="relu1")
    ),
    "guided Grad-CAM": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="guided_gradcam", layer=None)
    ),
    "gradient x input": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="gradient_x_input")),
    "LRP by a rule": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="lrp", rule="alpha2beta1")),
    "other policies at layers": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, policies={"relu1": "guided", "relu2": "deconvnet"})
    ),
    "other policies and options": Case(
        "Attribute",
        lambda m, t: m.attribute(PHOTO, method="lrp", rule="zplus", policies={"scores": "lrp_epsilon"}),
    ),
    "no other policies": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="gradcam", policies={})),
    "a method of many steps, told": Case(
        "Attribute", lambda m, t: told(m, method="integrated_gradients", steps=150, target=[0, 2])
    ),
    "a method of many steps, told and on its own": Case(
        "Attribute", lambda m, t: told(m, method="rise", masks=200, cells=4)
    ),
    "a method of one step, told": Case("Attribute", lambda m, t: told(m, method="guided")),
    "rectifiers": Case("Rectifiers", lambda m, t: m.rectifiers()),
    "saliency of a named output's class": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Class(2, "scores", ()))
    ),
    "an element": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], target=t.Element("conv2", (3, 2, 1)))
    ),
    "the largest element": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], method="deconvnet", target=t.Element("relu2"))
    ),
    "a region": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Region("relu1", np.s_[1, 3:, :7], "sum"))
    ),
    "a region under a mask": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="lrp", target=t.Region("conv1", 2, mask=CHECKS))
    ),
    "the largest of a region": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], target=t.Region("conv1", 2, "max"))
    ),
    "a norm": Case("Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], target=t.Direction("flat"))),
    "a direction": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Direction("scores", (1, -1, 0.5, 0, 2)))
    ),
    "parts together": Case(
        "Attribute",
        lambda m, t: m.attribute(PHOTO, target=[t.Element("scores", 3), t.Region("relu2"), t.Class(1), 0]),
    ),
    "a margin of classes": Case(
        "Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], target=t.Combination([None, None]))
    ),
    "a combination of parts": Case(
        "Attribute",
        lambda m, t: m.attribute(
            PHOTO, method="lrp", target=t.Combination([t.Element("scores", 3), "ant"], [2, -0.5])
        ),
    ),
    "a combination of other tensors": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Combination([1, t.Unit("conv1")]))
    ),
    "a combination of no class": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=[0, t.Combination([1, 99])])
    ),
    "occlusion of a margin": Case(
        "Occlude", lambda m, t: m.occlude(FLOATS, target=t.Combination([1, 3]), size=16)
    ),
    "every target on every image": Case(
        "Attribute",
        lambda m, t: m.attribute(
            [PHOTO, FLOATS], method="gradcam", target=[0, t.Unit("conv2", 1), 3], cross=True
        ),
    ),
    "Grad-CAM of a unit, by whole maps": Case(
        "Attribute",
        lambda m, t: m.attribute(
            PHOTO, method="gradcam", target=t.Unit("conv2", 5), weights="mean", relu=False
        ),
    ),
    "occlusion": Case("Occlude", lambda m, t: m.occlude(PHOTO)),
    "occlusion of a region": Case(
        "Occlude", lambda m, t: m.occlude(FLOATS, target=t.Region("conv2", np.s_[:3, 2:4]), size=6)
    ),
    "occlusion in detail": Case(
        "Occlude",
        lambda m, t: m.occlude(
            FLOATS, target=t.Class(1), layer="relu1", size=(5, 4), stride=(2, 3), fill=(0.5, 0, -1), batch=3
        ),
    ),
    "occlusion of a unit": Case(
        "Occlude", lambda m, t: m.occlude(FLOATS, target=t.Unit("conv1", 2), size=6, fill=0)
    ),
    "regions by superpixels": Case("Run", lambda m, t: m.occlude_regions(PHOTO, superpixels=5)),
    "regions by boxes": Case(
        "Run",
        lambda m, t: m.occlude_regions(
            FLOATS, target=t.Class(1), boxes=[[0, 0, 5, 9], [3, 4, 12, 12]], fill="mean", keep=True, batch=1
        ),
    ),
    "regions by labels": Case(
        "Run",
        lambda m, t: m.occlude_regions(
            PHOTO, masks=np.arange(SIDE * SIDE).reshape(SIDE, SIDE) // 60, fill=[0.5]
        ),
    ),
    "regions by one mask": Case(
        "Run", lambda m, t: m.occlude_regions(PHOTO, target=t.Combination([1, 3]), masks=CHECKS, fill="blur")
    ),
    "regions with fills of their own": Case(
        "Run",
        lambda m, t: m.occlude_regions(
            FLOATS, masks=np.stack([CHECKS, ~CHECKS]), fill=np.asarray([[0, 0.5, 1], [1, 0, 0.25]])
        ),
    ),
    "regions of another size": Case("Run", lambda m, t: m.occlude_regions(PHOTO, masks=CHECKS[1:])),
    "boxes beside the image": Case("Run", lambda m, t: m.occlude_regions(PHOTO, boxes=[99, 99, 120, 120])),
    "the last of the steps": Case(
        "Occlude", lambda m, t: list(m.steps(OccludeRequest(images=PHOTO, batch=1)))[-1]
    ),
    "features": Case("Features", lambda m, t: m.features([PHOTO, FLOATS])),
    "mean features": Case("Features", lambda m, t: m.features(PHOTO, layer="conv1", pooling="mean")),
    "max features": Case("Features", lambda m, t: m.features(PHOTO, layer="conv1", pooling="max")),
    "all features": Case("Features", lambda m, t: m.features(PHOTO, layer="conv1", pooling="none")),
    "an unknown layer": Case("Activations", lambda m, t: m.activations(PHOTO, layers=["cnv1"])),
    "an unknown method": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="magic")),
    "an unknown option": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="smoothgrad", sample=3)),
    "an option of no method": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="gradcam", steps=3)),
    "an unknown option, told": Case("Attribute", lambda m, t: told(m, method="lrp", rules="zplus")),
    "a text for a number": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="integrated_gradients", steps="many")
    ),
    "a flag for a number": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="integrated_gradients", steps=True)
    ),
    "a half step": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="integrated_gradients", steps=2.5)
    ),
    "no steps": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="integrated_gradients", steps=0)),
    "no number": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="smoothgrad", noise=None)),
    "NaN": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="smoothgrad", noise=float("nan"))),
    "an unknown rule": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="lrp", rule="gamma")),
    "an unknown color": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="rise", baseline="gray")),
    "a color of two channels": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="rise", baseline=(1, 2))
    ),
    "a baseline of another size": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="rise", baseline=FLOATS[:, 1:])
    ),
    "an array for a number": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="rise", masks=FLOATS[0, :2])
    ),
    "Grad-CAM of an unknown layer": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="gradcam", layer="relu9")
    ),
    "a policy of an unknown layer": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, policies={"rely1": "guided"})
    ),
    "an unknown policy": Case("Attribute", lambda m, t: m.attribute(PHOTO, policies={"relu1": "guide"})),
    "policies for a method without": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, method="gradcam", policies={"relu1": "guided"})
    ),
    "a policy that is no name": Case("Attribute", lambda m, t: m.attribute(PHOTO, policies={"relu1": 3})),
    "a class out of range": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=99)),
    "a channel out of range": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=t.Unit("conv1", 99))),
    "an unknown output": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=t.Class(0, "score"))),
    "a class at no place": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Class(0, position=(1,)))
    ),
    "an unknown tensor": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=t.Element("cnv1"))),
    "an index of another rank": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Element("conv1", (1, 2)))
    ),
    "a region out of range": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Region("conv1", np.s_[0, 10:99]))
    ),
    "an empty region": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Region("conv1", np.s_[0, 9:3]))
    ),
    "a mask that does not fit": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Region("conv2", mask=CHECKS))
    ),
    "a vector of another length": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=t.Direction("scores", (1, 2)))
    ),
    "an input of another size": Case("Predict", lambda m, t: m.predict(FLOATS[:, :3])),
    "a picture in a list that is none": Case("Predict", lambda m, t: m.predict([PHOTO, b"no picture"])),
    "floats of another size in a list": Case("Predict", lambda m, t: m.predict([FLOATS, FLOATS[:, 1:]])),
    "no images": Case("Predict", lambda m, t: m.predict([])),
    "an input that there is none of": Case("Predict", lambda m, t: m.predict(PHOTO, inputs={"size": SCALAR})),
    "an unknown rendering": Case("Predict", lambda m, t: m.predict(PHOTO, rendering="jpeg")),
    "a negative top": Case("Predict", lambda m, t: m.predict(PHOTO, top=-1)),
    "a text for top": Case("Predict", lambda m, t: m.predict(PHOTO, top="many")),
    "no layers": Case("Activations", lambda m, t: m.activations(PHOTO)),
    "an unknown layer among others": Case(
        "Activations", lambda m, t: m.activations(PHOTO, layers=("conv1", "cnv1"))
    ),
    "an unknown pooling": Case("Features", lambda m, t: m.features(PHOTO, pooling="median")),
    "a second target that there is none of": Case(
        "Attribute", lambda m, t: m.attribute(PHOTO, target=[t.Class(0), t.Class(99)])
    ),
    "a unit without a layer": Case("Attribute", lambda m, t: m.attribute(PHOTO, target=t.Unit(""))),
    "a patch of half a pixel": Case("Occlude", lambda m, t: m.occlude(PHOTO, size=1.5)),
    "an endless patch": Case("Occlude", lambda m, t: m.occlude(PHOTO, size=float("inf"))),
    "an occlusion of no class": Case("Occlude", lambda m, t: m.occlude(PHOTO, target=99)),
    "an occlusion of two images": Case("Occlude", lambda m, t: m.occlude([PHOTO, PHOTO])),
    "maps, drawn": Case("Attribute", lambda m, t: m.attribute([PHOTO, FLOATS], rendering="png")),
    "heat, drawn": Case("Attribute", lambda m, t: m.attribute(PHOTO, method="gradcam", rendering="png")),
    "a projection, drawn": Case(
        "Attribute",
        lambda m, t: m.attribute(PHOTO, method="deconvnet", target=t.Unit("relu2", 1), rendering="png"),
    ),
    "feature maps, drawn": Case(
        "Activations", lambda m, t: m.activations(PHOTO, layers=("conv1", "scores"), rendering="png")
    ),
    "an occlusion, drawn": Case("Occlude", lambda m, t: m.occlude(PHOTO, size=5, rendering="png")),
    "classes, drawn": Case("Predict", lambda m, t: m.predict(PHOTO, rendering="png")),
    "vectors, drawn": Case("Features", lambda m, t: m.features(PHOTO, rendering="png")),
    "an empty fill": Case("Occlude", lambda m, t: m.occlude(PHOTO, fill=[])),
    "policies that are none": Case("Attribute", lambda m, t: m.attribute(PHOTO, policies=None)),
    "inputs that are none": Case("Predict", lambda m, t: m.predict(PHOTO, inputs=3)),
    "an input that is no array": Case("Predict", lambda m, t: m.predict(PHOTO, inputs={"size": 3})),
    "policies among the options": Case(
        "Attribute",
        lambda m, t: m.ask(AttributeRequest(images=PHOTO, options={"policies": {"relu1": "guided"}})),
    ),
    "no options at all": Case("Attribute", lambda m, t: m.ask(AttributeRequest(images=PHOTO, **NOTHING))),
    "whole numbers": Case("Predict", lambda m, t: m.predict(np.ones((3, SIDE, SIDE), np.int8))),
    "a list in a list": Case("Predict", lambda m, t: m.predict([PHOTO, [FLOATS, [PHOTO]]])),
    "an empty list in a list": Case("Predict", lambda m, t: m.predict([PHOTO, []])),
    "no picture": Case("Predict", lambda m, t: m.predict(b"no picture")),
    "a patch larger than the image": Case("Occlude", lambda m, t: m.occlude(PHOTO, size=99)),
    "activation maps, the strongest first": Case(
        "Activations",
        lambda m, t: m.activations(
            PHOTO, layers=("conv1",), scale="layer", order="strength", rendering="png"
        ),
    ),
    **CATALOGUE,
}
"""Some give an error: then both give the same."""
