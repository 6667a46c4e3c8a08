"""The inspection methods, one file each: what it computes, nothing about wires or files."""

from inspector.methods.activations import activations
from inspector.methods.deconvnet import deconvnet
from inspector.methods.features import features
from inspector.methods.gradcam import gradcam
from inspector.methods.gradient_x_input import gradient_x_input
from inspector.methods.guided import guided
from inspector.methods.guided_gradcam import guided_gradcam
from inspector.methods.integrated_gradients import integrated_gradients
from inspector.methods.lrp import lrp
from inspector.methods.occlusion import occlusion
from inspector.methods.predict import predict
from inspector.methods.rise import rise
from inspector.methods.saliency import saliency
from inspector.methods.smoothgrad import smoothgrad

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
