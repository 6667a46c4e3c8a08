"""The inspection methods, one file each: what it computes, nothing about wires or files."""

from inspector.methods.activations import activations
from inspector.methods.deconvnet import deconvnet
from inspector.methods.features import features
from inspector.methods.guided import guided
from inspector.methods.occlusion import occlusion
from inspector.methods.predict import predict
from inspector.methods.saliency import saliency

__all__ = ["activations", "deconvnet", "features", "guided", "occlusion", "predict", "saliency"]
