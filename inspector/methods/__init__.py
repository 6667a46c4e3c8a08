"""The inspection methods, one file each: what it computes, nothing about wires or files."""

from inspector.methods.attribution.deconvnet import deconvnet
from inspector.methods.attribution.gradcam import gradcam
from inspector.methods.attribution.gradient_x_input import gradient_x_input
from inspector.methods.attribution.guided import guided
from inspector.methods.attribution.guided_gradcam import guided_gradcam
from inspector.methods.attribution.integrated_gradients import integrated_gradients
from inspector.methods.attribution.lrp import lrp
from inspector.methods.attribution.rise import rise
from inspector.methods.attribution.saliency import saliency
from inspector.methods.attribution.smoothgrad import smoothgrad
from inspector.methods.forward.activations import activations
from inspector.methods.forward.features import features
from inspector.methods.forward.predict import predict
from inspector.methods.occlusion.occlusion import occlusion

__all__ = [
    "activations",
    "deconvnet",
    "features",
    "gradcam",
    "gradient_x_input",
    "guided",
    "guided_gradcam",
    "integrated_gradients",
    "lrp",
    "occlusion",
    "predict",
    "rise",
    "saliency",
    "smoothgrad",
]
